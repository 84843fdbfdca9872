/** `flamingo data map`: lines in, lines out, so that other systems can spread the work: Spark's `pipe`, `parallel`, `xargs`. */
import { findShards } from "../../data/shards/find.js";
import { recordsOfLines } from "../../data/shards/lines.js";
import { ShardReader } from "../../data/shards/reader.js";
import { lineOfRecord, outlineOf } from "../../data/shards/record-line.js";
import { Tally } from "../../data/tally.js";
import { UsageError } from "../../errors.js";
import type { Io } from "../io.js";
import { tallyInWords } from "./tally-words.js";

export interface MapFlags {
  readonly maxFaults?: number;
  readonly text?: readonly string[];
}

type LineMap = (lines: AsyncIterable<string>, tally: Tally, flags: MapFlags) => AsyncIterable<string>;

/** What lines can be made into. Each looks at one line at a time, so that any split of them gives the same. */
export const MAPS: Readonly<Record<string, LineMap>> = {
  /** Paths of tars, or of folders of them, to their records. */
  async *read(lines, tally, { text }) {
    for await (const line of lines) {
      if (line.trim() === "") continue;
      const reader = new ShardReader(await findShards(line.trim()), { shuffle: 0, tally, ...(text && { text }) });
      for await (const record of reader) yield lineOfRecord(record);
    }
  },
  /** Records to those of them that are sound. */
  async *check(lines, tally) {
    for await (const record of recordsOfLines(lines, "input", tally)) yield lineOfRecord(record);
  },
  /** Records to what `data look --json` says of them: no picture's bytes. */
  async *outline(lines, tally) {
    for await (const record of recordsOfLines(lines, "input", tally)) yield JSON.stringify(outlineOf(record));
  },
};

/**
 * Maps the standard input to the standard output. What was skipped is told on the error output.
 * @throws {UsageError} if there is no such map
 * @throws {TooManyFaultsError} if more lines are broken than were allowed
 */
export async function map([what]: readonly string[], flags: MapFlags, io: Io): Promise<undefined> {
  const mapped = Object.hasOwn(MAPS, what!) ? MAPS[what!] : undefined;
  if (mapped === undefined)
    throw new UsageError(`There is no map ${what}.`, `name one of ${Object.keys(MAPS).join(", ")}`);
  const tally = new Tally(flags.maxFaults === undefined ? {} : { limit: flags.maxFaults });
  for await (const line of mapped(io.lines(), tally, flags)) {
    io.out(`${line}\n`);
    await io.taken();
  }
  if (tally.faults > 0) io.err(tallyInWords(tally.toJSON()));
}
