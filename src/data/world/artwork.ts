/**
 * The world's artwork: Noto emoji (Google, Apache-2.0) from the npm package `@iconify-json/noto`, rendered by sharp.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import sharp from "sharp";
import { makeFolder, writeAtomically } from "../../atomic.node.js";
import { UsageError } from "../../errors.js";
import { makeSprite, type Sprite, type Sprites } from "./sprites.js";

/** How the artwork is opened. */
export interface ArtworkOptions {
  /** Side of the largest level of every sprite, in pixels. Default 96. */
  readonly size?: number;
  /** A directory for one file with all sprites of a `preload`: the next start reads it in place of rendering. */
  readonly cacheDir?: string;
}

/** Rendered sprites in memory, by concept id. Open one with `openArtwork`. */
export interface Artwork extends Sprites {
  readonly size: number;
  /** The sprite of `id`, which `load` or `preload` must have brought into memory. */
  sprite(id: string): Sprite;
  /** Renders the sprites of these ids, those not yet in memory, and no others. */
  load(ids: Iterable<string>): Promise<void>;
  /**
   * Brings all of `ids` into memory, through the cache file when there is a `cacheDir`.
   * @param progress  told how many of how many are rendered.
   */
  preload(ids: readonly string[], progress?: (done: number, of: number) => void): Promise<void>;
}

interface IconSet {
  readonly icons: Readonly<Record<string, { readonly body: string }>>;
}

/**
 * Opens the artwork; nothing is rendered yet.
 *
 * @throws {UsageError} from `load` and `preload` for an id that the installed icon set lacks, and from `sprite` for one not loaded.
 */
export async function openArtwork({ size = 96, cacheDir }: ArtworkOptions = {}): Promise<Artwork> {
  const sprites = new Map<string, Sprite>();
  let icons: IconSet["icons"] | undefined;

  const render = async (id: string): Promise<Uint8Array> => {
    icons ??= (createRequire(import.meta.url)("@iconify-json/noto/icons.json") as IconSet).icons;
    const body = icons[id]?.body;
    if (body === undefined) {
      throw new UsageError(
        `The artwork has no icon "${id}".`,
        "take ids from `concepts`, and install @iconify-json/noto 1.2",
      );
    }
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${size}" height="${size}" viewBox="0 0 128 128">${body}</svg>`;
    return premultiply(await sharp(Buffer.from(svg)).ensureAlpha().raw().toBuffer());
  };

  const load = async (ids: Iterable<string>, progress?: (done: number, of: number) => void) => {
    const missing = [...new Set(ids)].filter((id) => !sprites.has(id));
    for (let at = 0; at < missing.length; at += 16) {
      const some = missing.slice(at, at + 16);
      const drawn = await Promise.all(some.map(render));
      some.forEach((id, i) => void sprites.set(id, makeSprite(size, drawn[i]!)));
      progress?.(at + some.length, missing.length);
    }
  };

  return {
    size,
    load: (ids) => load(ids),
    async preload(ids, progress) {
      const file = cacheDir === undefined ? undefined : join(cacheDir, `noto-${size}.sprites`);
      for (const [id, data] of file ? await readCache(file, size) : []) sprites.set(id, makeSprite(size, data));
      if (ids.every((id) => sprites.has(id))) return;
      await load(ids, progress);
      if (file && cacheDir) {
        await makeFolder(cacheDir);
        await writeCache(file, size, sprites);
      }
    },
    sprite(id) {
      const sprite = sprites.get(id);
      if (!sprite)
        throw new UsageError(`The sprite "${id}" is not in memory.`, "await artwork.load([id]) before rendering");
      return sprite;
    },
  };
}

/** RGBA with colours multiplied by alpha, in place. */
function premultiply(rgba: Uint8Array): Uint8Array {
  for (let i = 0; i < rgba.length; i += 4) {
    const alpha = rgba[i + 3]! / 255;
    for (let c = 0; c < 3; c++) rgba[i + c] = Math.round(rgba[i + c]! * alpha);
  }
  return new Uint8Array(rgba);
}

/** The cache file: a line of JSON with the ids, then their `[size, size, 4]` one after another. A missing or torn file is empty. */
async function readCache(file: string, size: number): Promise<Map<string, Uint8Array>> {
  const bytes = await readFile(file).catch(() => undefined);
  const end = bytes?.indexOf(10) ?? -1;
  if (!bytes || end < 0) return new Map();
  try {
    const ids = JSON.parse(bytes.toString("utf8", 0, end)) as string[];
    const each = size * size * 4;
    if (bytes.length !== end + 1 + ids.length * each) return new Map();
    return new Map(ids.map((id, i) => [id, new Uint8Array(bytes.buffer, bytes.byteOffset + end + 1 + i * each, each)]));
  } catch {
    return new Map();
  }
}

function writeCache(file: string, size: number, sprites: ReadonlyMap<string, Sprite>): Promise<void> {
  const pixels = [...sprites.values()].map(({ full }) => full.data.subarray(0, size * size * 4));
  return writeAtomically(file, [Buffer.from(`${JSON.stringify([...sprites.keys()])}\n`), ...pixels]);
}
