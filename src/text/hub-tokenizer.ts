/**
 * Tokenizers read from a `tokenizer.json`, trained here or published.
 */

import { FlamingoError } from "../errors.js";
import { tokenBytes } from "./byte-level.js";
import { type LibraryTokenizer, library } from "./library.js";
import type { Tokenizer } from "./tokenizer.js";
import { specialPattern, TokenizerFileError, type TokenizerJson } from "./tokenizer-json.js";

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
 * A tokenizer from the contents of a `tokenizer.json`.
 *
 * Special tokens are recognised in text (`<EOC>` gives one id) and left out by `decode`. Nothing is added before or
 * after a text, whatever the file's post-processor says. Half of a surrogate pair encodes as U+FFFD.
 *
 * @param config  the contents of `tokenizer_config.json`, where a published tokenizer needs it.
 * @throws {TokenizerFileError} if the contents are not those of a `tokenizer.json`, or use parts we do not know.
 */
export function openTokenizer(json: TokenizerJson, config: Readonly<Record<string, unknown>> = {}): Tokenizer {
  if (typeof json?.model?.type !== "string" || !Array.isArray(json.added_tokens ?? [])) {
    throw new TokenizerFileError(
      "This is not the contents of a tokenizer.json: it has no model with a type.",
      "give the parsed tokenizer.json of the model, not its tokenizer_config.json or vocab.json",
    );
  }
  const parts = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null };
  const whole = { ...parts, ...json, added_tokens: json.added_tokens ?? [] };
  let inner: LibraryTokenizer;
  try {
    inner = new library.Tokenizer(whole, config);
  } catch (cause) {
    throw new TokenizerFileError(
      `The tokenizer.json cannot be used: ${(cause as Error).message}.`,
      "check that the file is whole; byte-pair tokenizers are sure to work",
      { cause },
    );
  }
  return new HubTokenizer(whole, inner);
}

class HubTokenizer implements Tokenizer {
  readonly vocabularySize: number;
  readonly longestToken: number | undefined;
  readonly #inner: LibraryTokenizer;
  readonly #specials: ReadonlyMap<string, number>;
  readonly #added: ReadonlyMap<string, number>;
  readonly #cuts: RegExp | undefined;
  readonly #byPieces: boolean;
  readonly #pieces = new Map<string, readonly number[]>();
  readonly #bytes: readonly (Uint8Array | undefined)[] | undefined;
  readonly #endOfWord: boolean;

  constructor(json: TokenizerJson, inner: LibraryTokenizer) {
    const { added_tokens, normalizer, decoder, model } = json;
    this.#inner = inner;
    this.#added = new Map(added_tokens.map(({ content, id }) => [content, id]));
    this.#specials = new Map(added_tokens.filter(({ special }) => special).map(({ content, id }) => [content, id]));
    this.#cuts = added_tokens.length > 0 ? specialPattern([...this.#added.keys()], "g") : undefined;
    let last = -1;
    for (const id of inner.model.tokens_to_ids.values()) last = Math.max(last, id);
    this.vocabularySize = last + 1;
    const literal = added_tokens.every(
      (token) => !token.lstrip && !token.rstrip && !token.single_word && !(token.normalized && normalizer !== null),
    );
    this.#byPieces = literal && model.type === "BPE" && !model.unk_token && !model.fuse_unk;
    const suffix = typeof model.end_of_word_suffix === "string" ? model.end_of_word_suffix : "";
    this.#endOfWord = suffix !== "";
    if (model.type === "BPE" && decoder?.type === "ByteLevel") this.#bytes = this.#tokenBytes(suffix);
    // A unit of text is one byte at least, and a special token as long as it is written.
    if (this.#byPieces && normalizer === null && this.#bytes !== undefined)
      this.longestToken = [...this.#added.keys(), ...this.#bytes].reduce(
        (longest, token) => Math.max(longest, token?.length ?? 0),
        0,
      );
  }

  encode(text: string): number[] {
    if (!this.#byPieces) return [...this.#inner.encode(text, { add_special_tokens: false }).ids];
    const ids: number[] = [];
    let from = 0;
    let section = 0;
    for (const match of this.#cuts === undefined ? [] : text.matchAll(this.#cuts)) {
      if (match.index > from) this.#encodeSection(text.slice(from, match.index), section++, ids);
      ids.push(this.#added.get(match[0])!);
      from = match.index + match[0].length;
      section++;
    }
    if (from < text.length) this.#encodeSection(text.slice(from), section, ids);
    return ids;
  }

  decode(ids: readonly number[]): string {
    if (ids.length === 0) return "";
    if (this.#bytes === undefined) {
      return this.#inner.decode(ids, { skip_special_tokens: true, clean_up_tokenization_spaces: false });
    }
    const pieces = ids.map((id) => this.#bytes![id] ?? this.#unknown(id));
    const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(all);
    return this.#endOfWord ? text.trim() : text;
  }

  special(token: string): number {
    const id = this.#specials.get(token);
    if (id === undefined) throw new SpecialTokenError(token, [...this.#specials.keys()]);
    return id;
  }

  #encodeSection(text: string, section: number, ids: number[]): void {
    const { normalizer, pre_tokenizer } = this.#inner;
    const normal = normalizer === null ? text : normalizer.normalize(text);
    if (normal === "") return;
    const pieces = pre_tokenizer === null ? [normal] : pre_tokenizer.pre_tokenize(normal, { section_index: section });
    for (const piece of pieces) for (const id of this.#encodePiece(piece)) ids.push(id);
  }

  #encodePiece(piece: string): readonly number[] {
    const known = this.#pieces.get(piece);
    if (known !== undefined) return known;
    const { model } = this.#inner;
    const ids = model.encode([piece]).map((token) => model.tokens_to_ids.get(token)!);
    if (piece.length <= CACHE_PIECE_CHARACTERS) {
      if (this.#pieces.size >= CACHE_PIECES) this.#pieces.clear();
      this.#pieces.set(piece, ids);
    }
    return ids;
  }

  /** The bytes each id decodes to: none for special tokens, a space for the end of a word. */
  #tokenBytes(suffix: string): Uint8Array[] {
    const bytes: Uint8Array[] = [];
    for (const [token, id] of this.#inner.model.tokens_to_ids) {
      if (this.#specials.has(token)) bytes[id] = new Uint8Array(0);
      else if (this.#added.has(token)) bytes[id] = new TextEncoder().encode(token);
      else if (suffix !== "" && token.endsWith(suffix)) {
        bytes[id] = Uint8Array.from([...tokenBytes(token.slice(0, -suffix.length)), 0x20]);
      } else bytes[id] = tokenBytes(token);
    }
    return bytes;
  }

  #unknown(id: number): never {
    throw new TokenIdError(id, this.vocabularySize);
  }
}
