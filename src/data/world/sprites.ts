/**
 * What a thing looks like, as the renderer reads it: a small square picture with transparency, at several sizes.
 */
import type { Random } from "../../random.js";

/** One size of a sprite: `data` is `[size, size, 4]` premultiplied RGBA, 0 to 255. */
export interface Level {
  readonly size: number;
  readonly data: Uint8Array;
}

/** A drawing of one thing. */
export interface Sprite {
  /** As it is stored. */
  readonly full: Level;
  /** The size to sample from when it is drawn with its side `side` pixels long: `full`, or a level smaller by powers of the square root of two. */
  level(side: number): Level;
  /** The mean sRGB colour of the opaque part, 0 to 255: the renderer keeps backgrounds away from it. */
  readonly mean: readonly [number, number, number];
  /** True for handwriting: only alpha counts, the renderer chooses an ink, and never mirrors or turns it far. */
  readonly ink: boolean;
}

/** Where the renderer finds sprites. */
export interface Sprites {
  /**
   * A drawing of the thing `id`; kinds with several drawings (handwriting) choose one by `random`.
   * @throws {InvariantError} or {UsageError} when there is none in memory: a picture without its thing would teach a wrong caption.
   */
  sprite(id: string, random: Random): Sprite;
}

/**
 * A sprite from its largest level.
 *
 * @param data  `[size, size, 4]` premultiplied RGBA, kept, not copied.
 */
export function makeSprite(size: number, data: Uint8Array, ink = false): Sprite {
  const full = { size, data };
  const levels = [full];
  return {
    full,
    ink,
    mean: meanOf(data),
    level(side) {
      const octaves = Math.max(0, Math.floor(2 * Math.log2(size / (side * 0.92))));
      const index = Math.min(octaves, Math.floor(2 * Math.log2(size / 10)));
      for (let i = levels.length; i <= index; i++) {
        const smaller = Math.round(size / 2 ** (i / 2));
        levels.push({ size: smaller, data: shrink(data, size, smaller) });
      }
      return levels[Math.max(0, index)]!;
    },
  };
}

/** The colour of the opaque part of premultiplied RGBA, from every fourth pixel. */
function meanOf(data: Uint8Array): [number, number, number] {
  let [red, green, blue, alpha] = [0, 0, 0, 1];
  for (let i = 0; i < data.length; i += 16) {
    red += data[i]!;
    green += data[i + 1]!;
    blue += data[i + 2]!;
    alpha += data[i + 3]!;
  }
  return [(255 * red) / alpha, (255 * green) / alpha, (255 * blue) / alpha];
}

/** `[from, from, 4]` to `[to, to, 4]` by area averaging, first along rows, then along columns; `to <= from`. */
export function shrink(data: Uint8Array, from: number, to: number): Uint8Array {
  const rows = new Float32Array(from * to * 4);
  const result = new Uint8Array(to * to * 4);
  const ratio = from / to;
  for (let x = 0; x < to; x++) {
    eachOverlap(x * ratio, (x + 1) * ratio, (source, weight) => {
      for (let y = 0; y < from; y++)
        for (let c = 0; c < 4; c++)
          rows[(y * to + x) * 4 + c]! += (weight / ratio) * data[(y * from + source) * 4 + c]!;
    });
  }
  for (let y = 0; y < to; y++) {
    const line = new Float32Array(to * 4);
    eachOverlap(y * ratio, (y + 1) * ratio, (source, weight) => {
      for (let i = 0; i < to * 4; i++) line[i]! += (weight / ratio) * rows[source * to * 4 + i]!;
    });
    for (let i = 0; i < to * 4; i++) result[y * to * 4 + i] = Math.round(line[i]!);
  }
  return result;
}

/** Each whole cell that [from, to) covers, with the length covered. */
function eachOverlap(from: number, to: number, visit: (cell: number, length: number) => void): void {
  for (let cell = Math.floor(from + 1e-6); cell < to - 1e-6; cell++) {
    visit(cell, Math.min(to, cell + 1) - Math.max(from, cell));
  }
}
