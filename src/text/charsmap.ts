/**
 * The character map of a SentencePiece model: which strings are rewritten before anything is cut, compiled into a trie.
 */

/** A string of the trie that the text begins with: where its replacement begins, and its length in bytes. */
interface Match {
  readonly value: number;
  readonly length: number;
}

/** The character map of a `Precompiled` step. */
export class Charsmap {
  readonly #units: Uint32Array;
  readonly #replacements: Uint8Array;

  /**
   * @param blob  four bytes with the length of the trie, the trie (a double array of 32-bit units, as Darts-clone
   *   writes it), then the replacements, each ended by a zero.
   * @throws {RangeError} if the blob is not as long as it says.
   * @source google/sentencepiece, src/normalizer.cc
   */
  constructor(blob: Uint8Array) {
    const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
    const bytes = blob.length < 4 ? -1 : view.getUint32(0, true);
    if (bytes < 4 || bytes % 4 !== 0 || bytes > blob.length - 4)
      throw new RangeError(`its character map is ${blob.length} bytes and says that its trie has ${bytes}`);
    this.#units = Uint32Array.from({ length: bytes / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
    this.#replacements = blob.subarray(4 + bytes);
  }

  /** The text with the longest string of the map replaced wherever one stands, from left to right. */
  rewrite(text: string): string {
    const from = new TextEncoder().encode(text);
    const to: number[] = [];
    for (let at = 0; at < from.length; ) {
      const match = this.#longest(from, at);
      if (match === undefined) {
        const end = at + lengthOfCharacter(from[at]!);
        for (; at < end; at++) to.push(from[at]!);
      } else {
        for (let i = match.value; i < this.#replacements.length && this.#replacements[i] !== 0; i++)
          to.push(this.#replacements[i]!);
        at += match.length;
      }
    }
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(to));
  }

  #longest(text: Uint8Array, from: number): Match | undefined {
    let longest: Match | undefined;
    let node = offsetOf(this.#units[0]!);
    for (let at = from; at < text.length; at++) {
      node ^= text[at]!;
      const unit = this.#units[node];
      if (unit === undefined || (unit & 0x8000_00ff) !== text[at]) break;
      node ^= offsetOf(unit);
      const leaf = this.#units[node];
      if ((unit & 0x100) !== 0 && leaf !== undefined) longest = { value: leaf & 0x7fff_ffff, length: at + 1 - from };
    }
    return longest;
  }
}

/** How far a unit's children are. */
function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >> 6);
}

/** Bytes of a UTF-8 character by its first. */
function lengthOfCharacter(first: number): number {
  if (first < 0xc0) return 1;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}
