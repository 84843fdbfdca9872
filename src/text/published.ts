/**
 * The vocabularies of GPT-2 and CLIP, from the files they were published in.
 */

import { BYTE_CHARACTERS } from "./byte-level.js";
import { bytePairJson, splitThenBytes, TokenizerFileError, type TokenizerJson } from "./tokenizer-json.js";

const GPT2_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const CLIP_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d|\\p{L}+|\\p{N}|[^\\s\\p{L}\\p{N}]+";
const CLIP_MERGES = 49152 - 256 - 2;

export interface PublishedOptions {
  /** Recognised in text and skipped on decoding; those that have no id are given the next ones. */
  readonly specialTokens?: readonly string[];
}

/**
 * GPT-2's tokenizer, which OPT and GPT-Neo share but for their special tokens.
 *
 * @param vocabulary  the parsed `vocab.json` (`encoder.json` at OpenAI): ids by token.
 * @param merges  the text of `merges.txt` (`vocab.bpe` at OpenAI), its version line included or not.
 * @param options.specialTokens  `<|endoftext|>` unless told.
 * @throws {TokenizerFileError} if a merge makes a token that the vocabulary lacks: the two files do not belong together.
 * @source openai/gpt-2, src/encoder.py
 */
export function gpt2TokenizerJson(
  vocabulary: Readonly<Record<string, number>>,
  merges: string,
  options: PublishedOptions = {},
): TokenizerJson {
  const pairs = mergeLines(merges);
  for (const pair of pairs) {
    const token = pair.replace(" ", "");
    if (vocabulary[token] === undefined) {
      throw new TokenizerFileError(
        `The merge "${pair}" makes the token "${token}", which the vocabulary has not.`,
        "give a vocab.json and a merges.txt of the same model",
      );
    }
  }
  return bytePairJson({
    vocabulary: new Map(Object.entries(vocabulary)),
    merges: pairs,
    specialTokens: options.specialTokens ?? ["<|endoftext|>"],
    preTokenizer: splitThenBytes(GPT2_PATTERN, "Isolated"),
  });
}

/**
 * CLIP's tokenizer: lower case, white space collapsed, the end of a word marked `</w>`.
 *
 * CLIP's own code also undoes HTML escapes (`&amp;`) and repairs mis-decoded text before it; `clipText` does the first.
 *
 * @param merges  the unpacked text of `bpe_simple_vocab_16e6.txt.gz`.
 * @param options.specialTokens  `<|startoftext|>` and `<|endoftext|>` unless told.
 * @throws {TokenizerFileError} if there are too few merges.
 * @source openai/CLIP, clip/simple_tokenizer.py
 */
export function clipTokenizerJson(merges: string, options: PublishedOptions = {}): TokenizerJson {
  const pairs = mergeLines(merges).slice(0, CLIP_MERGES);
  if (pairs.length < CLIP_MERGES) {
    throw new TokenizerFileError(
      `CLIP's vocabulary has ${CLIP_MERGES} merges, and this file ${pairs.length}.`,
      "give the whole unpacked bpe_simple_vocab_16e6.txt",
    );
  }
  const bytes = [...BYTE_CHARACTERS].sort((a, b) => rank(a) - rank(b));
  const tokens = [...bytes, ...bytes.map((byte) => `${byte}</w>`), ...pairs.map((pair) => pair.replace(" ", ""))];
  return bytePairJson({
    vocabulary: new Map([...tokens, "<|startoftext|>", "<|endoftext|>"].map((token, id) => [token, id])),
    merges: pairs,
    specialTokens: options.specialTokens ?? ["<|startoftext|>", "<|endoftext|>"],
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "NFC" },
        { type: "Replace", pattern: { Regex: "\\s+" }, content: " " },
        { type: "Lowercase" },
      ],
    },
    preTokenizer: splitThenBytes(CLIP_PATTERN, "Removed"),
    endOfWord: "</w>",
  });
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

/**
 * A caption as CLIP's code cleans it before encoding: HTML escapes undone, twice. Numbered escapes are known, and of
 * the named ones amp, lt, gt, quot, apos and nbsp.
 */
export function clipText(text: string): string {
  const once = (escaped: string) =>
    escaped.replace(/&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|(amp|lt|gt|quot|apos|nbsp));/g, (all, ten, hex, name) => {
      if (name !== undefined) return ENTITIES[name]!;
      const point = ten !== undefined ? Number(ten) : Number.parseInt(hex, 16);
      return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : all;
    });
  return once(once(text));
}

/** Printable bytes come first in these vocabularies, then those that are written with a character from U+0100 on. */
function rank(character: string): number {
  return character.codePointAt(0)!;
}

function mergeLines(text: string): string[] {
  return text
    .split("\n")
    .filter((line, n) => !(n === 0 && (line.startsWith("#version") || line.startsWith('"bpe_simple_vocab'))))
    .map((line) => line.replace(/\r$/, ""))
    .filter((line) => line !== "");
}
