/** The likeliest token, again and again: how the paper's sample dialogues were made. */
import { continueWith, type StreamOptions } from "./continue.js";
import { type LanguageState, likeliest } from "./language-state.js";
import type { Generated } from "./stop.js";

/**
 * Answers with the likeliest token at each step; of equals, the lowest id.
 * @param state  the prompt, read; it is left as it is.
 */
export function greedy(state: LanguageState, options: StreamOptions): Promise<Generated> {
  return continueWith(state, options, likeliest);
}
