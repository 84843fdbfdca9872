/**
 * AdamW over typed arrays, in place: in WebAssembly (`adamw.wat`), four numbers at a time, because this loop is all of a
 * training step that is not the engine's.
 * @source Loshchilov and Hutter, arXiv 1711.05101
 */
import { MODULE } from "./adamw.generated.js";

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled weight decay, for parameters that decay. */
  readonly weightDecay: number;
}

/** Running means of one parameter's gradient and of its square. */
export interface Moments {
  readonly first: Float32Array;
  readonly second: Float32Array;
}

/** Numbers of each array that the module's memory holds at a time: all four fit into the nearest caches. */
const BLOCK = 4096;

/** What the module exports, and the part of WebAssembly's interface that opens it: in Node's types there is none. */
interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer };
  update(bytes: number, ...numbers: number[]): void;
}
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Kernel };
};

const bytes = Uint8Array.from(atob(MODULE), (letter) => letter.charCodeAt(0));
const { memory, update } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
const [parameterBlock, gradientBlock, firstBlock, secondBlock] = [0, 1, 2, 3].map(
  (i) => new Float32Array(memory.buffer, i * BLOCK * Float32Array.BYTES_PER_ELEMENT, BLOCK),
) as [Float32Array, Float32Array, Float32Array, Float32Array];

/**
 * One update of one parameter, in float32.
 * @param step  1 for the first update, for the correction of the moments' start at zero
 * @param scale  factor on the gradient: clipping, and the objective's weight
 */
export function adamW(
  parameter: Float32Array,
  gradient: Float32Array,
  { first, second }: Moments,
  { beta1, beta2, epsilon, weightDecay }: AdamWOptions,
  { step, learningRate, decays, scale }: { step: number; learningRate: number; decays: boolean; scale: number },
): void {
  const stride = learningRate / (1 - beta1 ** step);
  const correction = 1 / Math.sqrt(1 - beta2 ** step);
  const keep = decays ? 1 - learningRate * weightDecay : 1;
  for (let from = 0; from < parameter.length; from += BLOCK) {
    const to = Math.min(from + BLOCK, parameter.length);
    const used = 16 * Math.ceil((to - from) / 4);
    parameterBlock.set(parameter.subarray(from, to));
    gradientBlock.set(gradient.subarray(from, to));
    firstBlock.set(first.subarray(from, to));
    secondBlock.set(second.subarray(from, to));
    update(used, scale, beta1, 1 - beta1, beta2, 1 - beta2, keep, stride, correction, epsilon);
    parameter.set(parameterBlock.subarray(0, to - from), from);
    first.set(firstBlock.subarray(0, to - from), from);
    second.set(secondBlock.subarray(0, to - from), from);
  }
}

/** Euclidean norm of several arrays taken as one vector. */
export function globalNorm(arrays: Iterable<Float32Array>): number {
  let squares = 0;
  for (const array of arrays) squares += sumOfSquares(array);
  return Math.sqrt(squares);
}

/** In four sums side by side: each waits only for itself. */
function sumOfSquares(array: Float32Array): number {
  const whole = array.length - (array.length % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    a += array[i]! * array[i]!;
    b += array[i + 1]! * array[i + 1]!;
    c += array[i + 2]! * array[i + 2]!;
    d += array[i + 3]! * array[i + 3]!;
  }
  for (let i = whole; i < array.length; i++) a += array[i]! * array[i]!;
  return a + b + (c + d);
}
