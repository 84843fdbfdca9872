/**
 * The world as files, as a site, a picture collection and a film archive would have them: pages of HTML with their
 * pictures, pictures and clips with their captions beside them, and what is true of each in `truth.jsonl`.
 */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { makeFolder, writeAtomically } from "../../atomic.node.js";
import type { Picture } from "../../media/pixels.js";
import { Random } from "../../random.js";
import { BuildConflictError } from "../shards/errors.js";
import { type Part, WHOLE } from "../shards/part.js";
import type { Artwork } from "../world/artwork.js";
import { contents } from "../world/captions.js";
import { type HtmlSegment, htmlOf } from "../world/html.js";
import {
  drawWorld,
  pngOf,
  truthOf,
  WORLD_KINDS,
  type WorldDraw,
  type WorldItem,
  type WorldKind,
  worldItem,
} from "./world.js";

/** How many files of each kind are written, and how. */
export interface WorldFiles extends WorldDraw {
  readonly counts: Readonly<Record<WorldKind, number>>;
  /** Whether a page names its pictures' files or holds them itself. */
  readonly pictures?: "files" | "data-urls";
  /** Whose items are written: every N-th of each kind. The truth is told of all. */
  readonly part?: Part;
  readonly signal?: AbortSignal;
  /** Told after each item. */
  readonly onItem?: (done: number, of: number) => void;
}

/** The files of an item, its last one being the sign that all are there. */
type Files = readonly (readonly [name: string, content: Uint8Array | string])[];

/**
 * Writes `folder/pages/*.html` with `folder/pages/images/`, `folder/pairs/*.png` and `folder/videos/*.webp` with a `.txt`
 * of the same name beside each, and `folder/truth.jsonl`: a line for each item with its `id`, `file`, `text` or
 * `segments`, and the scenes or the clip. Items that are there already are left alone, so that what was interrupted goes on;
 * `folder/world.json` says of which world they are.
 *
 * @throws {BuildConflictError} if the folder holds another world: what is true of one is not true of the other
 * @throws the signal's reason, between two items
 */
export async function writeWorld(folder: string, artwork: Artwork, options: WorldFiles): Promise<void> {
  const { counts, signal, onItem, part = WHOLE } = options;
  await claim(folder, options);
  const all = WORLD_KINDS.reduce((sum, kind) => sum + Math.ceil((counts[kind] - part.index) / part.of), 0);
  let done = 0;
  for (const kind of WORLD_KINDS) {
    if (counts[kind] > 0) await makeFolder(join(folder, kind, ...(kind === "pages" ? ["images"] : [])));
    for (let number = part.index; number < counts[kind]; number += part.of) {
      signal?.throwIfAborted();
      const item = worldItem(kind, number, options);
      const last = join(folder, kind, lastFile(item));
      if (!(await there(last)))
        for (const [name, content] of await filesOf(item, number, artwork, options))
          await writeAtomically(join(folder, kind, name), content);
      onItem?.(++done, all);
    }
  }
  await writeAtomically(join(folder, "truth.jsonl"), truthLines(options));
}

/** Says of which world a folder is, if nothing says so yet. */
async function claim(folder: string, { seed, size = 64, pictures = "files" }: WorldFiles): Promise<void> {
  const path = join(folder, "world.json");
  const ours = JSON.stringify({ seed: String(seed), size, pictures });
  const theirs = (await readFile(path, "utf8").catch(() => ours)).trim();
  if (theirs !== ours)
    throw new BuildConflictError(
      `${path} is of another world: ${theirs.slice(0, 200)}, not ${ours}.`,
      "write into another folder, or remove that one",
    );
  await makeFolder(folder);
  await writeAtomically(path, `${ours}\n`);
}

/** One line of JSON for each item. */
export function truthLines({ counts, ...draw }: Pick<WorldFiles, "counts" | "seed" | "pictures">): string {
  const lines = WORLD_KINDS.flatMap((kind) =>
    Array.from({ length: counts[kind] }, (_, number) => {
      const item = worldItem(kind, number, draw);
      const what = item.kind === "pages" ? { segments: segmentsOfPage(item, imageName) } : { text: item.text };
      return `${JSON.stringify({ id: item.id, file: `${kind}/${mainFile(item)}`, ...what, ...truthOf(item) })}\n`;
    }),
  );
  return lines.join("");
}

const mainFile = ({ kind, id }: WorldItem): string => `${id}.${{ pages: "html", pairs: "png", videos: "webp" }[kind]}`;
const lastFile = (item: WorldItem): string => (item.kind === "pages" ? mainFile(item) : `${item.id}.txt`);
const imageName = (id: string, n: number): string => `images/${id}-${n + 1}.png`;

async function filesOf(item: WorldItem, number: number, artwork: Artwork, options: WorldFiles): Promise<Files> {
  const pictures = await drawWorld(item, number, artwork, options);
  if (item.kind === "videos")
    return [
      [mainFile(item), await webpOf(pictures)],
      [lastFile(item), item.text],
    ];
  const files = await Promise.all(pictures.map(pngOf));
  if (item.kind === "pairs")
    return [
      [mainFile(item), files[0]!],
      [lastFile(item), item.text],
    ];
  const within = options.pictures === "data-urls";
  const addressOf = (id: string, n: number) =>
    within ? `data:image/png;base64,${Buffer.from(files[n]!).toString("base64")}` : imageName(id, n);
  const { html } = worldPage(item, number, options, addressOf);
  const named = files.map((file, n) => [imageName(item.id, n), file] as const);
  return [...(within ? [] : named), [mainFile(item), html]];
}

/**
 * A page as HTML, and what a reader should find in it.
 * @param addressOf  the address of picture `n`, from 0
 */
export function worldPage(
  item: Extract<WorldItem, { kind: "pages" }>,
  number: number,
  { seed, size = 64 }: WorldDraw,
  addressOf: (id: string, n: number) => string,
): { readonly html: string; readonly segments: readonly HtmlSegment[] } {
  const segments = segmentsOfPage(item, addressOf);
  const random = new Random(seed).fork("world html").fork(number);
  return { html: htmlOf({ title: item.article.title, segments, size }, random), segments };
}

/** A page's texts and pictures, these by their addresses. */
function segmentsOfPage(
  { id, article }: Extract<WorldItem, { kind: "pages" }>,
  addressOf: (id: string, n: number) => string,
): HtmlSegment[] {
  let n = 0;
  return article.page.map((piece) =>
    "text" in piece ? { text: piece.text } : { image: addressOf(id, n++), alt: contents(piece.scene) },
  );
}

/** Frames as an animated WebP without loss, one a second. Frames that do not differ are one in the file, shown for longer. */
export async function webpOf(frames: readonly Picture[]): Promise<Uint8Array> {
  const { width, height } = frames[0]!;
  const raw = { width, height: height * frames.length, channels: 3 as const, pageHeight: height };
  const delay = frames.map(() => 1000);
  const joined = Buffer.concat(frames.map(({ data }) => data));
  return new Uint8Array(await sharp(joined, { raw }).webp({ lossless: true, delay, loop: 0 }).toBuffer());
}

async function there(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
