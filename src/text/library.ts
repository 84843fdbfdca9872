/**
 * The parts of `@huggingface/tokenizers` that are used here, typed: its own declarations do not resolve from ES modules.
 */

import * as published from "@huggingface/tokenizers";

export interface LibraryTokenizer {
  readonly normalizer: { normalize(text: string): string } | null;
  readonly pre_tokenizer: Splitter | null;
  readonly model: { encode(pieces: readonly string[]): string[]; readonly tokens_to_ids: ReadonlyMap<string, number> };
  encode(text: string, options: { add_special_tokens: boolean }): { readonly ids: number[] };
  decode(
    ids: readonly number[],
    options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean },
  ): string;
}

export interface Splitter {
  pre_tokenize(text: string, options?: { section_index: number }): string[];
}

interface Library {
  readonly Tokenizer: new (json: object, config: object) => LibraryTokenizer;
  readonly SplitPreTokenizer: new (step: object) => Splitter;
}

export const library = published as unknown as Library;
