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
  /** Clockwise turn in radians that belongs to the thing itself; every placement's angle is added to it. */
  readonly turn: number;
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
    turn: 0,
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
  const spans = spansOf(from, to);
  const rows = new Float32Array(from * to * 4);
  for (let y = 0; y < from; y++) {
    for (const [source, target, weight] of spans) {
      const [read, write] = [(y * from + source) * 4, (y * to + target) * 4];
      for (let c = 0; c < 4; c++) rows[write + c]! += weight * data[read + c]!;
    }
  }
  const columns = new Float32Array(to * to * 4);
  for (const [source, target, weight] of spans) {
    const [read, write] = [source * to * 4, target * to * 4];
    for (let i = 0; i < to * 4; i++) columns[write + i]! += weight * rows[read + i]!;
  }
  return Uint8Array.from(columns, (value) => Math.round(value));
}

/** Which source cell gives how much of which target cell: `[source, target, share]`, shares of a target summing to 1. */
function spansOf(from: number, to: number): [number, number, number][] {
  const ratio = from / to;
  const spans: [number, number, number][] = [];
  for (let target = 0; target < to; target++) {
    const [start, end] = [target * ratio, (target + 1) * ratio];
    for (let source = Math.floor(start + 1e-6); source < end - 1e-6; source++) {
      spans.push([source, target, (Math.min(end, source + 1) - Math.max(start, source)) / ratio]);
    }
  }
  return spans;
}
