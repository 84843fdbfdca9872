/** Packing: records that exist, in tars or in lines of JSON, into a part of a new set. */
import type { DataRecord } from "../record.js";
import type { Tally } from "../tally.js";
import { type Build, buildPart } from "./build.js";
import { findShards } from "./find.js";
import type { PartManifest } from "./index-file.js";
import { linesOfFile, recordsOfLines } from "./lines.js";
import { inputsOf, WHOLE } from "./part.js";
import { ShardReader } from "./reader.js";
import type { SampleOptions } from "./record-files.js";

const LINES = /\.(jsonl|ndjson)$/;

/** What is packed, and where to. */
export interface Packing extends Omit<Build, "settings" | "source" | "cursor">, SampleOptions {
  /** Folders of tars, tars, and files of lines; a part takes every N-th file. */
  readonly inputs: readonly string[];
}

/**
 * Builds a part out of what stands in files.
 * @throws {ShardError} if there is nothing at one of the inputs
 * @throws as `buildPart`
 */
export async function packPart(packing: Packing): Promise<PartManifest> {
  const { inputs, text, part = WHOLE, shardBytes, shardRecords } = packing;
  const files = await findShards(inputs);
  const mine = inputsOf(files, part);
  return buildPart({
    ...packing,
    settings: { command: "pack", inputs, text, shardBytes, shardRecords },
    source: (tally) => recordsOfFiles(mine, text, tally),
  });
}

async function* recordsOfFiles(
  files: readonly string[],
  text: readonly string[] | undefined,
  tally: Tally,
): AsyncGenerator<DataRecord> {
  for (const file of files)
    if (LINES.test(file)) yield* recordsOfLines(linesOfFile(file), file, tally);
    else yield* new ShardReader([file], { shuffle: 0, tally, ...(text && { text }) });
}
