/**
 * The `tokenizer.json` of the HuggingFace tokenizers library: what trained tokenizers are kept in, and what published
 * ones come in.
 */

import { FlamingoError } from "../errors.js";

/** A token that is recognised in text before anything else is. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

/** One step of the pipeline, with its own fields beside its type. */
export interface Step {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A whole `tokenizer.json`. */
export interface TokenizerJson {
  readonly version: string;
  readonly truncation: null;
  readonly padding: null;
  readonly added_tokens: readonly AddedToken[];
  readonly normalizer: Step | null;
  readonly pre_tokenizer: Step | null;
  readonly post_processor: Step | null;
  readonly decoder: Step | null;
  readonly model: Step;
}

/** A tokenizer file that cannot be used, or a tokenizer that cannot be made as asked. */
export class TokenizerFileError extends FlamingoError {
  readonly code = "TEXT_TOKENIZER_FILE";
}

/**
 * The contents of a `tokenizer.json`, of which so much is sure: a model of a known type with a vocabulary, and added tokens that
 * are spelt and have ids.
 *
 * @param place  what errors call the file
 * @throws {TokenizerFileError} if they are not that
 */
export function tokenizerJsonOf(contents: unknown, place: string): TokenizerJson {
  const { model, added_tokens } = (contents ?? {}) as Partial<TokenizerJson>;
  const added = added_tokens ?? [];
  const fault =
    typeof model?.type !== "string"
      ? "has no model with a type"
      : !MODELS.includes(model.type)
        ? `has a model of type ${model.type}, and known are ${MODELS.join(", ")}`
        : typeof model.vocab !== "object" || model.vocab === null
          ? "has no vocabulary"
          : !Array.isArray(added) || !added.every(isAddedToken)
            ? "has an added token without its text or its id"
            : undefined;
  if (fault === undefined) return { ...(contents as TokenizerJson), added_tokens: added };
  throw new TokenizerFileError(
    `${place} ${fault}.`,
    "give the tokenizer.json of the model as it was published; a file of a few lines is a pointer to the real one, which was not fetched",
  );
}

const MODELS: readonly string[] = ["BPE", "Unigram", "WordLevel", "WordPiece"];

function isAddedToken(value: Partial<AddedToken> | null): boolean {
  return typeof value?.content === "string" && Number.isSafeInteger(value.id) && value.id! >= 0;
}

/** The parts in which byte-pair tokenizers differ. */
export interface BytePairParts {
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Pairs in the order they are merged, each `"left right"`. */
  readonly merges: readonly string[];
  readonly specialTokens: readonly string[];
  readonly normalizer?: Step;
  readonly preTokenizer: Step;
  readonly endOfWord?: string;
}

/** A `tokenizer.json` of a byte-level byte-pair tokenizer. Special tokens that have no id yet are given the next ones. */
export function bytePairJson(parts: BytePairParts): TokenizerJson {
  const vocabulary = new Map(parts.vocabulary);
  for (const token of parts.specialTokens) if (!vocabulary.has(token)) vocabulary.set(token, vocabulary.size);
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: parts.specialTokens.map((content) => ({
      id: vocabulary.get(content)!,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: parts.normalizer ?? null,
    pre_tokenizer: parts.preTokenizer,
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: parts.endOfWord ?? null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(vocabulary),
      merges: parts.merges,
    },
  };
}

/** Cuts text where `pattern` matches, then writes each piece as byte characters. */
export function splitThenBytes(pattern: string, rest: "Isolated" | "Removed"): Step {
  return {
    type: "Sequence",
    pretokenizers: [
      { type: "Split", pattern: { Regex: pattern }, behavior: rest, invert: rest === "Removed" },
      { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
    ],
  };
}

/** Matches any of the tokens, the longest that fits. */
export function specialPattern(tokens: readonly string[], flags = ""): RegExp {
  const longestFirst = [...tokens].sort((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map((token) => token.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|"), `u${flags}`);
}
