/** Answers drawn at random, the same for the same seed. */
import { UsageError } from "../errors.js";
import type { Random } from "../random.js";
import { continueWith, type StreamOptions } from "./continue.js";
import type { LanguageState } from "./language-state.js";
import type { Generated } from "./stop.js";

/** How answers are drawn. */
export interface SampleOptions extends StreamOptions {
  readonly random: Random;
  /** Above 0. Below 1 the likely becomes likelier; 1, the model's own distribution, unless told. */
  readonly temperature?: number;
  /** Above 0 up to 1: only the fewest likeliest tokens that together have this probability may come. 1 unless told. */
  readonly topP?: number;
}

/**
 * Draws an answer. The log-probabilities it is given back with are the model's own, before temperature and nucleus, so
 * that answers of all strategies compare.
 *
 * @param state  the prompt, read; it is left as it is.
 * @throws {UsageError} for a temperature or a nucleus that is no distribution.
 * @source arXiv:1904.09751, section 3.1 (nucleus)
 */
export async function sample(state: LanguageState, options: SampleOptions): Promise<Generated> {
  const { random, temperature = 1, topP = 1 } = options;
  if (!(temperature > 0 && temperature < Number.POSITIVE_INFINITY))
    throw new UsageError(`A temperature of ${temperature} was asked for.`, "give one above 0, or answer greedily");
  if (!(topP > 0 && topP <= 1))
    throw new UsageError(`A nucleus of ${topP} was asked for.`, "give one above 0, up to 1");
  return continueWith(state, options, (logProbs) => {
    const probabilities = tempered(logProbs, temperature);
    return draw(nucleus(probabilities, topP), probabilities, random);
  });
}

/** Probabilities `[vocab]` of `logProbs / temperature`, normalised. */
export function tempered(logProbs: Float64Array, temperature: number): Float64Array {
  const largest = logProbs.reduce((most, logProb) => Math.max(most, logProb), Number.NEGATIVE_INFINITY);
  const weights = logProbs.map((logProb) => Math.exp((logProb - largest) / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** The fewest likeliest tokens whose probability reaches `topP`, likeliest first, equals by id; all, by id, for 1. */
export function nucleus(probabilities: Float64Array, topP: number): number[] {
  if (topP === 1) return [...probabilities.keys()];
  // Tokens below this bound together have less than 1 - topP, so none of them can be needed, and few are left to sort.
  const bound = (1 - topP) / probabilities.length;
  const likely: number[] = [];
  for (let token = 0; token < probabilities.length; token++) if (probabilities[token]! >= bound) likely.push(token);
  likely.sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
  let reached = 0;
  const last = likely.findIndex((token) => {
    reached += probabilities[token]!;
    return reached >= topP - 1e-12;
  });
  return last < 0 ? likely : likely.slice(0, last + 1);
}

/** One of the tokens, by their probabilities among themselves. */
function draw(tokens: readonly number[], probabilities: Float64Array, random: Random): number {
  let left = random.uniform() * tokens.reduce((sum, token) => sum + probabilities[token]!, 0);
  const drawn = tokens.find((token) => {
    left -= probabilities[token]!;
    return left < 0;
  });
  return drawn ?? tokens.findLast((token) => probabilities[token]! > 0)!;
}
