/**
 * Tokenizers read from a `tokenizer.json`, trained here or published.
 */

import { FlamingoError } from "../errors.js";
import { AddedTokens } from "./added-tokens.js";
import { SPACE } from "./byte-level.js";
import { type LibraryTokenizer, library } from "./library.js";
import { type Pipeline, pipelineOf } from "./pipeline.js";
import { type Spelling, spellingOf } from "./spelling.js";
import type { TextPlace, Tokenizer } from "./tokenizer.js";
import { type AddedToken, TokenizerFileError, type TokenizerJson, tokenizerJsonOf } from "./tokenizer-json.js";
import { Unigram } from "./unigram.js";

/** The tokenizer has no such special token. */
export class SpecialTokenError extends FlamingoError {
  readonly code = "TEXT_SPECIAL_TOKEN";
  constructor(token: string, known: readonly string[]) {
    super(
      `The tokenizer has no special token ${token}; it has ${known.length === 0 ? "none" : known.join(", ")}.`,
      "use a tokenizer trained with it, or add it to the tokenizer's special tokens and give the model a row for it",
    );
  }
}

/** A token id that the tokenizer does not have. */
export class TokenIdError extends FlamingoError {
  readonly code = "TEXT_TOKEN_ID";
  constructor(id: number, vocabularySize: number) {
    super(
      `There is no token ${id}: this tokenizer has ids 0 to ${vocabularySize - 1}.`,
      "use the tokenizer that came with the model that made the ids",
    );
  }
}

/** Remembered pieces; words repeat, so this is where encoding gets its speed. */
const CACHE_PIECES = 65_536;
const CACHE_PIECE_CHARACTERS = 64;

/**
 * Before the spaces of a word. Where no token crosses it no merge does, so words can be cut one by one though the file
 * would have the whole text cut at once: the same ids, and a long text costs no more than its length.
 */
const WORD_BOUNDARY = /(?<=[^\u2581])(?=\u2581)/u;

/**
 * A tokenizer from the contents of a `tokenizer.json`.
 *
 * Special tokens are recognised in text (`<EOC>` gives one id) and left out by `decode`. Nothing is added before or
 * after a text, whatever the file's post-processor says. Half of a surrogate pair encodes as U+FFFD.
 *
 * @param config  the contents of `tokenizer_config.json`, where a published tokenizer needs it.
 * @throws {TokenizerFileError} if the contents are not those of a `tokenizer.json`, or use parts we do not know.
 */
export function openTokenizer(json: TokenizerJson, config: Readonly<Record<string, unknown>> = {}): Tokenizer {
  const parts = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null };
  const whole = { ...parts, ...tokenizerJsonOf(json, "The tokenizer.json") };
  try {
    return new HubTokenizer(whole, config);
  } catch (cause) {
    throw new TokenizerFileError(
      `The tokenizer.json cannot be used: ${(cause as Error).message}.`,
      "check that the file is whole; byte-pair tokenizers are sure to work",
      { cause },
    );
  }
}

class HubTokenizer implements Tokenizer {
  readonly vocabularySize: number;
  readonly longestToken: number | undefined;
  readonly #inner: LibraryTokenizer;
  readonly #unigram: Unigram | undefined;
  readonly #unknown: number | undefined;
  readonly #specials: ReadonlyMap<string, number>;
  /** Those looked for in the text as it is given, and those looked for in it once it is rewritten. */
  readonly #given: AddedTokens;
  readonly #rewritten: AddedTokens;
  readonly #pipelines: Readonly<Record<TextPlace, Pipeline>>;
  readonly #separable: boolean;
  readonly #pieces = new Map<string, readonly number[]>();
  readonly #spelling: Spelling | undefined;

