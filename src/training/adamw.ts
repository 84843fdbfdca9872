/**
 * AdamW over typed arrays, in place, and what else a training step does outside the engine: in WebAssembly, four numbers at a
 * time. Arrays of one `Arena` are worked on where they lie, others block by block through a small one.
 * @source Loshchilov and Hutter, arXiv 1711.05101
 */
import { UsageError } from "../errors.js";
import type { ArrayOf } from "../graph/index.js";
import { flatten } from "../nn/parameters.js";
import { Arena, bytesOf } from "./arena.js";
import { gradientName } from "./objective.js";

/** Constants of the update. */
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
  const numbers = [scale, beta1, 1 - beta1, beta2, 1 - beta2, keep, stride, correction, epsilon];
  worked([parameter, gradient, first, second], [parameter, first, second], ({ kernel }, [p, g, m, v], bytes) =>
    kernel.update(p!, g!, m!, v!, bytes, ...numbers),
  );
}

/** `sum += weight * own`, entry by entry. */
export function accumulate(sum: Float32Array, own: Float32Array, weight: number): void {
  worked([sum, own], [sum], ({ kernel }, [to, from], bytes) => kernel.accumulate(to!, from!, bytes, weight));
}

/** Numbers of each array that are copied at a time: together they fit into the nearest caches. */
const BLOCK = 4096;
const blocks = Arena.for([BLOCK, BLOCK, BLOCK, BLOCK])!;
const copies = [blocks.take(BLOCK), blocks.take(BLOCK), blocks.take(BLOCK), blocks.take(BLOCK)];

/**
 * Works through arrays of one length: at once, if they lie in one arena, and else in copies of their parts.
 * @param changed  those of them that the work writes
 * @param work  is given where the arrays or their parts lie, and how many bytes each of them has
 */
function worked(
  arrays: readonly Float32Array[],
  changed: readonly Float32Array[],
  work: (arena: Arena, at: readonly number[], bytes: number) => void,
): void {
  const { length } = arrays[0]!;
  if (length === 0) return;
  const home = Arena.of(arrays[0]!);
  if (home !== undefined && arrays.every((array) => Arena.of(array) === home)) {
    const at = arrays.map(({ byteOffset }) => byteOffset);
    work(home, at, bytesOf(length));
    return;
  }
  for (let from = 0; from < length; from += BLOCK) {
    const to = Math.min(from + BLOCK, length);
    // What an array does not fill up to a multiple of four stands as zeros.
    arrays.forEach((array, i) => {
      copies[i]!.fill(0, to - from, Math.min(BLOCK, to - from + 3));
      copies[i]!.set(array.subarray(from, to));
    });
    const at = copies.slice(0, arrays.length).map(({ byteOffset }) => byteOffset);
    work(blocks, at, bytesOf(to - from));
    for (const array of changed) array.set(copies[arrays.indexOf(array)]!.subarray(0, to - from), from);
  }
}

/** One update, in place, of all the parameters it was made for. */
export type Update = (outputs: Readonly<Record<string, { readonly data: ArrayOf }>>, learningRate: number) => void;

/**
 * AdamW over the trained parameters of a tree, whose moments it keeps.
 * @returns  a function to be called once a step, with what a `trainingGraph` gave
 * @throws {UsageError} (the function) if there is no gradient of a trained parameter: it would stay as it is in silence
 */
export function adamWOver(tree: unknown, options: AdamWOptions): Update {
  const parameters = [...flatten(tree)]
    .filter(([, { trained }]) => trained)
    .map(([path, { data, decay }]) => ({
      path,
      data,
      decay,
      moments: { first: new Float32Array(data.length), second: new Float32Array(data.length) },
    }));
  let step = 0;
  return (outputs, learningRate) => {
    step++;
    for (const { path, data, decay, moments } of parameters) {
      const gradient = outputs[gradientName(path)];
      if (gradient === undefined)
        throw new UsageError(`there is no gradient of ${path}`, "make the loss depend on it, or freeze it");
      const at = { step, learningRate, decays: decay, scale: 1 };
      adamW(data, gradient.data as Float32Array, moments, options, at);
    }
  };
}

/** Euclidean norm of several arrays taken as one vector, added up in float64. */
export function globalNorm(arrays: Iterable<Float32Array>): number {
  let squares = 0;
  for (const array of arrays)
    worked([array], [], ({ kernel }, [at], bytes) => {
      squares += kernel.squares(at!, bytes);
    });
  return Math.sqrt(squares);
}
