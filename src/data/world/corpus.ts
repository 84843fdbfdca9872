/**
 * All kinds of page in one stream: what a tokenizer and a language model are trained on.
 */
import type { Random } from "../../random.js";
import { bindingEpisode } from "./binding.js";
import { captionPair } from "./captions.js";
import { examplesPage, interleavedPage } from "./interleaved.js";
import { describe, type ScenePage } from "./pages.js";
import { questionPair } from "./questions.js";
import type { WorldOptions } from "./sampling.js";
import { textPage } from "./stories.js";

/** A page's kind in `anyPage`, with its share of the pages. */
export const PAGE_SHARES = {
  caption: 0.22,
  question: 0.13,
  binding: 0.25,
  examples: 0.08,
  interleaved: 0.17,
  text: 0.15,
} as const satisfies Readonly<Record<string, number>>;

/** A page of a random kind, by `PAGE_SHARES`. */
export function anyPage(random: Random, options: WorldOptions = {}): ScenePage {
  let at = random.uniform();
  for (const [kind, share] of Object.entries(PAGE_SHARES) as [keyof typeof PAGE_SHARES, number][]) {
    if (at < share) return PAGES[kind](random, options);
    at -= share;
  }
  return textPage(random, options);
}

const PAGES: Readonly<Record<keyof typeof PAGE_SHARES, (random: Random, options: WorldOptions) => ScenePage>> = {
  caption: (random, options) => captionPair(random, options),
  question: (random, options) => questionPair(random, options).page,
  binding(random, options) {
    const naming = random.chance(0.75) ? "invented" : "shuffled";
    const ways = 2 + random.integer(5);
    return bindingEpisode(random, { ...options, ways, queries: 2 + random.integer(11 - ways), naming }).page;
  },
  examples: (random, options) => examplesPage(random, 2 + random.integer(4), options),
  interleaved: (random, options) => interleavedPage(random, options),
  text: (random, options) => textPage(random, options),
};

/** `count` described pages of all kinds: text for training a tokenizer. */
export function* corpusForTokenizer(random: Random, count: number): Iterable<string> {
  for (let i = 0; i < count; i++) yield describe(anyPage(random), random);
}
