/**
 * SentencePiece's `tokenizer.model` becomes the contents of a `tokenizer.json`: the same pieces, the same cuts.
 */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { byteOfToken, SPACE } from "./byte-level.js";
import { type AddedToken, type Step, TokenizerFileError, type TokenizerJson } from "./tokenizer-json.js";

/** What a piece is for; the numbers are the file's. */
const KINDS = ["", "normal", "unknown", "control", "user-defined", "unused", "byte"] as const;

/** How the vocabulary was learnt; the numbers are the file's. */
const MODELS = ["", "unigram", "bpe", "word", "char"] as const;

/** One entry of the vocabulary. */
export interface Piece {
  readonly text: string;
  readonly score: number;
  readonly kind: (typeof KINDS)[number];
}

/** What a `tokenizer.model` says. */
export interface SentencePieceModel {
  readonly pieces: readonly Piece[];
  readonly model: (typeof MODELS)[number];
  readonly byteFallback: boolean;
  /** Whether the space is written after a word instead of before it. */
  readonly spaceAfter: boolean;
  /** Which strings are rewritten first; empty for none. */
  readonly charsmap: Uint8Array;
  readonly addDummyPrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
  readonly escapeWhitespaces: boolean;
}

/**
 * Reads a `tokenizer.model`.
 * @param name  what errors call the file
 * @throws {TokenizerFileError} if the bytes are not one, or are cut short.
 * @source google/sentencepiece, src/sentencepiece_model.proto
 */
export function readSentencePiece(bytes: Uint8Array, name = "tokenizer.model"): SentencePieceModel {
  const pieces: Piece[] = [];
  let trainer: Fields = new Map();
  let normaliser: Fields = new Map();
  try {
    for (const [field, value] of fieldsOf(bytes, true)) {
      if (field === 1) pieces.push(...(value as Uint8Array[]).map(pieceOf));
      if (field === 2) trainer = fieldsOf(last(value) as Uint8Array);
      if (field === 3) normaliser = fieldsOf(last(value) as Uint8Array);
    }
  } catch (cause) {
    throw notOne(name, `cannot be read as a SentencePiece model (${(cause as Error).message})`, cause);
  }
  if (pieces.length === 0) throw notOne(name, "has no pieces, so it is no SentencePiece model");
  const flag = (fields: Fields, field: number, otherwise: boolean) =>
    fields.has(field) ? last(fields.get(field)!) !== 0 : otherwise;
  const charsmap = last(normaliser.get(2) ?? [new Uint8Array(0)]);
  return {
    pieces,
    model: MODELS[last(trainer.get(3) ?? [1]) as number] ?? "",
    byteFallback: flag(trainer, 35, false),
    spaceAfter: flag(trainer, 24, false),
    charsmap: charsmap instanceof Uint8Array ? charsmap : new Uint8Array(0),
    addDummyPrefix: flag(normaliser, 3, true),
    removeExtraWhitespaces: flag(normaliser, 4, true),
    escapeWhitespaces: flag(normaliser, 5, true),
  };
}

/**
 * The contents of a `tokenizer.json` that cuts text as a SentencePiece model does. Control pieces (`<s>`) and the unknown
 * piece become special tokens, which, unlike in SentencePiece, are recognised where a text writes them.
 * @param name  what errors call the file
 * @throws {TokenizerFileError} as `readSentencePiece`, and for a model that is neither of pairs nor unigram, or writes
 *   its spaces after words.
 */
export function sentencePieceJson(bytes: Uint8Array, name = "tokenizer.model"): TokenizerJson {
  const model = readSentencePiece(bytes, name);
  if (model.model !== "bpe" && model.model !== "unigram")
    throw notOne(name, `holds a "${model.model}" model, and only "bpe" and "unigram" are known`);
  if (model.spaceAfter) throw notOne(name, "writes the space of a word after it, and only before it is known");
  const prefix = model.escapeWhitespaces ? SPACE : " ";
  const strips = model.addDummyPrefix || model.removeExtraWhitespaces;
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: addedTokens(model.pieces),
    normalizer: { type: "Sequence", normalizers: normalisers(model, prefix) },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: SPACE }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        ...(strips ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : []),
      ],
    },
    model: model.model === "bpe" ? pairs(model) : unigram(model),
  };
}

