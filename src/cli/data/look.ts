/** `flamingo data look`: records as people see them. */
import { writeAtomically } from "../../atomic.node.js";
import type { DataRecord } from "../../data/record.js";
import { segmentsOf } from "../../data/segments.js";
import { mediumInWords, pageOfRecords } from "../../data/shards/page.js";
import { readShards, type ShardReader } from "../../data/shards/reader.js";
import { outlineOf } from "../../data/shards/record-line.js";
import { UsageError } from "../../errors.js";
import { decodePicture } from "../../media/decode.node.js";
import type { Io } from "../io.js";
import { drawnInTerminal } from "../pictures.js";
import { tallyInWords } from "./tally-words.js";

export interface LookFlags {
  readonly count?: number;
  readonly skip?: number;
  readonly id?: string;
  readonly shuffle?: boolean;
  readonly seed?: string;
  readonly text?: readonly string[];
  readonly html?: string;
  readonly json?: boolean;
}

/**
 * Shows some records; what could not be read before them is told too.
 * @throws {UsageError} if no record has the id asked for
 * @throws as `readShards`
 */
export async function look(paths: readonly string[], flags: LookFlags, io: Io): Promise<undefined> {
  const { count = flags.id === undefined ? 5 : 1, skip = 0, seed = 0 } = flags;
  const reader = await readShards(paths, {
    seed,
    shuffle: flags.shuffle ? 1000 : 0,
    ...(flags.text && { text: flags.text }),
  });
  const records = chosen(reader, { count, skip, id: flags.id });
  if (flags.html !== undefined) {
    await writeAtomically(flags.html, await pageOfRecords(paths.join(", "), records));
    io.err(`wrote ${flags.html}\n`);
  } else
    for await (const record of records) {
      io.out(flags.json ? `${JSON.stringify(outlineOf(record))}\n` : await inWords(record, io.terminal.out));
      await io.taken();
    }
  if (Object.keys(reader.tally.read?.faults ?? {}).length > 0) io.err(tallyInWords(reader.tally));
}

/** Some of the records. @throws {UsageError} if none has the id asked for */
async function* chosen(
  reader: ShardReader,
  { count, skip, id }: { count: number; skip: number; id: string | undefined },
): AsyncGenerator<DataRecord> {
  let [passed, given] = [0, 0];
  for await (const record of reader) {
    if (id !== undefined && record.id !== id) continue;
    if (passed++ < skip) continue;
    yield record;
    if (++given === count) return;
  }
  if (id !== undefined && given === 0)
    throw new UsageError(`No record has the id ${id}.`, "see the ids with: flamingo data look --json --count 1000");
}

async function inWords(record: DataRecord, drawing: boolean): Promise<string> {
  const marked = await Promise.all(
    segmentsOf(record).map(async (segment) =>
      "text" in segment
        ? visible(segment.text)
        : `[${await mediumInWords(segment.medium, record.media.indexOf(segment.medium))}]`,
    ),
  );
  const drawn = drawing ? await drawings(record) : "";
  return `${record.id}\n${marked.join("\n")}\n${drawn}  ${visible(JSON.stringify(record.about))}\n\n`;
}

async function drawings({ media }: DataRecord): Promise<string> {
  const files = media.flatMap(({ kind, files }, i) => files.map(({ bytes }) => ({ bytes, caption: `${kind} ${i}` })));
  const decoded = files
    .slice(0, 8)
    .map(async ({ bytes, caption }) => ({ picture: await decodePicture(bytes), caption }));
  const settled = await Promise.allSettled(decoded);
  return drawnInTerminal(settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : [])));
}

/** Without the signs that command a terminal. */
function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out.
  return text.replaceAll(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, "\ufffd");
}
