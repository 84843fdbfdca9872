/**
 * The grounds behind the things: plain, shaded, patterned or noisy, in shades of one named colour or in any colours.
 */
import type { Random } from "../../random.js";
import { PALETTE } from "./palette.js";
import type { Background } from "./scene.js";

/** sRGB, 0 to 255. */
export type Colour = readonly [number, number, number];

/**
 * Paints the whole of `data`, `[size, size, 3]`, and returns the ground's mean colour.
 *
 * @param avoid  the things' mean colours: a ground whose colour is free keeps away from them, so that they can be seen.
 */
export function paintBackground(
  data: Uint8Array,
  size: number,
  background: Background,
  avoid: readonly Colour[],
  random: Random,
): Colour {
  const [first, second] = background.kind === "paper" ? paper(random) : twoColours(background, avoid, random);
  PAINTERS[background.kind](data, size, first, second, random);
  return mix(first, second, 0.5);
}

type Painter = (data: Uint8Array, size: number, first: Colour, second: Colour, random: Random) => void;

const PAINTERS: Readonly<Record<Background["kind"], Painter>> = {
  plain: (data, _size, first) => fill(data, first),
  paper: (data, size, first, second, random) => PAINTERS.gradient(data, size, first, second, random),
  gradient(data, size, first, second, random) {
    const angle = random.uniform(0, 2 * Math.PI);
    const [dx, dy] = [Math.cos(angle) / size, Math.sin(angle) / size];
    shade(data, size, first, second, (x, y) => 0.5 + 0.75 * ((x - size / 2) * dx + (y - size / 2) * dy));
  },
  stripes(data, size, first, second, random) {
    const angle = random.uniform(0, Math.PI);
    const width = size * random.uniform(0.07, 0.2);
    const [dx, dy, sharp] = [Math.cos(angle) / width, Math.sin(angle) / width, width / 2];
    shade(data, size, first, second, (x, y) => 0.5 + sharp * (Math.abs(fraction(x * dx + y * dy) - 0.5) - 0.25) * 2);
  },
  checks(data, size, first, second, random) {
    const side = size * random.uniform(0.1, 0.25);
    const [left, top] = [random.uniform(0, side), random.uniform(0, side)];
    shade(data, size, first, second, (x, y) => (Math.floor((x + left) / side) + Math.floor((y + top) / side)) & 1);
  },
  spots(data, size, first, second, random) {
    const pitch = size * random.uniform(0.14, 0.28);
    const radius = random.uniform(0.22, 0.4);
    const [left, top] = [random.uniform(0, pitch), random.uniform(0, pitch)];
    shade(data, size, first, second, (x, y) => {
      const [u, v] = [fraction((x + left) / pitch) - 0.5, fraction((y + top) / pitch) - 0.5];
      return 0.5 + (radius - Math.sqrt(u * u + v * v)) * pitch;
    });
  },
  noise(data, size, first, second, random) {
    const cells = 3 + random.integer(7);
    const grid = Float32Array.from({ length: (cells + 2) ** 2 }, () => random.uniform(-0.2, 1.2));
    const scale = cells / size;
    shade(data, size, first, second, (x, y) => {
      const [u, v] = [x * scale, y * scale];
      const [column, row] = [Math.floor(u), Math.floor(v)];
      const at = row * (cells + 2) + column;
      const [s, t] = [smooth(u - column), smooth(v - row)];
      const above = grid[at]! + (grid[at + 1]! - grid[at]!) * s;
      const below = grid[at + cells + 2]! + (grid[at + cells + 3]! - grid[at + cells + 2]!) * s;
      return above + (below - above) * t;
    });
  },
  clutter(data, size, first, second, random) {
    fill(data, first);
    for (let shapes = 3 + random.integer(7); shapes > 0; shapes--) {
      const [x, y] = [random.uniform(0, size), random.uniform(0, size)];
      const [rx, ry] = [size * random.uniform(0.04, 0.25), size * random.uniform(0.04, 0.25)];
      blot(data, size, [x, y, rx, ry], random.chance(0.5), mix(first, second, random.uniform(0.2, 1)));
    }
  },
};

