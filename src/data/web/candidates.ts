/**
 * The first half of the pipeline, chunk by chunk: pages with the pictures that rules let pass, and how each of these looks.
 * What depends on other chunks comes after.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "../../atomic.node.js";
import { InvariantError } from "../../errors.js";
import type { DataRecord, RecordMedium } from "../record.js";
import { textAndMedia } from "../segments.js";
import { buildPart } from "../shards/build.js";
import type { PartManifest } from "../shards/index-file.js";
import { tarName } from "../shards/part.js";
import { recordOfSample } from "../shards/record-files.js";
import { Grouping } from "../shards/sample.js";
import { readTarFile } from "../shards/tar-file.js";
import type { Tally } from "../tally.js";
import type { Embedder } from "./embedder.js";
import { extract } from "./extract.js";
import type { Chunk } from "./inputs.js";
import type { M3wRules } from "./m3w-rules.js";
import { type Look, quantised } from "./near-duplicates.js";
import type { PageSegment } from "./page.js";
import { type FoundPage, pagesOf, pictureAt, type Surroundings } from "./page-source.js";
import { perceptualHash } from "./phash.js";
import { judgePicture, type KeptPicture } from "./picture-rules.js";
import { TEXT_STAGES } from "./text-stages.js";

/** What candidates are made with. */
export interface Making {
  readonly around: Surroundings;
  readonly rules: M3wRules;
  readonly embedder: Embedder | undefined;
  /** Folder for what is needed until all is built. */
  readonly work: string;
  /** Everything that decides what candidates are, but for the chunk. */
  readonly settings: object;
  readonly limit: number;
  readonly progress?: (pages: number) => void;
  readonly signal?: AbortSignal;
}

/** What a candidate's `about` says, of which the last two do not reach the set. */
export interface CandidateAbout extends Readonly<Record<string, unknown>> {
  readonly url: string;
  readonly title: string;
  readonly language?: string;
  readonly fetched?: string;
  readonly images: readonly { readonly url: string; readonly alt: string }[];
  /** Of the page's text. */
  readonly text: string;
  readonly looks: readonly { readonly hash: string; readonly embedding?: string }[];
}

/** A page that may become a record of the set. */
export interface Candidate extends DataRecord {
  readonly about: CandidateAbout;
}

/** A candidate without its text and pictures: what is compared with those of other chunks. */
export interface Seen {
  readonly number: number;
  readonly url: string;
  readonly text: string;
  readonly looks: readonly Look[];
}

/** Pictures of a page that are asked for at once: those of different hosts do not wait for one another. */
const AHEAD = 8;

const CONTENT = "pages: main content";
const FOUND = "pictures: found";
const KEPT = "pictures: filtered";
const WITH_PICTURES = "pages: with pictures";

/** Makes the candidates of a chunk, or what is missing of them. */
export async function makeCandidates(chunks: readonly Chunk[], number: number, making: Making): Promise<PartManifest> {
  const chunk = chunks[number]!;
  let cursor: unknown;
  let pages = 0;
  const manifest = await buildPart({
    folder: making.work,
    part: { index: number, of: chunks.length },
    settings: { ...making.settings, chunk },
    limit: making.limit,
    cursor: () => cursor,
    ...(making.signal === undefined ? {} : { signal: making.signal }),
    async *source(tally, from) {
      cursor = from;
      for await (const page of pagesOf(chunk, making.around, tally, from)) {
        making.signal?.throwIfAborted();
        const record = await candidateOf(page, chunk, number, making, tally);
        making.progress?.(++pages);
        if (record === undefined) continue;
        cursor = page.cursor;
        yield record;
      }
    },
  });
  await listSeen(manifest, making.work);
  return manifest;
}

async function candidateOf(
  page: FoundPage,
  chunk: Chunk,
  chunkNumber: number,
  making: Making,
  tally: Tally,
): Promise<Candidate | undefined> {
  const { address, contentType, place } = page;
  const at = (found: string) => ({ ...place, found });
  const content = extract(page.bytes, { url: address, ...(contentType === undefined ? {} : { contentType }) });
  if (content.refused !== undefined) return void tally.drop(CONTENT, content.refused, at(address));
  tally.pass(CONTENT);
  const segments = withTitle(content.title, content.segments);
  const text = segments.map((segment) => ("text" in segment ? segment.text : "")).join("");
  for (const [stage, judge] of TEXT_STAGES) {
    const refused = judge(text, making.rules);
    if (refused !== undefined) return void tally.drop(stage, refused.reason, at(`${refused.found}, ${address}`));
    tally.pass(stage);
  }
  const kept = await keptPictures(segments, page, chunk, making, tally);
  if (kept.size === 0) return void tally.drop(WITH_PICTURES, "no picture", at(address));
  tally.pass(WITH_PICTURES);
  const pictures = [...kept.values()];
  const embeddings = await making.embedder?.embed(pictures.map(({ picture }) => picture));
  const about: CandidateAbout = {
    url: address,
    title: content.title,
    ...(content.language === undefined ? {} : { language: content.language }),
    ...(page.date === undefined ? {} : { fetched: page.date }),
    images: [...kept.keys()].map(({ image, alt }) => ({ url: /^data:/i.test(image) ? "data:" : image, alt })),
    text: createHash("sha256").update(text).digest("hex").slice(0, 20),
    looks: pictures.map(({ picture }, i) => ({
      hash: perceptualHash(picture),
      ...(embeddings === undefined ? {} : { embedding: Buffer.from(quantised(embeddings[i]!)).toString("base64") }),
    })),
  };
  const pieces = segments.flatMap((segment): ({ text: string } | { medium: Omit<RecordMedium, "at"> })[] => {
    if ("text" in segment) return [segment];
    const file = kept.get(segment)?.file;
    return file === undefined ? [] : [{ medium: { kind: "image", files: [file] } }];
  });
  return { id: idOf(chunkNumber, page.number), ...textAndMedia(pieces), about };
}

