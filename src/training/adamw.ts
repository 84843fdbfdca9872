/** AdamW over typed arrays, in place. @source Loshchilov and Hutter, arXiv 1711.05101 */

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
