/** What the strategies ask of a language model: the next token's logits, and going on. */
import { FlamingoError } from "../errors.js";

/**
 * A text read so far, with everything that the model keeps of it. It never changes: going on gives another one, and
 * several may go on from the same one.
 */
export interface LanguageState {
  /** `[vocab]`: unnormalised log-probabilities of the next token. */
  readonly logits: Float32Array;
  /** The state after one more token. @throws the signal's reason, as soon as it fires */
  extend(token: number, signal?: AbortSignal): Promise<LanguageState>;
  /** Gives back what only this state holds. States that went on from it stay good. */
  release?(): void;
}

/** One state and the token that it goes on with. */
export interface Step<State extends LanguageState = LanguageState> {
  readonly state: State;
  readonly token: number;
}

/**
 * How several continuations are computed together. An engine that can batch gives its own; the results are those of
 * `oneByOne`.
 */
export interface Batching<State extends LanguageState = LanguageState> {
  /** The states after one more token each, in the order of the steps. A state may stand in several steps. */
  extendMany(steps: readonly Step<State>[], signal?: AbortSignal): Promise<State[]>;
  /**
   * Log-probabilities along given continuations of one state, in one pass each or all: number i of a continuation is that
   * of its token i + 1 after those before it, so a continuation of n tokens has n - 1. Nothing of them is kept. Left
   * out, continuations are read token by token.
   */
  scoreMany?(
    state: State,
    continuations: readonly (readonly number[])[],
    signal?: AbortSignal,
  ): Promise<readonly ArrayLike<number>[]>;
}

/** Batching for a state that has none: one after the other. */
export const oneByOne: Batching = {
  async extendMany(steps, signal) {
    const states: LanguageState[] = [];
    try {
      for (const { state, token } of steps) states.push(await state.extend(token, signal));
    } catch (error) {
      for (const state of states) state.release?.();
      throw error;
    }
    return states;
  },
};

/** Logits that are not numbers, or forbid every token: no answer can be drawn from them. */
export class LogitsError extends FlamingoError {
  readonly code = "GENERATION_LOGITS";
}

/**
 * Log-probabilities of the next token, in float64: `logits - log(sum(exp(logits)))`, with the largest taken out first.
 * @param logits  `[vocab]`; -Infinity for a token that cannot come.
 * @param forbidden  tokens that must not come; the others share their probability.
 * @throws {LogitsError} if a logit is NaN or +Infinity, or no token may come.
 */
export function logSoftmax(logits: Float32Array, forbidden: readonly number[] = []): Float64Array {
  const logProbs = Float64Array.from(logits);
  for (const token of forbidden) logProbs[token] = Number.NEGATIVE_INFINITY;
  let largest = Number.NEGATIVE_INFINITY;
  for (const logit of logProbs) if (logit > largest) largest = logit;
  let sum = 0;
  for (const logit of logProbs) sum += Math.exp(logit - largest);
  if (!Number.isFinite(largest) || Number.isNaN(sum))
    throw new LogitsError(
      "The logits of the next token hold NaN or Infinity, or forbid every token.",
      "check the weights and the prompt's pixels for numbers that are not finite, and the list of forbidden tokens",
    );
  const total = largest + Math.log(sum);
  for (let token = 0; token < logProbs.length; token++) logProbs[token]! -= total;
  return logProbs;
}

/** The likeliest token; of several, the one with the lowest id. */
export function likeliest(logProbs: Float64Array): number {
  let best = 0;
  for (let token = 1; token < logProbs.length; token++) if (logProbs[token]! > logProbs[best]!) best = token;
  return best;
}

/** The `count` likeliest tokens, likeliest first, equals by id; fewer if fewer can come at all. */
export function likeliestTokens(logProbs: Float64Array, count: number): number[] {
  const best: number[] = [];
  for (let token = 0; token < logProbs.length; token++) {
    const logProb = logProbs[token]!;
    if (logProb === Number.NEGATIVE_INFINITY) continue;
    if (best.length === count && logProb <= logProbs[best[count - 1]!]!) continue;
    let place = best.length;
    while (place > 0 && logProb > logProbs[best[place - 1]!]!) place--;
    best.splice(place, 0, token);
    if (best.length > count) best.pop();
  }
  return best;
}
