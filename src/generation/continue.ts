/** The walk that greedy decoding and sampling share: one token after the other until the answer ends. */
import { type LanguageState, logSoftmax } from "./language-state.js";
import { type Generated, requireStop, type StopOptions } from "./stop.js";

/** How one answer is told while it is written. */
export interface StreamOptions extends StopOptions {
  /** Called with each token of the answer as soon as it is chosen. */
  readonly onToken?: (token: number) => void;
}

/**
 * Writes an answer, each token chosen from the model's log-probabilities.
 * @param state  the prompt, read; it is left as it is, and every state made here is released.
 * @param choose  given log-probabilities `[vocab]`, the next token.
 */
export async function continueWith(
  state: LanguageState,
  options: StreamOptions,
  choose: (logProbs: Float64Array) => number,
): Promise<Generated> {
  requireStop(options);
  const tokens: number[] = [];
  const tokenLogProbs: number[] = [];
  let current = state;
  const ended = (finished: Generated["finished"]): Generated => {
    return { tokens, tokenLogProbs, logProb: tokenLogProbs.reduce((sum, logProb) => sum + logProb, 0), finished };
  };
  try {
    while (tokens.length < options.maximumTokens) {
      options.signal?.throwIfAborted();
      const logProbs = logSoftmax(current.logits, options.forbidden);
      const token = choose(logProbs);
      tokenLogProbs.push(logProbs[token]!);
      if (options.stop.includes(token)) return ended("eoc");
      tokens.push(token);
      options.onToken?.(token);
      if (tokens.length === options.maximumTokens) break;
      const next = await current.extend(token, options.signal);
      if (current !== state) current.release?.();
      current = next;
    }
    return ended("length");
  } finally {
    if (current !== state) current.release?.();
  }
}
