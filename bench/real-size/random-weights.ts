/** Weights of no model: numbers drawn as fast as a disk takes them, and spread so that activations keep their size. */
import { Random } from "#dist/random.js";

/** How the numbers of a tensor are drawn: evenly, `spread` to each side of `centre`. */
export interface Draw {
  readonly shape: readonly number[];
  readonly centre: number;
  readonly spread: number;
}

/** What standard deviation an even distribution has for its half width. */
const EVEN = Math.sqrt(3);

/** A linear map, stored [out, in], that keeps the variance of what it is given; `gain` of it. */
export const map = (outputs: number, inputs: number, gain = 1): Draw => ({
  shape: [outputs, inputs],
  centre: 0,
  spread: (gain * EVEN) / Math.sqrt(inputs),
});

/** Any tensor of a given deviation around 0. */
export const around0 = (shape: readonly number[], deviation: number): Draw => ({
  shape,
  centre: 0,
  spread: EVEN * deviation,
});

/** The gain of a normalisation. */
export const gain = (width: number): Draw => ({ shape: [width], centre: 1, spread: 0.1 });

/** The numbers of a tensor, float32, the same for the same name. */
export function drawn(name: string, { shape, centre, spread }: Draw): Float32Array<ArrayBuffer> {
  const numbers = new Float32Array(shape.reduce((product, size) => product * size, 1));
  const step = spread / 2 ** 31;
  // xorshift32 (Marsaglia): a seed for each name, and then some billions of draws in seconds.
  let bits = new Random(`real-size/${name}`).bits() | 1;
  for (let i = 0; i < numbers.length; i++) {
    bits ^= bits << 13;
    bits ^= bits >>> 17;
    bits ^= bits << 5;
    numbers[i] = centre + bits * step;
  }
  return numbers;
}