type PageImage = Extract<PageSegment, { image: string }>;

/** The title stands first, unless the page says it first itself; an empty line parts what a picture or nothing parts. */
function withTitle(title: string, segments: readonly PageSegment[]): PageSegment[] {
  const first = segments.find((segment) => "text" in segment) as { text: string } | undefined;
  const all = title === "" || first?.text.startsWith(title) ? segments : [{ text: title }, ...segments];
  const last = all.findLastIndex((segment) => "text" in segment);
  return all.map((segment, i) => ("text" in segment && i < last ? { text: `${segment.text}\n\n` } : segment));
}

async function keptPictures(
  segments: readonly PageSegment[],
  { place }: FoundPage,
  chunk: Chunk,
  { around, rules, signal }: Making,
  tally: Tally,
): Promise<Map<PageImage, KeptPicture>> {
  const kept = new Map<PageImage, KeptPicture>();
  const images = segments.filter((segment) => "image" in segment);
  const asked: ReturnType<typeof pictureAt>[] = [];
  for (const [n, segment] of images.entries()) {
    signal?.throwIfAborted();
    const address = segment.image.slice(0, 200);
    if (n >= rules.maxPictures) {
      tally.drop(FOUND, "more than are looked at on a page", { ...place, found: address });
      continue;
    }
    while (asked.length < Math.min(n + AHEAD, images.length, rules.maxPictures)) {
      const picture = pictureAt(chunk, around, images[asked.length]!.image);
      // Thrown where it is waited for, unless something else was thrown before.
      picture.catch(() => undefined);
      asked.push(picture);
    }
    const bytes = await asked[n]!;
    // It need not be held longer than it is looked at.
    delete asked[n];
    if ("reason" in bytes) {
      tally.drop(FOUND, bytes.reason, { ...place, found: bytes.found });
      continue;
    }
    tally.pass(FOUND);
    const judged = await judgePicture(bytes, rules.pictures);
    if ("reason" in judged) {
      tally.drop(KEPT, judged.reason, { ...place, found: `${judged.found} at ${address}` });
      continue;
    }
    tally.pass(KEPT);
    kept.set(segment, judged);
  }
  return kept;
}

/** The id of the candidate that a page of a chunk is. */
export const idOf = (chunk: number, page: number) => `${chunk}-${page}`;

/** The number of a candidate's page in its chunk. */
export const numberOf = (id: string): number => Number(id.split("-")[1]);

const seenName = ({ part: { index, of } }: Pick<PartManifest, "part">) => `seen-${index}-of-${of}.jsonl`;

/** The candidates of a finished chunk, in order. */
export async function* readCandidates(manifest: PartManifest, work: string): AsyncGenerator<Candidate> {
  for (const n of manifest.shards.keys()) {
    const grouping = new Grouping();
    const path = join(work, tarName(manifest.part, n));
    const recordOf = (sample: Parameters<typeof recordOfSample>[0] | { readonly reason: string }) => {
      const record = "reason" in sample ? sample : recordOfSample(sample);
      // It was written whole, and nobody else writes there.
      if ("reason" in record) throw new InvariantError(`${path} is damaged: ${record.reason}`);
      return record as Candidate;
    };
    for await (const items of readTarFile(path)) for (const sample of grouping.push(items)) yield recordOf(sample);
    for (const sample of grouping.end()) yield recordOf(sample);
  }
}

/** Writes what of a chunk's candidates is compared with those of others, so that nobody has to read their pictures. */
async function listSeen(manifest: PartManifest, work: string): Promise<void> {
  const path = join(work, seenName(manifest));
  if ((await stat(path).catch(() => undefined)) !== undefined) return;
  const lines: string[] = [];
  for await (const { id, about } of readCandidates(manifest, work)) {
    const { url, text, looks } = about;
    lines.push(`${JSON.stringify({ number: numberOf(id), url, text, looks })}\n`);
  }
  await writeAtomically(path, lines.join(""));
}

/** Of how many chunks nobody has listed the candidates yet. */
export async function missingSeen(of: number, work: string): Promise<number> {
  const there = new Set(await readdir(work));
  return Array.from({ length: of }, (_, index) => seenName({ part: { index, of } })).filter((name) => !there.has(name))
    .length;
}

/** What `listSeen` wrote of a chunk. */
export async function readSeen(index: number, of: number, work: string): Promise<Seen[]> {
  const text = await readFile(join(work, seenName({ part: { index, of } })), "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const { looks, ...seen } = JSON.parse(line) as Omit<Seen, "looks"> & Pick<CandidateAbout, "looks">;
      return {
        ...seen,
        looks: looks.map(({ hash, embedding }) => ({
          hash,
          embedding: embedding === undefined ? undefined : new Int8Array(Buffer.from(embedding, "base64")),
        })),
      };
    });
}
