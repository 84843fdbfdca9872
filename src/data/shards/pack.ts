/** Packing: records that exist, in tars or in lines of JSON, into a part of a new set. */
import { dirname, resolve } from "node:path";
import { UsageError } from "../../errors.js";
import type { DataRecord } from "../record.js";
import type { Tally } from "../tally.js";
import { type Build, buildPart } from "./build.js";
import { findShards } from "./find.js";
import type { PartManifest } from "./index-file.js";
import { recordsOfFile } from "./lines.js";
import { inputsOf, WHOLE } from "./part.js";
import { type ReaderState, ShardReader } from "./reader.js";
import type { ForeignOptions } from "./record-files.js";

const LINES = /\.(jsonl|ndjson)(\.gz)?$/;

/** What is packed, and where to. */
export interface Packing extends Omit<Build, "settings" | "source" | "cursor">, ForeignOptions {
  /** Folders of tars, tars, and files of lines; a part takes every N-th file. */
  readonly inputs: readonly string[];
}

/**
 * Builds a part out of what stands in files.
 * @throws {ShardError} if there is nothing at one of the inputs
 * @throws {UsageError} if the shards would stand among the inputs
 * @throws as `buildPart`
 */
export async function packPart(packing: Packing): Promise<PartManifest> {
  const { inputs, folder, text, part = WHOLE, shardBytes, shardRecords } = packing;
  const files = await findShards(inputs);
  const among = files.find((file) => !LINES.test(file) && resolve(dirname(file)) === resolve(folder));
  if (among !== undefined)
    throw new UsageError(
      `The shards would stand beside ${among}, which they are made of: started again, they would be made of themselves.`,
      "give another folder",
    );
  const source = new Files(inputsOf(files, part), text);
  return buildPart({
    ...packing,
    settings: { command: "pack", inputs, text, shardBytes, shardRecords },
    source: (tally, from) => source.records(tally, from as PackCursor | undefined),
    cursor: () => source.cursor,
  });
}

/** A place in one of the files: after a line, or in a tar where its reader was. */
interface PackCursor {
  readonly file: number;
  readonly after: number | ReaderState;
}

/** Files as one stream of records; `cursor` is the place after the one given last. */
class Files {
  #place: (() => PackCursor) | undefined;
  readonly #files: readonly string[];
  readonly #text: readonly string[] | undefined;

  constructor(files: readonly string[], text: readonly string[] | undefined) {
    this.#files = files;
    this.#text = text;
  }

  get cursor(): PackCursor | undefined {
    return this.#place?.();
  }

  async *records(tally: Tally, from?: PackCursor): AsyncGenerator<DataRecord> {
    for (let file = from?.file ?? 0; file < this.#files.length; file++) {
      const after = file === from?.file ? from.after : undefined;
      const path = this.#files[file]!;
      if (LINES.test(path))
        for await (const { record, number } of recordsOfFile(path, tally, (after as number | undefined) ?? -1)) {
          this.#place = () => ({ file, after: number });
          yield record;
        }
      else {
        const state = after as ReaderState | undefined;
        const reader = new ShardReader([path], {
          shuffle: 0,
          tally,
          ...(this.#text && { text: this.#text }),
          ...(state && { state }),
        });
        for await (const record of reader) {
          // What was counted until here is the build's to keep.
          this.#place = () => ({ file, after: { ...reader.state(), tally: {} } });
          yield record;
        }
      }
    }
  }
}
