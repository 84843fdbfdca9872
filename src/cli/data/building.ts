/** What the commands that build shards of a source have in common: their flags, progress, the report at the end. */
import type { DataRecord } from "../../data/record.js";
import { buildPart } from "../../data/shards/build.js";
import type { PartManifest } from "../../data/shards/index-file.js";
import { type Part, WHOLE } from "../../data/shards/part.js";
import type { NotBrought } from "../../data/sources/bytes.js";
import type { Columns } from "../../data/sources/captioned.js";
import type { Tally } from "../../data/tally.js";
import { Fetcher } from "../../data/web/fetch.js";
import { UsageError } from "../../errors.js";
import type { Io } from "../io.js";
import { progressOn } from "../progress.js";
import { amount, grouped } from "../table.js";
import { tallyInWords } from "./tally-words.js";

/** Flags of every command that builds shards. */
export interface BuildFlags {
  readonly out?: string;
  readonly shard?: Part;
  readonly maxFaults?: number;
  readonly shardRecords?: number;
  readonly shardBytes?: number;
  readonly json?: boolean;
}

/** A source that knows its place. */
export interface Source<Cursor> extends AsyncIterable<DataRecord> {
  readonly cursor: Cursor;
}

/** What is built: its settings decide it. */
export interface Building<Cursor> {
  /** All that decides which records there are. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly open: (tally: Tally, part: Part, from: Cursor | undefined) => Promise<Source<Cursor>>;
  /** The folder of the shards; `--out` unless told. */
  readonly folder?: string;
}

/** The folder that `--out` names. @throws {UsageError} if it names none */
export function folderOf({ out }: Pick<BuildFlags, "out">): string {
  if (out !== undefined) return out;
  throw new UsageError("There is no place for the shards.", "name a folder for them: --out shards");
}

/** Builds a part, or what is missing of it; tells progress. @throws as `buildPart` and the source */
export async function buildShards<Cursor>(
  { settings, open, folder }: Building<Cursor>,
  flags: BuildFlags,
  io: Io,
): Promise<PartManifest> {
  const { shard = WHOLE, maxFaults, shardRecords, shardBytes } = flags;
  const progress = progressOn(io);
  let current: Source<Cursor> | undefined;
  try {
    return await buildPart({
      folder: folder ?? folderOf(flags),
      part: shard,
      settings: { ...settings, shardRecords, shardBytes },
      source: async function* (tally, from) {
        current = await open(tally, shard, from as Cursor | undefined);
        yield* current;
      },
      cursor: () => current!.cursor,
      ...(maxFaults !== undefined && { limit: maxFaults }),
      ...(shardRecords !== undefined && { shardRecords }),
      ...(shardBytes !== undefined && { shardBytes }),
      progress: ({ records, tally }) => {
        if (records % 100 !== 0) return;
        const broken = tally.faults === 0 ? "" : `, ${grouped(tally.faults)} broken`;
        progress.tell(`${grouped(records)} records${broken}`, records % 10_000 === 0);
      },
    });
  } finally {
    progress.end();
  }
}

/** Tells what was built. */
export function tellBuilt(manifest: PartManifest, { json }: Pick<BuildFlags, "json">, io: Io): void {
  if (json) io.out(`${JSON.stringify(manifest)}\n`);
  else
    io.out(
      `${tallyInWords(manifest.tally)}${amount(manifest.records, "record")} in ${amount(manifest.shards.length, "tar")}\n`,
    );
}

/** Flags of commands that may ask the web. */
export interface FetchFlags {
  readonly fetch?: boolean;
  readonly perHostMs?: number;
  readonly allowHost?: readonly string[];
}

/** What asks the web for pictures, if it may. Close it when all is built. */
export class Errands implements AsyncDisposable {
  readonly #fetcher: Fetcher | undefined;

  constructor({ fetch = false, perHostMs, allowHost }: FetchFlags) {
    if (fetch)
      this.#fetcher = new Fetcher({
        ...(perHostMs !== undefined && { perHostMs }),
        ...(allowHost !== undefined && { allowHosts: allowHost }),
      });
  }

  /** As an option of a source: nothing if the web may not be asked. */
  get option(): { readonly fetch?: (address: string) => Promise<Uint8Array | NotBrought> } {
    const fetcher = this.#fetcher;
    if (fetcher === undefined) return {};
    return {
      fetch: async (address) => {
        const answer = await fetcher.fetch(address);
        return "fault" in answer ? answer : new Uint8Array(answer.body);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#fetcher?.[Symbol.asyncDispose]();
  }
}

/** The columns that `--column` names. @throws {UsageError} for anything but text and medium */
export function columnsOf(named: Readonly<Record<string, string>> = {}): Partial<Columns> {
  const wrong = Object.keys(named).find((key) => key !== "text" && key !== "medium");
  if (wrong !== undefined)
    throw new UsageError(`--column ${wrong}=${named[wrong]} names no column.`, "write text=NAME or medium=NAME");
  return Object.fromEntries(Object.entries(named).map(([key, name]) => [key, [name]]));
}
