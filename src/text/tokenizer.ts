/**
 * Where a text stands in its sequence. Tokenizers made by SentencePiece write a space before a text that begins one;
 * a text that goes on from another gets none.
 */
export type TextPlace = "start" | "after-text";

/** The contract of every tokenizer, trained here or read from a `tokenizer.json`. */
export interface Tokenizer {
  /** Number of token ids, special tokens included. */
  readonly vocabularySize: number;
  /** Most UTF-16 units of a text that one token can stand for, where that is known. */
  readonly longestToken?: number | undefined;
  /** Token ids of a text, with no token added before or after it. @param place  `start` unless told */
  encode(text: string, place?: TextPlace): number[];
  /** The text of token ids; special tokens are left out. */
  decode(ids: readonly number[]): string;
  /** The id of a special token such as `<EOC>`. Throws a clear error when there is none. */
  special(token: string): number;
}
