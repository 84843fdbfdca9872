/**
 * What the families of Flamingo do to the vocabulary of their language model, and whether an embedding has a row for
 * every token.
 */
import { FlamingoError } from "../errors.js";
import type { Tokenizer } from "./tokenizer.js";
import { type AddedToken, TokenizerFileError, type TokenizerJson } from "./tokenizer-json.js";

/** A tokenizer's tokens by what they are for. */
export interface SpecialNames {
  readonly bos?: string;
  readonly eos?: string;
  readonly pad?: string;
  readonly unknown?: string;
}

/** A tokenizer with the names of its special tokens: what a language model comes with. */
export interface NamedTokenizer {
  readonly json: TokenizerJson;
  readonly names: SpecialNames;
  /** Whether every text is begun with `names.bos`, as LLaMA's are and GPT-NeoX's are not. */
  readonly begins: boolean;
}

/** How many ids a tokenizer has: of its model, or one more than the highest that was added. */
export function tokenCount({ model, added_tokens }: TokenizerJson): number {
  const own = Array.isArray(model.vocab) ? model.vocab.length : Object.keys(model.vocab as object).length;
  return added_tokens.reduce((most, { id }) => Math.max(most, id + 1), own);
}

/**
 * The tokenizer with special tokens added: one that is in the vocabulary keeps its id, others are given the next ones in
 * order.
 */
export function withSpecialTokens(json: TokenizerJson, tokens: readonly string[]): TokenizerJson {
  const added = new Map(json.added_tokens.map((token) => [token.content, token]));
  let next = tokenCount(json);
  for (const content of tokens) {
    const known = added.get(content);
    const id = known?.id ?? idOf(json, content) ?? next;
    added.set(content, { ...(known ?? literal(content, id)), special: true });
    next = Math.max(next, id + 1);
  }
  return { ...json, added_tokens: [...added.values()].sort((a, b) => a.id - b.id) };
}

function idOf({ model }: TokenizerJson, token: string): number | undefined {
  if (!Array.isArray(model.vocab)) {
    const vocabulary = model.vocab as Readonly<Record<string, number>>;
    return Object.hasOwn(vocabulary, token) ? vocabulary[token] : undefined;
  }
  const id = (model.vocab as readonly (readonly [string, number])[]).findIndex(([piece]) => piece === token);
  return id < 0 ? undefined : id;
}

function literal(content: string, id: number): AddedToken {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

/**
 * OpenFlamingo's vocabulary: `<|endofchunk|>`, then `<image>`, then `<PAD>` where the language model has no padding: 50277
 * to 50279 after GPT-NeoX's, 32000 to 32002 after LLaMA's.
 * @source github:mlfoundations/open_flamingo, open_flamingo/src/factory.py
 */
export function openFlamingoVocabulary(given: NamedTokenizer): NamedTokenizer {
  const pad = given.names.pad ?? "<PAD>";
  return {
    ...given,
    json: withSpecialTokens(given.json, ["<|endofchunk|>", "<image>", pad]),
    names: { ...given.names, pad },
  };
}

/**
 * IDEFICS's vocabulary: `<fake_token_around_image>` and `<image>`, and `<end_of_utterance>` in models that were taught
 * to converse. Their rows stand in a table of their own, beside the frozen one.
 * @source huggingface/transformers, models/idefics
 */
export function ideficsVocabulary(given: NamedTokenizer, { converses = false } = {}): NamedTokenizer {
  const tokens = ["<fake_token_around_image>", "<image>", ...(converses ? ["<end_of_utterance>"] : [])];
  return { ...given, json: withSpecialTokens(given.json, tokens) };
}

/**
 * The paper's vocabulary: `<EOC>` is added, and padding and beginning where the language model has none; `<image>` stays
 * the plain text that it is.
 * @throws {TokenizerFileError} if the language model has no end of text.
 * @source arXiv:2204.14198, section 2.3 and appendix A.1.1
 */
export function paperVocabulary(given: NamedTokenizer): NamedTokenizer {
  const { eos, pad = "<PAD>", bos = "<BOS>" } = given.names;
  if (eos === undefined)
    throw new TokenizerFileError(
      "The language model's tokenizer names no end of text.",
      "give its special_tokens_map.json or tokenizer_config.json beside it, which name eos_token",
    );
  const json = withSpecialTokens(given.json, ["<EOC>", bos, pad]);
  return { json, names: { ...given.names, bos, pad }, begins: true };
}

/** What becomes of an embedding when it is resized to its tokenizer: the rows it keeps, and the new ones after them. */
export function resizedRows(rows: number, { vocabularySize }: Pick<Tokenizer, "vocabularySize">) {
  const kept = Math.min(rows, vocabularySize);
  return { kept, added: vocabularySize - kept };
}

/** A tokenizer and an embedding that do not belong together. */
export class TokenizerRowsError extends FlamingoError {
  readonly code = "TEXT_TOKENIZER_ROWS";
  readonly ids: number;
  readonly rows: number;

  constructor(ids: number, rows: number, { tokenizer, embedding }: RowsOf) {
    super(
      `The tokenizer of ${tokenizer} has ${ids} ids, and ${embedding} has ${rows} rows.`,
      rows < ids
        ? "give the tokenizer.json that was saved with these weights, without tokens that were added to it later"
        : "give the tokenizer.json that was saved with these weights: this one lacks tokens that they were trained with",
    );
    this.ids = ids;
    this.rows = rows;
  }
}

/** What an error calls a tokenizer and an embedding. */
export interface RowsOf {
  /** The tokenizer's file. */
  readonly tokenizer: string;
  /** The tensor and its file. */
  readonly embedding: string;
}

/**
 * Makes sure that an embedding has a row for every token.
 * @param options.exact  whether there may be no other rows either, as after a resize to the tokenizer. Published tables
 *   are often padded to a round number.
 * @throws {TokenizerRowsError} if not: a token without a row would read another tensor's numbers, or none.
 */
export function requireRows(
  { vocabularySize }: Pick<Tokenizer, "vocabularySize">,
  rows: number,
  { exact = false, ...names }: RowsOf & { readonly exact?: boolean },
): void {
  if (exact ? rows !== vocabularySize : rows < vocabularySize)
    throw new TokenizerRowsError(vocabularySize, rows, names);
}
