/** Cuts text into the pieces whose probabilities have the largest product: SentencePiece's other model, beside pairs. */
import { byteToken } from "./byte-level.js";

/** What an unknown character costs beside the least probable piece. */
const UNKNOWN_PENALTY = 10;

/** A unigram model. */
export interface UnigramParts {
  /** Each piece by its id, with the logarithm of its probability. */
  readonly vocabulary: readonly (readonly [piece: string, score: number])[];
  /** Absent where every character is a piece or is spelt in bytes. */
  readonly unknown?: number | undefined;
  /** Whether a character that is no piece is spelt in bytes. */
  readonly byteFallback: boolean;
  /** Pieces that no text is cut into, such as `<s>`. */
  readonly unmatched: ReadonlySet<string>;
}

export class Unigram {
  readonly #ids = new Map<string, number>();
  readonly #scores: Float32Array;
  readonly #unknown: number | undefined;
  readonly #unknownScore: number;
  readonly #bytes: readonly number[] | undefined;
  readonly #longest: number;

  constructor({ vocabulary, unknown, byteFallback, unmatched }: UnigramParts) {
    const all = new Map(vocabulary.map(([piece], id) => [piece, id]));
    this.#scores = Float32Array.from(vocabulary, ([, score]) => score);
    let least = Number.POSITIVE_INFINITY;
    let longest = 0;
    const bytes = Array.from({ length: 256 }, (_, byte) => all.get(byteToken(byte)));
    this.#bytes = byteFallback && bytes.every((id) => id !== undefined) ? (bytes as number[]) : undefined;
    const spelt = new Set(this.#bytes);
    for (const [piece, id] of all) {
      if (unmatched.has(piece) || id === unknown || spelt.has(id)) continue;
      this.#ids.set(piece, id);
      least = Math.min(least, this.#scores[id]!);
      longest = Math.max(longest, piece.length);
    }
    this.#unknown = unknown;
    this.#unknownScore = Math.fround(least - UNKNOWN_PENALTY);
    this.#longest = longest;
  }

  /**
   * Ids of a text. Of equal ways, common in runs of one character, the one is taken that SentencePiece takes: sums of
   * logarithms are kept in 32 bits, and compared before they are rounded.
   * @source google/sentencepiece, src/unigram_model.cc (EncodeOptimized)
   */
  encode(text: string): number[] {
    const best = new Float32Array(text.length + 1);
    const from = new Int32Array(text.length + 1).fill(-1);
    const piece = new Int32Array(text.length + 1);
    const reach = (end: number, start: number, id: number, score: number) => {
      const sum = best[start]! + score;
      if (from[end] !== -1 && sum <= best[end]!) return;
      best[end] = sum;
      from[end] = start;
      piece[end] = id;
    };
    for (let start = 0, width = 1; start < text.length; start += width) {
      width = text.codePointAt(start)! > 0xffff ? 2 : 1;
      let alone = false;
      const last = Math.min(text.length, start + this.#longest);
      for (let end = start + width; end <= last; end++) {
        const id = this.#ids.get(text.slice(start, end));
        if (id === undefined) continue;
        reach(end, start, id, this.#scores[id]!);
        alone ||= end === start + width;
      }
      if (!alone) reach(start + width, start, -1, this.#unknownScore);
    }
    const ways: (readonly [start: number, end: number])[] = [];
    for (let end = text.length; end > 0; end = from[end]!) ways.push([from[end]!, end]);
    const ids: number[] = [];
    let unknownBefore = false;
    for (const [start, end] of ways.reverse()) {
      const unknown = piece[end] === -1;
      if (!unknown) ids.push(piece[end]!);
      else if (this.#bytes !== undefined)
        for (const byte of new TextEncoder().encode(text.slice(start, end))) ids.push(this.#bytes[byte]!);
      else if (!unknownBefore && this.#unknown !== undefined) ids.push(this.#unknown);
      unknownBefore = unknown;
    }
    return ids;
  }
}
