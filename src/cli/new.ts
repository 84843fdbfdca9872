/** `flamingo new`: a Flamingo around a finished language model and a finished vision tower. */
import { inUnits } from "../checkpoints/hub/disk.node.js";
import { type NewFlamingo, newFlamingo } from "../conversion/new.node.js";
import { UsageError } from "../errors.js";
import { INTERRUPTED, unlessInterrupted } from "./interruption.js";
import type { Io } from "./io.js";

export interface NewFlags {
  readonly language?: string;
  readonly vision?: string;
  readonly every?: number;
  readonly latents?: number;
  readonly seed?: string;
  readonly name?: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** The paper's 9B has a gated block before every so many. */
const EVERY = 4;

/** Makes a model; an interruption leaves nothing of it. @throws as `newFlamingo`; {UsageError} without towers or a place */
export async function newCommand(_: readonly string[], flags: NewFlags, io: Io): Promise<number> {
  const { language, vision, out, every = EVERY } = flags;
  if (language === undefined || vision === undefined || out === undefined)
    throw new UsageError(
      `There is no ${language === undefined ? "language model" : vision === undefined ? "vision tower" : "place for the model"}.`,
      "name all three: flamingo new --language models/words --vision models/eyes --out models/name",
    );
  const made = await unlessInterrupted(io, out, (options) =>
    newFlamingo(out, { ...flags, ...options, language, vision, every }),
  );
  if (made === undefined) return INTERRUPTED;
  io.out(flags.json ? `${JSON.stringify(made)}\n` : inWords(made, out));
  return 0;
}

function inWords({ name, config, added, report, files, bytes }: NewFlamingo, out: string): string {
  const { before } = config.gated;
  return [
    `${name} in ${out}, ${files.length === 1 ? files[0] : `${files.length - 1} files`} of ${inUnits(bytes)}`,
    `${report.used.length} tensors of the two towers are copied, ${report.drawn.length} are drawn`,
    `gated blocks before language blocks ${before.join(", ")}, all gates closed`,
    added.length === 0 ? "no token is new" : `tokens with new rows: ${added.join(", ")}`,
    "",
  ].join("\n");
}
