/** When an answer ends. */
import { UsageError } from "../errors.js";

/** Why an answer ended: the model wrote a stop token, or there was no more room. */
export type Finished = "eoc" | "length";

/** What every strategy is told about ending. */
export interface StopOptions {
  /** Tokens that end an answer: `<EOC>`, and `<EOS>` for models that may write it. */
  readonly stop: readonly number[];
  /** Tokens written at most, the stop token not counted. */
  readonly maximumTokens: number;
  /** Tokens that are never written, such as padding and the tag of an image that nobody gave. */
  readonly forbidden?: readonly number[];
  /** Gives up as soon as it fires, throwing its reason. */
  readonly signal?: AbortSignal;
}

/** An answer. */
export interface Generated {
  /** The tokens of the answer; the stop token is not among them. */
  readonly tokens: readonly number[];
  /** Natural logarithm of the probability that the model gives the answer, its stop token included: the sum of the next. */
  readonly logProb: number;
  /** One for each token and, if `finished` is `eoc`, one more for the stop token. */
  readonly tokenLogProbs: readonly number[];
  readonly finished: Finished;
}

/** @throws {UsageError} if an answer could never end, or never begin. */
export function requireStop({ stop, maximumTokens }: StopOptions): void {
  if (!Number.isInteger(maximumTokens) || maximumTokens < 0)
    throw new UsageError(
      `An answer of at most ${maximumTokens} tokens was asked for.`,
      "give a whole number, 0 or more",
    );
  if (stop.length === 0)
    throw new UsageError("An answer was asked for without any stop token.", "give at least the id of <EOC>");
}

/**
 * Cuts an answer where the model went on to write another prompt: before the first of the words that begin one. The
 * space before the cut goes with it.
 * @param keywords  the `keywords` of the prompt's template, such as `Output:` or `Question:`.
 * @source arXiv:2204.14198v1, appendix on evaluation: answers without `<EOC>` are cut at the prompt's keywords
 */
export function cutAtKeywords(text: string, keywords: readonly string[]): string {
  const found = keywords.map((keyword) => (keyword === "" ? -1 : text.indexOf(keyword))).filter((at) => at >= 0);
  return found.length === 0 ? text : text.slice(0, Math.min(...found)).trimEnd();
}
