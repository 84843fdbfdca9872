/** The commands of `flamingo data`, as its help shows them. */
import type { Command } from "../command.js";

export const DATA_COMMANDS: readonly Command[] = [];
