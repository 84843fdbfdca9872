/**
 * Weights kept standardised, as networks without batch normalisation want them: mean 0 and deviation 1 over the inputs,
 * then a learnt gain over the root of how many inputs there are. @source arXiv:2101.08692, section 4.1
 */
import { filled, normal } from "../../nn/layers.js";
import type { Parameter } from "../../nn/parameters.js";
import type { Random } from "../../random.js";

/** A weight kept standardised: mean 0 and deviation 1 over its inputs, then `gain / sqrt(inputs)`. */
export interface Standardised<Leaf> {
  /** [taps, channels in, channels out]; channels in of a group, where there are groups */
  readonly weight: Leaf;
  /** [channels out] */
  readonly gain: Leaf;
  /** [channels out] */
  readonly offset: Leaf;
}

/**
 * Standardised, a weight may have any deviation; how far one step of the optimizer turns it depends on it. This one is
 * that of a plain weight.
 */
export function initStandardised(random: Random, taps: number, from: number, to: number): Standardised<Parameter> {
  const inputs = taps * from;
  return {
    weight: normal(random, [taps, from, to], 1 / Math.sqrt(inputs)),
    gain: filled([to], 1),
    offset: filled([to], 0),
  };
}
