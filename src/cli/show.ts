/** `flamingo demo`: the demo on a model that it opens and closes. */
import { openFlamingo } from "../generation/flamingo.node.js";
import { runDemo } from "./demo.js";
import type { Io } from "./io.js";

export interface ShowFlags {
  readonly model?: string;
  readonly save?: string;
  readonly threads?: number;
  readonly json?: boolean;
}

/** Shows what the model can do. */
export async function show(_: readonly string[], { model, save, threads, json = false }: ShowFlags, io: Io) {
  await using flamingo = await openFlamingo(model, threads === undefined ? {} : { threads });
  await runDemo(flamingo, { json, save, out: { write: io.out, isTTY: io.terminal.out } });
  return undefined;
}