/** An ellipse or a rectangle of one colour: `[centre x, centre y, half width, half height]`. */
function blot(data: Uint8Array, size: number, box: readonly number[], round: boolean, colour: Colour): void {
  const [x, y, rx, ry] = box as [number, number, number, number];
  for (let row = Math.max(0, Math.ceil(y - ry)); row < Math.min(size, y + ry); row++) {
    for (let column = Math.max(0, Math.ceil(x - rx)); column < Math.min(size, x + rx); column++) {
      if (round && ((column - x) / rx) ** 2 + ((row - y) / ry) ** 2 > 1) continue;
      const at = (row * size + column) * 3;
      for (let c = 0; c < 3; c++) data[at + c] = colour[c]!;
    }
  }
}

function fill(data: Uint8Array, [red, green, blue]: Colour): void {
  for (let i = 0; i < data.length; i += 3) {
    data[i] = red;
    data[i + 1] = green;
    data[i + 2] = blue;
  }
}

/** Each pixel between two colours, as `share(x, y)` of the second, clamped to [0, 1]. */
function shade(data: Uint8Array, size: number, first: Colour, second: Colour, share: (x: number, y: number) => number) {
  const [red, green, blue] = first;
  const [dr, dg, db] = [second[0] - red, second[1] - green, second[2] - blue];
  for (let y = 0, at = 0; y < size; y++) {
    for (let x = 0; x < size; x++, at += 3) {
      let t = share(x, y);
      t = Math.min(1, Math.max(0, t));
      data[at] = red + dr * t;
      data[at + 1] = green + dg * t;
      data[at + 2] = blue + db * t;
    }
  }
}

/** Two shades of the named colour; or two colours of any kind that stand away from `avoid`. */
function twoColours({ colour }: Background, avoid: readonly Colour[], random: Random): readonly [Colour, Colour] {
  if (colour !== undefined) {
    const first = jitter(PALETTE[colour], 12, random);
    const paleTarget =
      colour === "white" || colour === "yellow" || colour === "pink" ? [200, 190, 190] : [255, 255, 255];
    const dark = random.chance(0.5) && colour !== "black" && colour !== "orange" && colour !== "yellow";
    const target = (dark ? [0, 0, 0] : paleTarget) as [number, number, number];
    return [first, mix(first, target, colour === "black" || colour === "white" ? 0.12 : random.uniform(0.1, 0.28))];
  }
  let first: Colour = [0, 0, 0];
  for (let tries = 0; tries < 6; tries++) {
    first = [random.uniform(0, 255), random.uniform(0, 255), random.uniform(0, 255)];
    if (random.chance(0.4)) first = mix(first, [255, 255, 255], 0.6);
    if (avoid.every((mean) => distance(mean, first) > 90)) break;
  }
  const other: Colour = [random.uniform(0, 255), random.uniform(0, 255), random.uniform(0, 255)];
  return [first, mix(first, other, random.uniform(0.15, 0.5))];
}

/** Light and hardly coloured. */
function paper(random: Random): readonly [Colour, Colour] {
  const first = jitter([240, 240, 236], 14, random);
  return [first, jitter(first, 8, random)];
}

/** The colour with each channel moved by up to `by`. */
export function jitter(colour: Colour, by: number, random: Random): Colour {
  const move = (channel: number) => Math.min(255, Math.max(0, channel + random.uniform(-by, by)));
  return [move(colour[0]), move(colour[1]), move(colour[2])];
}

/** `share` of the second colour and the rest of the first. */
export function mix(first: Colour, second: Colour, share: number): Colour {
  return [
    first[0] + (second[0] - first[0]) * share,
    first[1] + (second[1] - first[1]) * share,
    first[2] + (second[2] - first[2]) * share,
  ];
}

function distance(a: Colour, b: Colour): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

const fraction = (x: number): number => x - Math.floor(x);
const smooth = (t: number): number => t * t * (3 - 2 * t);
