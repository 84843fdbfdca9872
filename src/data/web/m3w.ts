/**
 * Web pages into interleaved documents, in the steps of M3W: every page and picture that does not come through is counted by
 * its reason. Candidates are made chunk by chunk; when those of all chunks are there, copies are taken out of them and
 * the set is written. Each half goes on where it was killed, to the same bytes.
 *
 * @source arXiv:2204.14198, section 2.4 and A.3.1; what is added: copies, evaluation sets and safety are asked for by those
 *   who build from the open web
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { makeFolder, sweepPartials } from "../../atomic.node.js";
import { InvariantError, UsageError } from "../../errors.js";
import type { DataRecord, RecordMedium } from "../record.js";
import { buildPart } from "../shards/build.js";
import { type PartManifest, readManifest } from "../shards/index-file.js";
import { manifestName, type Part, WHOLE } from "../shards/part.js";
import { Tally } from "../tally.js";
import {
  type Candidate,
  type CandidateAbout,
  makeCandidates,
  missingSeen,
  numberOf,
  readCandidates,
} from "./candidates.js";
import { compare, type Verdict } from "./comparison.js";
import type { Embedder } from "./embedder.js";
import { evaluationName, listEvaluation, lookAtEvaluation } from "./evaluation-set.js";
import type { Fetcher } from "./fetch.js";
import { type Chunk, chunksOf } from "./inputs.js";
import { M3W_RULES, type M3wRules } from "./m3w-rules.js";
import { MOST_BITS } from "./near-duplicates.js";
import { NOWHERE } from "./page-source.js";
import { listPictures, PictureIndex } from "./picture-index.js";
import type { Safety } from "./safety.js";

/** What is built, of what, and by which rules. */
export interface M3wOptions {
  /** As `chunksOf` takes them. */
  readonly inputs: readonly string[];
  readonly out: string;
  readonly part?: Part;
  readonly rules?: M3wRules;
  /** What sees that pictures are copies, beside their hashes. */
  readonly embedder?: Embedder;
  /** Folders of pictures, or of shards, that must not be in the set. */
  readonly evaluation?: readonly string[];
  readonly safety?: Safety;
  /** What `safety` is, for others to know whether a part was judged by the same. */
  readonly safetyName?: string;
  /** Asks the web for what is not at hand. */
  readonly fetcher?: Fetcher;
  /** Where folders of `.html` files stood on the web. */
  readonly base?: string;
  /** Faults that are put up with: what is broken, not what rules drop. */
  readonly limit?: number;
  readonly shardBytes?: number;
  readonly shardRecords?: number;
  readonly progress?: (stage: M3wProgress) => void;
  readonly signal?: AbortSignal;
}

/** How far a build has come. */
export interface M3wProgress {
  readonly half: "candidates" | "set";
  /** Of chunks of this part. */
  readonly chunk: number;
  readonly chunks: number;
  /** Pages of this chunk, or records of the set. */
  readonly count: number;
}

/** How far a part has come. */
export interface M3wResult {
  /** What was built; undefined while candidates of other parts are missing. */
  readonly manifest: PartManifest | undefined;
  /** Chunks whose candidates other processes have yet to make. */
  readonly waitingFor: number;
}

const PAGES_ONCE = "pages: once";
const PICTURES_ONCE = "pictures: once, in no evaluation set";
const SAFE = "pages: safe";
const LEFT = "pages: pictures left";

/**
 * Builds a part, or what is missing of it. Every part has to be begun twice if several are built at once and this one is
 * not the last: the second time the candidates of the others are there.
 *
 * @throws {UsageError} if the inputs are not there, `base` is no folder, or a rule is not possible
 * @throws {BuildConflictError} if the folder holds another build
 * @throws {TooManyFaultsError} if more is broken than `limit`
 * @throws {SafetyError} and what else `safety` throws
 */
