/** Long documents: a window for training, a refusal for a question. */
import type { Random } from "../random.js";
import type { Tokenizer } from "../text/tokenizer.js";
import type { Document, Medium } from "./document.js";
import { PromptLimitError } from "./errors.js";
import { type Interleaved, lookAt } from "./interleave.js";

/** How much of a document fits. The paper trains on web pages with 5 media and 256 tokens. */
export interface PromptLimits {
  readonly maximumMedia: number;
  readonly maximumTokens: number;
}

/** @source arXiv:2204.14198, appendix A (web pages) */
export const paperPage: PromptLimits = { maximumMedia: 5, maximumTokens: 256 };

/**
 * Part of a sequence for training: at most `maximumTokens` from position `from`, ending before the tag of the first
 * medium that is too many, so that every tag left has its picture. Media whose tag lies before `from` are gone, and text
 * up to the next tag sees nothing (under `next`: that next medium).
 */
export function truncate(item: Interleaved, limits: PromptLimits, from = 0): Interleaved {
  const { tagLength } = item;
  const split = item.starts.find((start) => start < from && from < start + tagLength);
  const begin = split === undefined ? from : split + tagLength;
  let end = Math.min(item.tokens.length, begin + limits.maximumTokens);
  const first = item.starts.findIndex((start) => start >= begin);
  const inside = first < 0 ? [] : item.starts.slice(first).filter((start) => start + tagLength <= end);
  const surplus = first < 0 ? undefined : item.starts[first + Math.min(inside.length, limits.maximumMedia)];
  if (surplus !== undefined) end = Math.min(end, surplus);
  const starts = inside.slice(0, limits.maximumMedia).map((start) => start - begin);
  return {
    ...item,
    tokens: item.tokens.slice(begin, end),
    lossMask: item.lossMask.slice(begin, end),
    lastMedia: lookAt(end - begin, starts, tagLength, item.placement),
    media: first < 0 ? [] : item.media.slice(first, first + starts.length),
    starts,
  };
}

/** A random window of a long sequence, every beginning that leaves it full being equally likely; a short one whole. */
export function randomWindow(item: Interleaved, limits: PromptLimits, random: Random): Interleaved {
  const slack = Math.max(0, item.tokens.length - limits.maximumTokens);
  return truncate(item, limits, random.integer(slack + 1));
}

/**
 * Returns the prompt if it fits, unchanged.
 * @throws {PromptLimitError} if it does not, saying how many were found and how many are allowed: a cut prompt would
 *   lose its question.
 */
export function requireWithin(item: Interleaved, limits: PromptLimits): Interleaved {
  const { maximumMedia, maximumTokens } = limits;
  if (item.media.length > maximumMedia) throw new PromptLimitError("media", item.media.length, maximumMedia);
  if (item.tokens.length > maximumTokens) throw new PromptLimitError("tokens", item.tokens.length, maximumTokens);
  return item;
}

/**
 * Returns a document whose text may fit, unchanged. What cannot is told before it is made tokens of, which of a book takes seconds.
 * @throws {PromptLimitError} with the least number of tokens that the text can be
 */
export function requireShort(
  document: Document,
  { longestToken }: Tokenizer,
  { maximumTokens }: PromptLimits,
): Document {
  if (longestToken === undefined) return document;
  const length = document.reduce((sum, segment) => sum + ("text" in segment ? segment.text.length : 0), 0);
  const least = Math.ceil(length / longestToken);
  if (least > maximumTokens) throw new PromptLimitError("tokens", least, maximumTokens, "at least ");
  return document;
}

/** A medium found apart from the text, and the text (0-based) that it stands before. */
export interface PlacedMedium {
  readonly medium: Medium;
  readonly before: number;
}

/**
 * Puts media that were kept apart from their texts where they belong, in the order of the texts whatever their own was.
 * To be done before anything is cut: OpenFlamingo's loader cut and stacked pictures in their own order while the tags
 * were in the order of the sentences, so the text of a page could look at the wrong pictures.
 * @throws {RangeError} if a medium stands before a text that there is not; `texts.length` means after the last.
 */
export function placeMedia(texts: readonly string[], placed: readonly PlacedMedium[]): Document {
  const beyond = placed.find(({ before }) => !(before >= 0 && before <= texts.length));
  if (beyond) throw new RangeError(`placeMedia: a medium stands before text ${beyond.before} of ${texts.length}`);
  const at = (index: number) => placed.filter(({ before }) => before === index).map(({ medium }) => medium);
  return [...texts.flatMap((text, index) => [...at(index), { text }]), ...at(texts.length)];
}
