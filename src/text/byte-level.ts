/**
 * Bytes written as visible characters, so that a vocabulary of byte strings can stand in JSON.
 *
 * Bytes that are visible in Latin-1 stand for themselves; the others take the characters from U+0100 on, in order.
 * A space is `Ġ`, a line feed `Ċ`.
 *
 * @source openai/gpt-2, src/encoder.py, bytes_to_unicode
 */

const isVisible = (byte: number) =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);

/** The character of each byte, by its value. */
export const BYTE_CHARACTERS: readonly string[] = (() => {
  let hidden = 0;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isVisible(byte) ? byte : 256 + hidden++));
})();

const BYTES = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]));

/** The bytes of a token of a byte-level vocabulary; of one that is not byte-level, its UTF-8 bytes. */
export function tokenBytes(token: string): Uint8Array {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = BYTES.get(token[i]!);
    if (byte === undefined) return new TextEncoder().encode(token);
    bytes[i] = byte;
  }
  return bytes;
}

/** How SentencePiece writes a space. */
export const SPACE = "\u2581";

/** How SentencePiece writes a byte that is a token of its own: `<0x0A>`. */
export function byteToken(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
}

/** The byte that such a token is; undefined for any other token. */
export function byteOfToken(token: string): number | undefined {
  return /^<0x[\dA-F]{2}>$/.test(token) ? Number.parseInt(token.slice(3, 5), 16) : undefined;
}
