/** How far a share counted in a sample may lie from the truth. */
import { UsageError } from "../errors.js";

/** A range of shares, both from 0 to 1. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The standard normal quantile of a 95% interval. */
export const Z95 = 1.959963984540054;

/**
 * Wilson's score interval of a proportion: the shares under which the count seen is no further than `z` standard errors
 * from what is expected. It keeps inside [0, 1], and holds near the ends, where the usual interval collapses.
 *
 * @param successes  0 to `trials`; need not be whole.
 * @param trials  above 0.
 * @param z  1.96 (95%) unless told.
 * @throws {UsageError} when `successes` lies outside, or nothing was tried
 * @source Wilson 1927, "Probable inference, the law of succession, and statistical inference"
 */
export function wilson(successes: number, trials: number, z: number = Z95): Interval {
  if (!(trials > 0 && successes >= 0 && successes <= trials))
    throw new UsageError(
      `An interval of ${successes} in ${trials} was asked for.`,
      "give 0 to `trials`, of at least one",
    );
  const share = successes / trials;
  const weight = z ** 2 / trials;
  const centre = (share + weight / 2) / (1 + weight);
  const half = (z * Math.sqrt((share * (1 - share)) / trials + weight / (4 * trials))) / (1 + weight);
  return { low: successes === 0 ? 0 : centre - half, high: successes === trials ? 1 : centre + half };
}
