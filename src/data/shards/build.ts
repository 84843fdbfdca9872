/**
 * Building a part of a set of shards. Whatever happens to the process, files that have a name are whole, and building again
 * goes on after the last of them: the finished part is the same, byte for byte, as one that nobody interrupted.
 */
import { createHash, type Hash } from "node:crypto";
import { join } from "node:path";
import { makeFolder, openPartial, type PartialFile, sweepPartials, writeAtomically } from "../../atomic.node.js";
import type { DataRecord } from "../record.js";
import { Tally, type TallyJson } from "../tally.js";
import { BuildConflictError, RecordError } from "./errors.js";
import {
  fingerprint,
  type PartManifest,
  readIndex,
  readManifest,
  type ShardIndex,
  type ShardSummary,
} from "./index-file.js";
import { indexPath, manifestName, type Part, partName, tarName, WHOLE } from "./part.js";
import { filesOfRecord } from "./record-files.js";
import { TAR_END, tarFile } from "./tar.js";

/** What is built, and of what. */
export interface Build {
  readonly folder: string;
  readonly part?: Part;
  /**
   * Everything that decides what is written, as JSON: a folder with a part of other settings is refused. How many faults are
   * put up with is no part of it.
   */
  readonly settings: unknown;
  /**
   * The records, the same ones in the same order whenever it is called.
   * @param tally  for all that is left out; where `cursor` is given it holds what was counted before `from`
   * @param from  a cursor after which to go on; never given to a source without cursors, whose first records are passed over
   */
  readonly source: (tally: Tally, from?: unknown) => AsyncIterable<DataRecord>;
  /** The source's place after the record that it gave last, as JSON. */
  readonly cursor?: () => unknown;
  /** Faults that are put up with. */
  readonly limit?: number;
  /** A tar is closed with the record by which it reaches one of these. */
  readonly shardBytes?: number;
  readonly shardRecords?: number;
  /** Told after every record. */
  readonly progress?: (soFar: { readonly records: number; readonly bytes: number; readonly tally: Tally }) => void;
  readonly signal?: AbortSignal;
}

const SHARD_BYTES = 1 << 28;
const SHARD_RECORDS = 10_000;

/**
 * Builds a part, or what is missing of it; of a part that is finished nothing is touched.
 * @throws {OutputError} if the folder cannot be written
 * @throws {BuildConflictError} if the folder holds this part of another build, or another process begins to build it
 * @throws {RecordError} if the source gives what is no record, or two of one id in a tar
 * @throws {TooManyFaultsError} as soon as there are more than `limit`; the tars that are whole stay
 */
export async function buildPart(build: Build): Promise<PartManifest> {
  const { folder, part = WHOLE, settings } = build;
  const made = fingerprint(settings);
  const manifestPath = join(folder, manifestName(part));
  await makeFolder(folder);
  const finished = await readManifest(manifestPath);
  if (finished !== undefined) {
    refuseOther(manifestPath, made, fingerprint(finished.settings));
    return finished;
  }
  const ours = partName(part);
  await sweepPartials(folder, (name) => name.startsWith(`${ours}-`) || name.startsWith(`${ours}.`));
  const there: Written[] = [];
  for (;;) {
    const path = indexPath(join(folder, tarName(part, there.length)));
    const index = await readIndex(path);
    if (index === undefined) break;
    refuseOther(path, made, index.made);
    there.push(written(index));
  }
  const tally = await buildRest(build, made, there);
  await sweepPartials(folder, (name) => name.startsWith(`${ours}-`) || name.startsWith(`${ours}.`));
  const shards = there.map(({ summary }) => summary);
  const manifest: PartManifest = {
    format: "flamingo-part-1",
    part,
    settings,
    records: shards.reduce((sum, { records }) => sum + records, 0),
    media: shards.reduce((sum, { media }) => sum + media, 0),
    shards,
    tally,
  };
  await unlessTaken(manifestPath, writeAtomically(manifestPath, `${JSON.stringify(manifest, null, 1)}\n`));
  return manifest;
}

/** A tar that is whole, without the list of its records. */
interface Written {
  readonly summary: ShardSummary;
  readonly after: ShardIndex["after"];
}

const written = ({ tar, bytes, sha256, records, media, after }: ShardIndex): Written => ({
  summary: { tar, bytes, sha256, records: records.length, media },
  after,
});