  constructor(json: TokenizerJson, config: Readonly<Record<string, unknown>>) {
    const { added_tokens, normalizer, model } = json;
    this.#pipelines = { start: pipelineOf(json, "start"), "after-text": pipelineOf(json, "after-text") };
    this.#specials = new Map(added_tokens.filter(({ special }) => special).map(({ content, id }) => [content, id]));
    const isRewritten = (token: AddedToken) => token.normalized && normalizer !== null;
    const byText = (tokens: readonly AddedToken[], write: (content: string) => string) =>
      new AddedTokens(new Map(tokens.map((token) => [write(token.content), token])));
    this.#given = byText(
      added_tokens.filter((token) => !isRewritten(token)),
      (content) => content,
    );
    this.#rewritten = byText(added_tokens.filter(isRewritten), (content) => this.#pipelines.start.rewrite(content));
    this.#unigram = unigramOf(json);
    this.#inner = new library.Tokenizer(this.#unigram === undefined ? json : { ...json, model: listed(model) }, config);
    const ids = this.#inner.model.tokens_to_ids;
    this.#unknown =
      model.fuse_unk === true && typeof model.unk_token === "string" ? ids.get(model.unk_token) : undefined;
    let last = -1;
    for (const id of ids.values()) last = Math.max(last, id);
    this.vocabularySize = last + 1;
    this.#separable =
      this.#unigram === undefined && ids.has(SPACE) && ![...ids.keys()].some((token) => WORD_BOUNDARY.test(token));
    this.#spelling = spellingOf(json, ids);
    if (normalizer === null && !model.unk_token && this.#unigram === undefined)
      this.longestToken = this.#spelling?.longest;
  }

  encode(text: string, place: TextPlace = "start"): number[] {
    const { rewrite, cut } = this.#pipelines[place];
    const ids: number[] = [];
    for (const given of this.#given.split(text, true)) {
      if ("id" in given) ids.push(given.id);
      else
        for (const section of this.#rewritten.split(rewrite(given.text), given.first)) {
          if ("id" in section) ids.push(section.id);
          else
            for (const piece of cut(section.text, section.first))
              for (const word of this.#separable ? piece.split(WORD_BOUNDARY) : [piece])
                for (const id of this.#encodePiece(word)) ids.push(id);
        }
    }
    return ids;
  }

  decode(ids: readonly number[]): string {
    if (ids.length === 0) return "";
    if (this.#spelling !== undefined) return this.#spelling.write(ids, (id) => this.#unheard(id));
    return this.#inner.decode(ids, { skip_special_tokens: true, clean_up_tokenization_spaces: false });
  }

  special(token: string): number {
    const id = this.#specials.get(token);
    if (id === undefined) throw new SpecialTokenError(token, [...this.#specials.keys()]);
    return id;
  }

  #encodePiece(piece: string): readonly number[] {
    const known = this.#pieces.get(piece);
    if (known !== undefined) return known;
    const ids = this.#unigram?.encode(piece) ?? this.#encodeInLibrary(piece);
    if (piece.length <= CACHE_PIECE_CHARACTERS) {
      if (this.#pieces.size >= CACHE_PIECES) this.#pieces.clear();
      this.#pieces.set(piece, ids);
    }
    return ids;
  }

  /** Unknown characters side by side are one unknown token, where the file fuses them. */
  #encodeInLibrary(piece: string): number[] {
    const { model } = this.#inner;
    const ids = model.encode([piece]).map((token) => model.tokens_to_ids.get(token)!);
    return this.#unknown === undefined
      ? ids
      : ids.filter((id, n) => !(id === this.#unknown && ids[n - 1] === this.#unknown));
  }

  #unheard(id: number): never {
    throw new TokenIdError(id, this.vocabularySize);
  }
}

function unigramOf({ model, added_tokens }: TokenizerJson): Unigram | undefined {
  if (model.type !== "Unigram") return undefined;
  return new Unigram({
    vocabulary: model.vocab as readonly (readonly [string, number])[],
    unknown: typeof model.unk_id === "number" ? model.unk_id : undefined,
    byteFallback: model.byte_fallback === true,
    unmatched: new Set(added_tokens.filter(({ special }) => special).map(({ content }) => content)),
  });
}

/** A unigram vocabulary as the library lists those of pairs: it need not build its own cutter. */
function listed({ vocab }: TokenizerJson["model"]): TokenizerJson["model"] {
  const pieces = vocab as readonly (readonly [string, number])[];
  return { type: "BPE", vocab: Object.fromEntries(pieces.map(([piece], id) => [piece, id])), merges: [] };
}
