/** Matrices in 4 or 8 bits: how their numbers are rounded, and what the rounded ones mean. */
import { UsageError } from "../errors.js";
import { type Quantisation, quantisedShapes } from "../graph/index.js";
import { roundedToFloat16 } from "../half.js";
import type { Quantised } from "./parameters.js";

/**
 * Scales that are tried for a block, as what its largest number becomes: -8 and a little less with 4 bits, -128 with 8.
 * The first and the last make the numbers of a quantised matrix come out as they are.
 */
const LARGEST = [0, 0.35, 0.7, 1] as const;

/** The largest scale there is. */
const LARGEST_FLOAT16 = 65_504;

/** Columns that are looked at together, so that a matrix is read line by line. */
const COLUMNS = 64;

/**
 * Rounds a matrix: each column in blocks of numbers that share a scale, which float16 can hold. Of a few scales each block
 * gets the one with the least squared error. What is rounded already comes out as it is.
 * @param data  [in, out], row-major
 * @param name  what errors call it
 * @throws {UsageError} for a number that is not finite, or so large that float16 has no scale for it
 */
export function quantise(
  data: Float32Array,
  [inner, outer]: readonly [inner: number, outer: number],
  { bits, block }: Pick<Quantisation, "bits" | "block">,
  name = "a matrix",
): Pick<Quantised, "packed" | "scales"> {
  const [, blocks, bytes] = quantisedShapes([inner, outer], { bits, block }).packed;
  const half = 2 ** (bits - 1);
  const packed = new Uint8Array(outer * blocks * bytes);
  const scales = new Float32Array(outer * blocks);
  const numbers = new Float32Array(COLUMNS * block);
  for (let b = 0; b < blocks; b++) {
    const rows = Math.min(block, inner - b * block);
    for (let first = 0; first < outer; first += COLUMNS) {
      const columns = Math.min(COLUMNS, outer - first);
      numbers.fill(0);
      for (let row = 0; row < rows; row++) {
        const from = (b * block + row) * outer + first;
        for (let column = 0; column < columns; column++) numbers[column * block + row] = data[from + column]!;
      }
      for (let column = 0; column < columns; column++) {
        const of = numbers.subarray(column * block, (column + 1) * block);
        const at = (first + column) * blocks + b;
        const scale = scaleOf(of, half);
        if (!(Math.abs(scale) <= LARGEST_FLOAT16))
          throw new UsageError(
            `column ${first + column} of ${name} has ${largestOf(of)}, which cannot be held in ${bits} bits`,
            "keep that matrix in float32, or take weights that are finite",
          );
        scales[at] = scale;
        pack(of, scale, half, packed, at * bytes);
      }
    }
  }
  return { packed, scales };
}

/** The scale of a block whose codes are -half to half - 1. */
function scaleOf(numbers: Float32Array, half: number): number {
  const largest = largestOf(numbers);
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const less of LARGEST) {
    const scale = roundedToFloat16(largest / (less - half));
    if (scale === 0) continue;
    const error = errorOf(numbers, scale, half);
    if (error >= least) continue;
    least = error;
    best = scale;
  }
  return best;
}

/** The number that is furthest from 0; what is not finite is further than any other. */
function largestOf(numbers: Float32Array): number {
  let largest = 0;
  let size = 0;
  for (let i = 0; i < numbers.length; i++) {
    const x = numbers[i]!;
    const own = x < 0 ? -x : x;
    if (own > size) {
      size = own;
      largest = x;
    } else if (Number.isNaN(own)) return own;
  }
  return largest;
}

/** The sum of squares of what rounding loses. */
function errorOf(numbers: Float32Array, scale: number, half: number): number {
  const reciprocal = 1 / scale;
  let error = 0;
  for (let i = 0; i < numbers.length; i++) {
    const x = numbers[i]!;
    const rest = x - (codeOf(x * reciprocal, half) - half) * scale;
    error += rest * rest;
  }
  return error;
}

/** The whole number from 0 to 2 half - 1 that means the nearest to `steps` when half is taken off. */
function codeOf(steps: number, half: number): number {
  const code = (steps + half + 0.5) | 0;
  return code < 0 ? 0 : code > 2 * half - 1 ? 2 * half - 1 : code;
}

/** Writes the codes of a block from byte `at` on. */
function pack(numbers: Float32Array, scale: number, half: number, packed: Uint8Array, at: number): void {
  const reciprocal = scale === 0 ? 0 : 1 / scale;
  if (half === 128) for (let i = 0; i < numbers.length; i++) packed[at + i] = codeOf(numbers[i]! * reciprocal, half);
  else
    for (let i = 0; i < numbers.length; i += 2)
      packed[at + (i >> 1)] =
        codeOf(numbers[i]! * reciprocal, half) | (codeOf(numbers[i + 1]! * reciprocal, half) << 4);
}

/** What the numbers of a quantised matrix mean: [in, out], row-major, each a product rounded to float32 once. */
export function dequantised(
  { bits, block, packed, scales }: Omit<Quantised, "activations">,
  [inner, outer]: readonly [inner: number, outer: number],
): Float32Array {
  const [, blocks, bytes] = quantisedShapes([inner, outer], { bits, block }).packed;
  const half = 2 ** (bits - 1);
  const data = new Float32Array(inner * outer);
  for (let row = 0; row < inner; row++) {
    const b = Math.floor(row / block);
    const within = row % block;
    const byte = bits === 8 ? within : within >> 1;
    const shift = bits === 8 || within % 2 === 0 ? 0 : 4;
    for (let column = 0; column < outer; column++) {
      const at = column * blocks + b;
      const code = (packed[at * bytes + byte]! >> shift) & (2 * half - 1);
      data[row * outer + column] = (code - half) * scales[at]!;
    }
  }
  return data;
}
