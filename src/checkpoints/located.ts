/** The numbers of tensors whose place is known, read in the order in which they stand and put in the order that is wanted. */
import type { Bytes } from "./bytes.js";
import { DTYPE_BYTES, type Dtype, product, toFloat32, widened } from "./safetensors.js";

/** Where a tensor stands. Its reader has made sure that all of it is inside the file. */
export interface Located {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** How far apart the numbers of each axis are, in numbers; row-major without gaps unless told. */
  readonly strides?: readonly number[];
  readonly file: Bytes;
  /** Byte of the file at which its first number stands. */
  readonly begin: number;
}

/** Numbers to be picked out of a tensor that itself stands with gaps, which is read whole first. */
export interface Rearranged {
  readonly whole: Located;
  readonly shape: readonly number[];
  /** In numbers of the whole, row-major; as is the offset. */
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Bytes that are read at once, unless the wanted ones stand together and need nothing done to them. */
const WINDOW = 2 ** 24;

type Numbers = Uint8Array | Uint16Array | Uint32Array | BigUint64Array | Float32Array;
/** Arrays by the size of their numbers, to move numbers without looking at them. */
const MOVERS = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array } as const;

/** Float32 numbers, row-major. Beside them no more than a window is held, or the whole that they are picked out of. */
export async function readNumbers(tensor: Located | Rearranged): Promise<Float32Array> {
  if ("whole" in tensor) {
    const numbers = new Float32Array(product(tensor.shape));
    pick(await readNumbers(tensor.whole), numbers, tensor);
    return numbers;
  }
  const { dtype, file, begin, shape } = tensor;
  const length = product(shape);
  if (isContiguous(tensor) && dtype === "F32") return toFloat32(dtype, await file.read(begin, begin + 4 * length));
  const numbers = new Float32Array(length);
  let wide = new Float32Array(0);
  await gather(tensor, numbers, (bytes) => {
    if (dtype === "F32") return toFloat32(dtype, bytes);
    const needed = bytes.length / DTYPE_BYTES[dtype];
    if (wide.length < needed) wide = new Float32Array(needed);
    return widened(dtype, bytes, wide);
  });
  return numbers;
}

/** The bytes of the numbers, row-major. */
export async function readBytes(tensor: Located | Rearranged): Promise<Uint8Array<ArrayBuffer>> {
  const { dtype, file, begin } = "whole" in tensor ? tensor.whole : tensor;
  const length = product(tensor.shape);
  const Mover = MOVERS[DTYPE_BYTES[dtype]];
  if (!("whole" in tensor) && isContiguous(tensor)) return file.read(begin, begin + length * DTYPE_BYTES[dtype]);
  const numbers = new Mover(length);
  if ("whole" in tensor) pick(new Mover((await readBytes(tensor.whole)).buffer), numbers, tensor);
  else
    await gather(
      tensor,
      numbers,
      ({ buffer, byteOffset, length }) => new Mover(buffer, byteOffset, length / DTYPE_BYTES[dtype]),
    );
  return new Uint8Array(numbers.buffer);
}

/** An axis of numbers: how many, how far apart where they are, and how far apart where they go. */
interface Axis {
  readonly length: number;
  readonly stride: number;
  readonly step: number;
}

function axesOf(shape: readonly number[], strides: readonly number[]): Axis[] {
  const steps = rowMajor(shape);
  return shape.map((length, axis) => ({ length, stride: strides[axis]!, step: steps[axis]! }));
}

/**
 * Reads a tensor in the order in which it stands, the axis with the longest strides outermost, as many of its steps at once
 * as a window holds.
 */
async function gather(
  tensor: Located,
  target: Numbers,
  open: (bytes: Uint8Array<ArrayBuffer>) => Numbers,
): Promise<void> {
  if (target.length === 0) return;
  const { dtype, shape, file, begin } = tensor;
  const size = DTYPE_BYTES[dtype];
  const several = axesOf(shape, stridesOf(tensor)).filter(({ length }) => length > 1);
  const axes = several.length === 0 ? [{ length: 1, stride: 1, step: 1 }] : several.sort((a, b) => b.stride - a.stride);
  const span = (depth: number) => axes.slice(depth).reduce((sum, { length, stride }) => sum + (length - 1) * stride, 1);
  let window = new Uint8Array(0);
  const visit = async (depth: number, from: number, to: number): Promise<void> => {
    const { length, stride, step } = axes[depth]!;
    const inner = span(depth + 1);
    if (inner * size > WINDOW) {
      for (let i = 0; i < length; i++) await visit(depth + 1, from + i * stride, to + i * step);
      return;
    }
    const fit = stride === 0 ? length : 1 + Math.floor((WINDOW / size - inner) / stride);
    for (let i = 0; i < length; i += fit) {
      const now = Math.min(fit, length - i);
      const first = begin + (from + i * stride) * size;
      const needed = ((now - 1) * stride + inner) * size;
      if (window.length < needed) window = new Uint8Array(needed);
      const numbers = open(await file.read(first, first + needed, window));
      move(numbers, target, [{ length: now, stride, step }, ...axes.slice(depth + 1)], 0, to + i * step);
    }
  };
  await visit(0, 0, 0);
}

function pick(source: Numbers, target: Numbers, { shape, strides, offset }: Rearranged): void {
  if (target.length > 0) move(source, target, axesOf(shape, strides), offset, 0);
}

/** Rows and columns that are moved together, so that both where they are and where they go is near by. */
const TILE = 64;
const ONE: Axis = { length: 1, stride: 0, step: 0 };

function move(source: Numbers, target: Numbers, axes: readonly Axis[], from: number, to: number): void {
  if (axes.length > 2) {
    const [{ length, stride, step }, ...inner] = axes as [Axis, ...Axis[]];
    for (let i = 0; i < length; i++) move(source, target, inner, from + i * stride, to + i * step);
    return;
  }
  const [rows, columns] = axes.length === 2 ? (axes as [Axis, Axis]) : ([ONE, axes[0] ?? ONE] as const);
  if (columns.stride === 1 && columns.step === 1) {
    for (let row = 0; row < rows.length; row++) {
      const at = from + row * rows.stride;
      (target as Uint8Array).set((source as Uint8Array).subarray(at, at + columns.length), to + row * rows.step);
    }
    return;
  }
  for (let top = 0; top < rows.length; top += TILE)
    for (let left = 0; left < columns.length; left += TILE)
      for (let row = top; row < Math.min(top + TILE, rows.length); row++) {
        const [here, there] = [from + row * rows.stride, to + row * rows.step];
        for (let column = left; column < Math.min(left + TILE, columns.length); column++)
          target[there + column * columns.step] = source[here + column * columns.stride]!;
      }
}

export function stridesOf({ shape, strides }: Located): readonly number[] {
  return strides ?? rowMajor(shape);
}

/** Whether numbers stand row-major without gaps. */
export function isContiguous({ shape, strides }: Located): boolean {
  if (strides === undefined || product(shape) === 0) return true;
  const wanted = rowMajor(shape);
  return shape.every((length, axis) => length === 1 || strides[axis] === wanted[axis]);
}

/** Strides of a row-major array without gaps. */
export function rowMajor(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}
