/**
 * Learns a byte-level byte-pair vocabulary from text.
 */

import { BYTE_CHARACTERS } from "./byte-level.js";
import { library, type Splitter } from "./library.js";
import { MergeQueue } from "./merge-queue.js";
import {
  bytePairJson,
  specialPattern,
  splitThenBytes,
  TokenizerFileError,
  type TokenizerJson,
} from "./tokenizer-json.js";

/**
 * Where our own tokenizers cut text before pairs are merged; no token crosses a cut.
 *
 * `<image>` is one piece, so frequent use makes it one ordinary token: in Flamingo it is plain text. A word with a
 * colon (` Output:`, `Question:`) is one piece, with the space before it; so is any other word, and a run of
 * punctuation. Digits stand alone.
 */
export const WORDS = "<image>| ?[\\p{L}\\p{M}]+:?|\\p{N}| ?(?:(?!<image>)[^\\s\\p{L}\\p{M}\\p{N}])+|\\s+(?!\\S)|\\s+";

/** Padding, beginning of sequence, end of sequence, end of chunk: ids 0 to 3. */
export const SPECIAL_TOKENS: readonly string[] = ["<PAD>", "<BOS>", "<EOS>", "<EOC>"];

export interface BpeTraining {
  /** Most ids, the special tokens and the 256 bytes among them. */
  readonly vocabularySize: number;
  /** They take the first ids, in order. `SPECIAL_TOKENS` unless told. */
  readonly specialTokens?: readonly string[];
  /** A regular expression as the tokenizers library writes them; `WORDS` unless told. */
  readonly pattern?: string;
  /** A pair seen less often is not merged; 2 unless told. */
  readonly minimumCount?: number;
}

/**
 * A `tokenizer.json` with the most frequent pairs of `corpus` merged, most frequent first; of equally frequent pairs,
 * the one with the lower ids. The same texts give the same file, in whatever order they come.
 *
 * Ids are the special tokens, the 256 bytes, then the merges, so any text can be encoded. Special tokens in the corpus
 * are left out of the counts. A corpus with too few frequent pairs gives a smaller vocabulary than asked for.
 *
 * @throws {TokenizerFileError} if the special tokens and the bytes alone exceed `vocabularySize`, a special token is
 *   shorter than two characters or given twice, or the pattern is no regular expression.
 */
export function trainBpe(corpus: Iterable<string>, training: BpeTraining): TokenizerJson {
  const { vocabularySize, specialTokens = SPECIAL_TOKENS, pattern = WORDS, minimumCount = 2 } = training;
  check(vocabularySize, specialTokens);
  const tokens = [...specialTokens, ...[...BYTE_CHARACTERS].sort()];
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const words = [...countPieces(corpus, pattern, specialTokens)].map(([piece, count]) => new Word(piece, count, ids));
  const merges: string[] = [];
  const queue = new MergeQueue(minimumCount);
  words.forEach((word, n) => {
    for (let i = 1; i < word.symbols.length; i++) queue.add(word.symbols[i - 1]!, word.symbols[i]!, word.count, n);
  });
  while (tokens.length < vocabularySize) {
    const best = queue.next();
    if (best === undefined) break;
    const [left, right] = best.pair;
    const merged = tokens[left]! + tokens[right]!;
    let id = ids.get(merged);
    if (id === undefined) {
      id = tokens.length;
      tokens.push(merged);
      ids.set(merged, id);
    }
    merges.push(`${tokens[left]} ${tokens[right]}`);
    for (const n of best.words) words[n]!.merge(left, right, id, (a, b, change) => queue.add(a, b, change, n));
  }
  return bytePairJson({
    vocabulary: ids,
    merges,
    specialTokens,
    preTokenizer: splitThenBytes(pattern, "Isolated"),
  });
}

/** One distinct piece of the corpus: its symbols so far, and how often it occurs. */
class Word {
  symbols: number[];
  readonly count: number;

  constructor(piece: string, count: number, ids: ReadonlyMap<string, number>) {
    this.symbols = Array.from(new TextEncoder().encode(piece), (byte) => ids.get(BYTE_CHARACTERS[byte]!)!);
    this.count = count;
  }

  /** Merges the pair wherever it stands, left to right, and tells how the counts of its neighbours change. */
  merge(left: number, right: number, id: number, change: (a: number, b: number, by: number) => void): void {
    const before = this.symbols;
    const after: number[] = [];
    for (let i = 0; i < before.length; i++) {
      if (before[i] === left && before[i + 1] === right) {
        after.push(id);
        i++;
      } else after.push(before[i]!);
    }
    if (after.length === before.length) return;
    for (let i = 1; i < before.length; i++) change(before[i - 1]!, before[i]!, -this.count);
    for (let i = 1; i < after.length; i++) change(after[i - 1]!, after[i]!, this.count);
    this.symbols = after;
  }
}

/** How often each piece occurs, the special tokens left out. */
function countPieces(corpus: Iterable<string>, pattern: string, specialTokens: readonly string[]) {
  const split = splitter(pattern);
  const specials = specialTokens.length > 0 ? specialPattern(specialTokens) : undefined;
  const counts = new Map<string, number>();
  for (const text of corpus) {
    for (const section of specials === undefined ? [text] : text.split(specials)) {
      for (const piece of split.pre_tokenize(section)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
    }
  }
  return counts;
}

function splitter(pattern: string): Splitter {
  try {
    return new library.SplitPreTokenizer({
      type: "Split",
      pattern: { Regex: pattern },
      behavior: "Isolated",
      invert: false,
    });
  } catch (cause) {
    throw new TokenizerFileError(
      `The pattern ${pattern} is no regular expression: ${(cause as Error).message}.`,
      "use the pattern WORDS, or mend this one",
      { cause },
    );
  }
}

function check(vocabularySize: number, specialTokens: readonly string[]): void {
  const least = 256 + specialTokens.length;
  if (!(vocabularySize >= least)) {
    throw new TokenizerFileError(
      `A vocabulary of ${vocabularySize} ids cannot hold the 256 bytes and ${specialTokens.length} special tokens.`,
      `ask for at least ${least} ids`,
    );
  }
  for (const [n, token] of specialTokens.entries()) {
    if (specialTokens.indexOf(token) === n && token.length > 1) continue;
    throw new TokenizerFileError(
      `The special token "${token}" is ${token.length > 1 ? "given twice" : "empty or one character, which bytes are"}.`,
      "give each special token once, with at least two characters",
    );
  }
}
