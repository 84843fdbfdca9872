/**
 * The world as a source of training data like any other: pages, captioned pictures and clips, of each of which is known
 * what it shows. Item n of a kind depends on the seed, the kind and n alone.
 */
import sharp from "sharp";
import type { Picture } from "../../media/pixels.js";
import { Random } from "../../random.js";
import type { DataRecord, MediumFile } from "../record.js";
import { textAndMedia } from "../segments.js";
import { type Part, WHOLE } from "../shards/part.js";
import { type Article, articleOf } from "../world/articles.js";
import type { Artwork } from "../world/artwork.js";
import { captionPair } from "../world/captions.js";
import { type Clip, clipPair, renderClip, thingsOfClip } from "../world/clips.js";
import { renderScene } from "../world/compose.js";
import { type ScenePage, scenesOf, thingsOf } from "../world/pages.js";
import type { Scene } from "../world/scene.js";

/** What the world makes: interleaved pages, pairs of a picture and a caption, pairs of a clip and a sentence. */
export const WORLD_KINDS = ["pages", "pairs", "videos"] as const;

/** One of `WORLD_KINDS`. */
export type WorldKind = (typeof WORLD_KINDS)[number];

/** What is made, and of which size. */
export interface WorldDraw {
  readonly seed: string | number;
  /** Pictures' and frames' sides in pixels, 64 unless told. */
  readonly size?: number;
}

/** An item before it is drawn: its text and what it shows. */
export type WorldItem =
  | { readonly kind: "pages"; readonly id: string; readonly article: Article }
  | { readonly kind: "pairs"; readonly id: string; readonly scene: Scene; readonly text: string }
  | { readonly kind: "videos"; readonly id: string; readonly clip: Clip; readonly text: string };

/** Item `number` of a kind, from 0. */
export function worldItem(kind: WorldKind, number: number, { seed }: WorldDraw): WorldItem {
  const random = streamOf(kind, number, seed).fork("meaning");
  const id = `${kind.slice(0, -1)}-${String(number).padStart(7, "0")}`;
  if (kind === "pages") return { kind, id, article: articleOf(random) };
  if (kind === "videos") return { kind, id, ...clipPair(random) };
  const page: ScenePage = captionPair(random);
  return { kind, id, scene: scenesOf(page)[0]!, text: textOf(page) };
}

const streamOf = (kind: WorldKind, number: number, seed: string | number): Random =>
  new Random(seed).fork(`world ${kind}`).fork(number);

const textOf = (page: ScenePage): string => page.map((piece) => ("text" in piece ? piece.text : "")).join("");

/** What is true of an item, as JSON. */
export function truthOf(item: WorldItem): Record<string, unknown> {
  if (item.kind === "videos") return { kind: item.kind, clip: item.clip };
  if (item.kind === "pairs") return { kind: item.kind, scenes: [item.scene] };
  const { title, page, parts } = item.article;
  return { kind: item.kind, title, scenes: scenesOf(page), parts };
}

/** An item's pictures, in reading order; of a clip its frames. */
export async function drawWorld(
  item: WorldItem,
  number: number,
  artwork: Artwork,
  { seed, size = 64 }: WorldDraw,
): Promise<Picture[]> {
  const random = streamOf(item.kind, number, seed).fork("drawing");
  if (item.kind === "videos") {
    await artwork.load(thingsOfClip(item.clip));
    return renderClip(item.clip, artwork, random, { size });
  }
  const scenes = item.kind === "pairs" ? [item.scene] : scenesOf(item.article.page);
  await artwork.load(item.kind === "pairs" ? item.scene.things.map(({ id }) => id) : thingsOf(item.article.page));
  return scenes.map((scene, n) => renderScene(scene, artwork, random.fork(n), size));
}

/** A picture as a PNG file. */
export async function pngOf({ width, height, data }: Picture): Promise<Uint8Array> {
  return new Uint8Array(
    await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
  );
}

/** Items 0 to `count` of a kind as records, or those of a part; `cursor` is the number of the one given last. */
export class WorldSource {
  cursor: number;
  readonly #kind: WorldKind;
  readonly #count: number;
  readonly #artwork: Artwork;
  readonly #draw: WorldDraw;
  readonly #part: Part;

  /** @param after  the number of an item after which to go on */
  constructor(kind: WorldKind, count: number, artwork: Artwork, draw: WorldDraw, part: Part = WHOLE, after = -1) {
    this.#kind = kind;
    this.#count = count;
    this.#artwork = artwork;
    this.#draw = draw;
    this.#part = part;
    this.cursor = after;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<DataRecord> {
    for (let number = this.cursor + 1; number < this.#count; number++) {
      if (number % this.#part.of !== this.#part.index) continue;
      const item = worldItem(this.#kind, number, this.#draw);
      const record = await worldRecord(item, number, this.#artwork, this.#draw);
      this.cursor = number;
      yield record;
    }
  }
}

async function worldRecord(item: WorldItem, number: number, artwork: Artwork, draw: WorldDraw): Promise<DataRecord> {
  const pictures = await drawWorld(item, number, artwork, draw);
  const files = await Promise.all(
    pictures.map(async (picture): Promise<MediumFile> => ({ type: "png", bytes: await pngOf(picture) })),
  );
  const about = { source: "world", ...truthOf(item) };
  if (item.kind === "videos") return { id: item.id, text: item.text, media: [{ at: 0, kind: "video", files }], about };
  if (item.kind === "pairs") return { id: item.id, text: item.text, media: [{ at: 0, kind: "image", files }], about };
  let next = 0;
  const pieces = item.article.page.map((piece) =>
    "text" in piece ? { text: piece.text } : { medium: { kind: "image" as const, files: [files[next++]!] } },
  );
  return { id: item.id, ...textAndMedia(pieces), about };
}