export async function buildM3w(options: M3wOptions): Promise<M3wResult> {
  const { out, part = WHOLE, rules = M3W_RULES, embedder } = options;
  const base = folderAddress(options.base ?? NOWHERE);
  if (rules.duplicates.bits > MOST_BITS)
    throw new UsageError(
      `The rule duplicates.bits is ${rules.duplicates.bits}, and copies are found up to ${MOST_BITS}.`,
      `give ${MOST_BITS} at most`,
    );
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  const chunks = await chunksOf(options.inputs);
  const evaluation = await listEvaluation(options.evaluation ?? []);
  const candidateSettings = {
    rules: { ...rules, duplicates: null },
    embedder: embedder?.name ?? null,
    fetching: options.fetcher !== undefined,
    base,
    // Pages of one archive may show pictures of another.
    archives: hashOf(chunks.flatMap((chunk) => (chunk.kind === "archive" ? [[chunk.path, chunk.bytes]] : []))),
  };
  const settings = {
    command: "m3w",
    ...candidateSettings,
    inputs: chunks.map(chunkInShort),
    duplicates: rules.duplicates,
    evaluation: evaluationName(evaluation),
    safety: options.safetyName ?? null,
  };
  const build = { folder: out, part, settings, limit };
  // The work folder is not needed any more, and may be gone.
  if ((await readManifest(join(out, manifestName(part)))) !== undefined)
    return { manifest: await buildPart({ ...build, source: nothing }), waitingFor: 0 };

  const work = join(out, "work");
  await makeFolder(work);
  // What a killed process left; others may be writing what is not this part's alone.
  if (part.of === 1) await sweepPartials(work, () => true);
  const own = chunks.flatMap((_, n) => (n % part.of === part.index ? [n] : []));
  const candidates = await (async () => {
    const pictures = new PictureIndex();
    // Its own archives first: several parts that begin together list the pictures of one archive each, and not all of them.
    const inTurn = [...own, ...chunks.keys()].map((n) => chunks[n]!);
    for (const archive of inTurn) if (archive.kind === "archive") await listPictures(archive, work);
    for (const chunk of chunks) if (chunk.kind === "archive") await pictures.add(chunk, work);
    const around = { pictures, fetcher: options.fetcher, base, maxBytes: rules.pictures.maxBytes };
    const made = new Map<number, PartManifest>();
    for (const [n, number] of own.entries()) {
      const progress = (count: number) =>
        options.progress?.({ half: "candidates", chunk: n, chunks: own.length, count });
      const making = { around, rules, embedder, work, settings: candidateSettings, limit, progress };
      made.set(
        number,
        await makeCandidates(chunks, number, options.signal ? { ...making, signal: options.signal } : making),
      );
    }
    return made;
  })();

  const missing = await missingSeen(chunks.length, work);
  if (missing > 0) return { manifest: undefined, waitingFor: missing };
  const evaluationTally = new Tally({ limit });
  const evaluated = await lookAtEvaluation(evaluation, embedder, work, evaluationTally);
  const verdicts = await compare(chunks.length, new Set(own), work, rules.duplicates, evaluated);
  let cursor: Cursor | undefined;
  const manifest = await buildPart({
    ...build,
    cursor: () => cursor,
    ...(options.shardBytes === undefined ? {} : { shardBytes: options.shardBytes }),
    ...(options.shardRecords === undefined ? {} : { shardRecords: options.shardRecords }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    async *source(tally, from) {
      const after = (from as Cursor | undefined) ?? { chunk: -1, record: -1 };
      if (after.chunk < 0 && part.index === 0) tally.merge(evaluationTally.toJSON());
      for (const [n, number] of own.entries()) {
        if (n < after.chunk) continue;
        const made = candidates.get(number)!;
        if (n > after.chunk) tally.merge(made.tally);
        let record = -1;
        for await (const candidate of readCandidates(made, work)) {
          record++;
          if (n === after.chunk && record <= after.record) continue;
          options.signal?.throwIfAborted();
          const verdict = verdicts.get(number)?.[record];
          if (verdict === undefined) throw new InvariantError(`no verdict on record ${record} of chunk ${number}`);
          const kept = await finished(candidate, verdict, chunks[number]!, options.safety, tally);
          if (kept === undefined) continue;
          cursor = { chunk: n, record };
          yield kept;
          options.progress?.({ half: "set", chunk: n, chunks: own.length, count: record + 1 });
        }
      }
    },
  });
  return { manifest, waitingFor: 0 };
}

/** The address of a folder in the one spelling of addresses. @throws {UsageError} if it is none */
function folderAddress(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:\/\/[^?#]*\/$/.test(url.href))
    throw new UsageError(`${address} is no address of a folder.`, "give one such as https://example.org/articles/");
  return url.href;
}

/** Of this part's chunks the number, and of its candidates. */
interface Cursor {
  readonly chunk: number;
  readonly record: number;
}

async function* nothing(): AsyncGenerator<DataRecord> {}

/** A chunk in the settings of the set, which name no thousand files. */
function chunkInShort(chunk: Chunk): unknown {
  if (chunk.kind === "archive") return [chunk.path, chunk.bytes];
  const names = chunk.kind === "pages" ? chunk.files : chunk.addresses;
  const place = chunk.kind === "pages" ? chunk.folder : `${chunk.path}:${chunk.first}`;
  return [place, names.length, hashOf(names)];
}

/** What stands for a list in settings, which every chunk has. */
function hashOf(json: unknown): string {
  return createHash("sha256").update(JSON.stringify(json)).digest("hex").slice(0, 16);
}

async function finished(
  { id, text, media, about }: Candidate,
  { page, pictures }: Verdict,
  chunk: Chunk,
  safety: Safety | undefined,
  tally: Tally,
): Promise<DataRecord | undefined> {
  const { looks: _, text: __, ...kept } = about;
  const file = chunk.kind === "archive" || chunk.kind === "addresses" ? chunk.path : chunk.folder;
  const place = { file, record: numberOf(id) };
  if (page !== undefined) return void tally.drop(PAGES_ONCE, page.reason, { ...place, found: page.found });
  tally.pass(PAGES_ONCE);
  let left = media
    .map((medium, n) => ({ medium, image: kept.images[n]! }))
    .filter((_, n) => {
      const refused = pictures[n];
      if (refused === undefined) tally.pass(PICTURES_ONCE);
      else tally.drop(PICTURES_ONCE, refused.reason, { ...place, found: refused.found });
      return refused === undefined;
    });
  const record = (of: readonly { medium: RecordMedium; image: CandidateAbout["images"][number] }[]): DataRecord => ({
    id: `web-${createHash("sha256").update(kept.url).digest("hex").slice(0, 20)}`,
    text,
    media: of.map(({ medium }) => medium),
    about: { ...kept, images: of.map(({ image }) => image) },
  });
  if (safety !== undefined) {
    // What is dropped anyway needs no judgement.
    const { keep, reason = "not safe", without = [] } = left.length === 0 ? { keep: true } : await safety(record(left));
    if (!keep) return void tally.drop(SAFE, reason, { ...place, found: kept.url });
    tally.pass(SAFE);
    if (without.length > 0) left = left.filter((_, n) => !without.includes(n));
  }
  if (left.length === 0) return void tally.drop(LEFT, "no picture", { ...place, found: kept.url });
  tally.pass(LEFT);
  return record(left);
}
