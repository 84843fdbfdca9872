/** AdamW over typed arrays, in place. @source Loshchilov and Hutter, arXiv 1711.05101 */
import { UsageError } from "../errors.js";
import type { ArrayOf } from "../graph/index.js";
import { flatten } from "../nn/parameters.js";
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
 * One update of one parameter.
 * @param step  1 for the first update, for the correction of the moments' start at zero
 * @param scale  factor on the gradient: clipping
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
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i]! * scale;
    const m = beta1 * first[i]! + (1 - beta1) * g;
    const v = beta2 * second[i]! + (1 - beta2) * g * g;
    first[i] = m;
    second[i] = v;
    parameter[i] = parameter[i]! * keep - (stride * m) / (Math.sqrt(v) * correction + epsilon);
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

/** Euclidean norm of several arrays taken as one vector. */
export function globalNorm(arrays: Iterable<Float32Array>): number {
  let squares = 0;
  for (const array of arrays) {
    let sum = 0;
    for (let i = 0; i < array.length; i++) sum += array[i]! * array[i]!;
    squares += sum;
  }
  return Math.sqrt(squares);
}