function normalisers(model: SentencePieceModel, prefix: string): Step[] {
  const replace = (pattern: object, content: string): Step => ({ type: "Replace", pattern, content });
  const steps: Step[] = [];
  if (model.charsmap.length > 0) steps.push({ type: "Precompiled", precompiled_charsmap: toBase64(model.charsmap) });
  if (model.removeExtraWhitespaces) steps.push(replace({ Regex: "\\A +" }, ""), replace({ Regex: " {2,}" }, " "));
  if (model.addDummyPrefix) steps.push({ type: "Prepend", prepend: prefix });
  if (model.escapeWhitespaces) steps.push(replace({ String: " " }, SPACE));
  if (model.removeExtraWhitespaces) steps.push(replace({ Regex: `${prefix}+\\z` }, ""));
  return steps;
}

function addedTokens(pieces: readonly Piece[]): AddedToken[] {
  return pieces.flatMap(({ text, kind }, id): AddedToken[] => {
    if (kind !== "control" && kind !== "unknown" && kind !== "user-defined") return [];
    const special = kind !== "user-defined";
    return [{ id, content: text, single_word: false, lstrip: false, rstrip: false, normalized: false, special }];
  });
}

function unknownOf(pieces: readonly Piece[]): number | undefined {
  const id = pieces.findIndex(({ kind }) => kind === "unknown");
  return id < 0 ? undefined : id;
}

function unigram({ pieces, byteFallback }: SentencePieceModel): Step {
  // A piece that is not to be used must keep its id: nothing is less likely.
  const score = ({ kind, score }: Piece) => (kind === "unused" ? -1e9 : score);
  return {
    type: "Unigram",
    unk_id: unknownOf(pieces) ?? null,
    vocab: pieces.map((piece) => [piece.text, score(piece)]),
    byte_fallback: byteFallback,
  };
}

/**
 * A vocabulary of pairs. SentencePiece keeps no list of merges: it merges the two neighbours whose union is the piece of
 * the highest score, so every way to cut a piece in two is a merge, ranked by that score; of one piece, the way with the
 * longer left part first.
 * @source huggingface/transformers, convert_slow_tokenizer.py (generate_merges), for the order of equals
 */
function pairs({ pieces, byteFallback }: SentencePieceModel): Step {
  const used = new Map<string, number>();
  pieces.forEach(({ text, kind, score }) => {
    if (kind === "normal") used.set(text, score);
  });
  const merges: { left: string; right: string; score: number }[] = [];
  for (const [text, score] of used) {
    for (let cut = 1; cut < text.length; cut++) {
      const left = text.slice(0, cut);
      const right = text.slice(cut);
      if (used.has(left) && used.has(right)) merges.push({ left, right, score });
    }
  }
  merges.sort((a, b) => b.score - a.score || b.left.length - a.left.length);
  const unknown = unknownOf(pieces);
  return {
    type: "BPE",
    dropout: null,
    unk_token: unknown === undefined ? null : pieces[unknown]!.text,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: true,
    byte_fallback: byteFallback,
    ignore_merges: false,
    vocab: Object.fromEntries(pieces.map(({ text }, id) => [text, id])),
    merges: merges.map(({ left, right }) => `${left} ${right}`),
  };
}

type Field = readonly (number | Uint8Array | bigint)[];
type Fields = ReadonlyMap<number, Field>;

/** The fields of a message, whatever it is, by their numbers: integers, 32-bit floats and strings of bytes. */
function fieldsOf(bytes: Uint8Array, message = false): Fields {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, (number | Uint8Array | bigint)[]>();
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    const values = fields.get(field) ?? [];
    if (wire === WireType.LengthDelimited) values.push(reader.bytes());
    else if (wire === WireType.Bit32) values.push(reader.float());
    else if (wire === WireType.Varint) values.push(Number(reader.int64()));
    else reader.skip(wire, field);
    fields.set(field, values);
    if (message && field <= 3 && wire !== WireType.LengthDelimited) throw new Error(`field ${field} is no message`);
  }
  return fields;
}

function last(values: Field): number | Uint8Array | bigint {
  return values[values.length - 1]!;
}

function pieceOf(bytes: Uint8Array): Piece {
  const fields = fieldsOf(bytes);
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(
    last(fields.get(1) ?? [new Uint8Array(0)]) as Uint8Array,
  );
  const kind = KINDS[(last(fields.get(3) ?? [1]) as number) % KINDS.length]!;
  return {
    text,
    score: last(fields.get(2) ?? [0]) as number,
    // Some converted files say that their bytes are ordinary pieces.
    kind: kind === "normal" && byteOfToken(text) !== undefined ? "byte" : kind,
  };
}

function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary);
}

function notOne(name: string, problem: string, cause?: unknown): TokenizerFileError {
  return new TokenizerFileError(
    `${name} ${problem}.`,
    "give the tokenizer.model of a LLaMA or T5 model, or its tokenizer.json",
    cause === undefined ? {} : { cause },
  );
}
