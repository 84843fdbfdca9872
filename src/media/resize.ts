/**
 * Resizing that agrees with Pillow on every pixel, so that a model sees what it saw in training. Pure TypeScript: the
 * same code runs in Node and in the browser.
 */

import { FlamingoError } from "../errors.js";
import { type Pieces, withoutPause } from "../turns.js";
import type { Picture } from "./pixels.js";

/** How far and how much neighbours of a pixel count when a picture is resampled. */
export type Filter = "bicubic" | "bilinear";

/**
 * Where a crop lies when an odd number of pixels is cut off: `half-even` as torchvision and open_clip round the half,
 * `down` as transformers does. The two differ by a pixel when 3, 7, 11 .. pixels are cut off.
 */
export type Centre = "half-even" | "down";

/** A width, height or crop that no picture can have. */
export class PictureSizeError extends FlamingoError {
  readonly code = "MEDIA_PICTURE_SIZE";
}

interface Kernel {
  /** Half the width of the kernel, in source pixels when the picture is not made smaller. */
  readonly support: number;
  weight(distance: number): number;
}

const KERNELS: Readonly<Record<Filter, Kernel>> = {
  bilinear: { support: 1, weight: (distance) => Math.max(0, 1 - Math.abs(distance)) },
  bicubic: {
    support: 2,
    weight(distance) {
      const a = -0.5;
      const x = Math.abs(distance);
      if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
      if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
      return 0;
    },
  },
};

/** An accumulator of 32 bits holds 8 bits of colour, 2 bits of overshoot and this many of fraction. */
const FRACTION_BITS = 22;
const HALF = 1 << (FRACTION_BITS - 1);

/**
 * The picture at another size, equal on every pixel to Pillow's `Image.resize` (without `reducing_gap`) before its version
 * 13, which does the vertical pass first where that is cheaper.
 *
 * A horizontal pass, rounded to 8 bits, then a vertical one. Making a picture smaller widens the kernel, so nothing
 * aliases. A pass that would not change the size is left out, and so is the copy when neither would.
 *
 * @param width  pixels, at least 1.
 * @param height  pixels, at least 1.
 * @throws {PictureSizeError} if a side is not a whole number of at least 1.
 * @source Pillow, src/libImaging/Resample.c (checked against Pillow 9.4.0 and 12.0.0)
 */
export function resize(picture: Picture, width: number, height: number, filter: Filter = "bicubic"): Picture {
  return withoutPause(resizing(picture, width, height, filter));
}

/** As `resize`, in pieces: for a thread that others wait for. The picture must not change meanwhile. */
export function* resizing(
  picture: Picture,
  width: number,
  height: number,
  filter: Filter = "bicubic",
): Pieces<Picture> {
  checkSize(width, height);
  const { data } = picture;
  const rows = width === picture.width ? data : yield* acrossRows(data, picture.width, picture.height, width, filter);
  const both = height === picture.height ? rows : yield* downColumns(rows, width, picture.height, height, filter);
  return { width, height, data: both };
}

/**
 * The picture resized, aspect kept, so that its shorter edge is `edge` pixels; the longer one is rounded down, as in
 * torchvision's `Resize(edge)`.
 */
export function resizeShortEdge(picture: Picture, edge: number, filter: Filter = "bicubic"): Picture {
  const { width, height } = withShortEdge(picture, edge);
  return resize(picture, width, height, filter);
}

/** The picture resized, aspect kept, so that its longer edge is `edge` pixels; the shorter one is rounded, and at least 1. */
export function resizeLongEdge(picture: Picture, edge: number, filter: Filter = "bicubic"): Picture {
  const { width, height } = withLongEdge(picture, edge);
  return resize(picture, width, height, filter);
}

type Size = Pick<Picture, "width" | "height">;

/** The size that `resizeShortEdge` gives. */
export function withShortEdge({ width, height }: Size, edge: number): Size {
  const long = Math.floor((edge * Math.max(width, height)) / Math.min(width, height));
  return width <= height ? { width: edge, height: long } : { width: long, height: edge };
}

/** The size that `resizeLongEdge` gives. */
export function withLongEdge({ width, height }: Size, edge: number): Size {
  const short = Math.max(1, Math.round((edge * Math.min(width, height)) / Math.max(width, height)));
  return width >= height ? { width: edge, height: short } : { width: short, height: edge };
}

/**
 * The middle `width` x `height` pixels.
 *
 * @throws {PictureSizeError} if the picture is smaller than that: resize it first.
 */
export function centreCrop(
  picture: Picture,
  width: number,
  height: number = width,
  centre: Centre = "half-even",
): Picture {
  checkSize(width, height);
  if (width > picture.width || height > picture.height) {
    throw new PictureSizeError(
      `A crop of ${width} x ${height} pixels was asked of a picture of ${picture.width} x ${picture.height}.`,
      "resize the picture first, for example with resizeShortEdge(picture, size)",
    );
  }
  if (width === picture.width && height === picture.height) return picture;
  const rounded = centre === "down" ? Math.floor : halfToEven;
  const left = rounded((picture.width - width) / 2);
  const top = rounded((picture.height - height) / 2);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * picture.width + left) * 3;
    data.set(picture.data.subarray(start, start + width * 3), y * width * 3);
  }
  return { width, height, data };
}

/**
 * The picture in the middle of the smallest square that holds it.
 *
 * @param fill  the colour around it, red, green and blue in 0 to 255. Flamingo pads with the mean colour.
 * @source arXiv:2204.14198, training details: resized with padding
 */