/** Writes the tars after those that are there, and adds them. */
async function buildRest(build: Build, made: string, there: Written[]): Promise<TallyJson> {
  const { folder, part = WHOLE, source, cursor, limit, shardBytes = SHARD_BYTES, shardRecords = SHARD_RECORDS } = build;
  const before = there.at(-1)?.after;
  // What the source dropped after its last record is counted in that tar already.
  if (before?.ended) return before.tally;
  const tally = new Tally(limit === undefined ? {} : { limit });
  if (cursor !== undefined && before !== undefined) tally.merge(before.tally);
  let skip = cursor === undefined ? (before?.records ?? 0) : 0;
  let total = before?.records ?? 0;
  let writer: ShardWriter | undefined;
  const close = async (ended: boolean) => {
    const after = {
      records: total,
      ...(cursor === undefined ? {} : { cursor: cursor() }),
      tally: tally.toJSON(),
      ...(ended ? { ended } : {}),
    };
    there.push(written(await writer!.close({ made, after })));
    writer = undefined;
  };
  try {
    for await (const record of source(tally, before?.cursor)) {
      build.signal?.throwIfAborted();
      if (skip > 0) {
        skip--;
        continue;
      }
      writer ??= await ShardWriter.open(folder, tarName(part, there.length));
      await writer.add(record);
      total++;
      build.progress?.({ records: total, bytes: writer.bytes, tally });
      if (writer.bytes >= shardBytes || writer.records >= shardRecords) await close(false);
    }
    if (writer !== undefined) await close(true);
  } catch (error) {
    await writer?.drop();
    throw error;
  }
  return tally.toJSON();
}

function refuseOther(path: string, made: string, found: string): void {
  if (made !== found)
    throw new BuildConflictError(
      `${path} is of a build with other settings (${found}, not ${made}).`,
      "build into another folder, or remove the old build",
    );
}

/**
 * Of two processes of one part the one that was started later goes on: it sweeps away what the other has half written.
 * @throws {BuildConflictError} in the one started earlier, where it finds its file gone
 */
async function unlessTaken(path: string, kept: Promise<void>): Promise<void> {
  try {
    await kept;
  } catch (cause) {
    if (((cause as Error).cause as NodeJS.ErrnoException | undefined)?.code !== "ENOENT") throw cause;
    throw new BuildConflictError(
      `${path} was taken away while it was written: another process began to build this part.`,
      "leave the part to that process, or start this one again when it has ended",
      { cause },
    );
  }
}

/** Bytes that are gathered before they are written. */
const GATHERED = 1 << 20;

/** One tar while it is written. */
class ShardWriter {
  bytes = 0;
  media = 0;
  readonly #path: string;
  readonly #name: string;
  readonly #partial: PartialFile;
  readonly #hash: Hash = createHash("sha256");
  readonly #index: (readonly [string, number])[] = [];
  readonly #ids = new Set<string>();
  #gathered: Uint8Array[] = [];
  #waiting = 0;

  private constructor(path: string, name: string, partial: PartialFile) {
    this.#path = path;
    this.#name = name;
    this.#partial = partial;
  }

  static async open(folder: string, name: string): Promise<ShardWriter> {
    const path = join(folder, name);
    return new ShardWriter(path, name, await openPartial(path));
  }

  get records(): number {
    return this.#index.length;
  }

  async add(record: DataRecord): Promise<void> {
    if (this.#ids.has(record.id))
      throw new RecordError(
        `Two records of one tar have the id ${record.id}.`,
        "mend the source so that ids differ; pairs in tars of others are numbered by: flamingo data pairs",
      );
    this.#ids.add(record.id);
    this.#index.push([record.id, this.bytes]);
    this.media += record.media.length;
    for (const [name, bytes] of filesOfRecord(record)) await this.#write(tarFile(name, bytes));
  }

  async close(more: Pick<ShardIndex, "made" | "after">): Promise<ShardIndex> {
    await this.#write([TAR_END]);
    await this.#flush();
    await unlessTaken(this.#path, this.#partial.keep());
    const index: ShardIndex = {
      format: "flamingo-shard-1",
      tar: this.#name,
      bytes: this.bytes,
      sha256: this.#hash.digest("hex"),
      media: this.media,
      records: this.#index,
      ...more,
    };
    await unlessTaken(this.#path, writeAtomically(indexPath(this.#path), `${JSON.stringify(index)}\n`));
    return index;
  }

  drop(): Promise<void> {
    return this.#partial.drop();
  }

  async #write(pieces: readonly Uint8Array[]): Promise<void> {
    for (const piece of pieces) {
      if (piece.length === 0) continue;
      this.#gathered.push(piece);
      this.#waiting += piece.length;
      this.bytes += piece.length;
    }
    if (this.#waiting >= GATHERED) await this.#flush();
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#gathered);
    this.#gathered = [];
    this.#waiting = 0;
    this.#hash.update(bytes);
    await this.#partial.write(bytes);
  }
}