export function padToSquare(picture: Picture, fill: readonly [number, number, number]): Picture {
  const edge = Math.max(picture.width, picture.height);
  if (picture.width === picture.height) return picture;
  const data = new Uint8Array(edge * edge * 3);
  for (let i = 0; i < data.length; i++) data[i] = fill[i % 3]!;
  const left = Math.floor((edge - picture.width) / 2);
  const top = Math.floor((edge - picture.height) / 2);
  for (let y = 0; y < picture.height; y++) {
    const row = picture.data.subarray(y * picture.width * 3, (y + 1) * picture.width * 3);
    data.set(row, ((top + y) * edge + left) * 3);
  }
  return { width: edge, height: edge, data };
}

/** For each output position: the first source position it reads, how many, and their fixed-point weights. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `[output positions, stride]`, unused places zero. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/** Multiplications in a piece of work: a millisecond or less. A single output pixel may need more. */
const PIECE = 500_000;

function* taps(from: number, to: number, filter: Filter): Pieces<Taps> {
  const kernel = KERNELS[filter];
  const scale = from / to;
  const spread = Math.max(scale, 1);
  const support = kernel.support * spread;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(to);
  const count = new Int32Array(to);
  const weights = new Int32Array(to * stride);
  const exact = new Float64Array(stride);
  // A weight takes about as long as ten multiplications.
  const each = Math.max(1, Math.floor(PIECE / 10 / stride));
  for (let out = 0; out < to; out++) {
    const centre = (out + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const length = Math.min(from, Math.trunc(centre + support + 0.5)) - start;
    let sum = 0;
    for (let i = 0; i < length; i++) {
      exact[i] = kernel.weight((i + start - centre + 0.5) * (1 / spread));
      sum += exact[i]!;
    }
    for (let i = 0; i < length; i++) {
      const share = (sum === 0 ? exact[i]! : exact[i]! / sum) * (1 << FRACTION_BITS);
      weights[out * stride + i] = Math.trunc(share + (share < 0 ? -0.5 : 0.5));
    }
    first[out] = start;
    count[out] = length;
    if ((out + 1) % each === 0) yield;
  }
  return { first, count, weights, stride };
}

function* acrossRows(data: Uint8Array, from: number, height: number, to: number, filter: Filter): Pieces<Uint8Array> {
  const table = yield* taps(from, to, filter);
  const out = new Uint8ClampedArray(to * height * 3);
  const each = Math.max(1, Math.floor(PIECE / (3 * table.stride)));
  for (let begin = 0; begin < to * height; begin += each) {
    const end = Math.min(to * height, begin + each);
    pixelsAcross(data, from, table, to, out, begin, end);
    yield;
  }
  return new Uint8Array(out.buffer);
}

/** Output pixels `begin` to `end`, counted over all rows. */
function pixelsAcross(
  data: Uint8Array,
  from: number,
  { first, count, weights, stride }: Taps,
  to: number,
  out: Uint8ClampedArray,
  begin: number,
  end: number,
): void {
  for (let pixel = begin; pixel < end; pixel++) {
    const y = Math.floor(pixel / to);
    const x = pixel - y * to;
    let red = HALF;
    let green = HALF;
    let blue = HALF;
    let source = (y * from + first[x]!) * 3;
    const last = x * stride + count[x]!;
    for (let i = x * stride; i < last; i++, source += 3) {
      const weight = weights[i]!;
      red += data[source]! * weight;
      green += data[source + 1]! * weight;
      blue += data[source + 2]! * weight;
    }
    out[pixel * 3] = red >> FRACTION_BITS;
    out[pixel * 3 + 1] = green >> FRACTION_BITS;
    out[pixel * 3 + 2] = blue >> FRACTION_BITS;
  }
}

function* downColumns(data: Uint8Array, width: number, from: number, to: number, filter: Filter): Pieces<Uint8Array> {
  const table = yield* taps(from, to, filter);
  const row = width * 3;
  const out = new Uint8ClampedArray(row * to);
  const each = Math.max(1, Math.floor(PIECE / (row * table.stride)));
  for (let begin = 0; begin < to; begin += each) {
    rowsDown(data, row, table, out, begin, Math.min(to, begin + each));
    yield;
  }
  return new Uint8Array(out.buffer);
}

/** Output rows `begin` to `end`. */
function rowsDown(
  data: Uint8Array,
  row: number,
  { first, count, weights, stride }: Taps,
  out: Uint8ClampedArray,
  begin: number,
  end: number,
): void {
  const sums = new Int32Array(row);
  for (let y = begin; y < end; y++) {
    sums.fill(HALF);
    for (let i = 0; i < count[y]!; i++) {
      const weight = weights[y * stride + i]!;
      const source = (first[y]! + i) * row;
      for (let x = 0; x < row; x++) sums[x]! += data[source + x]! * weight;
    }
    for (let x = 0; x < row; x++) out[y * row + x] = sums[x]! >> FRACTION_BITS;
  }
}

/** Rounds as Python's `round` does, which places torchvision's crop. */
function halfToEven(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value);
}

function checkSize(width: number, height: number): void {
  if (Number.isInteger(width) && Number.isInteger(height) && width >= 1 && height >= 1) return;
  throw new PictureSizeError(
    `A picture of ${width} x ${height} pixels was asked for.`,
    "give a width and a height that are whole numbers of at least 1",
  );
}
