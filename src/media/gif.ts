/**
 * Whether a GIF file goes on to its end. It does not say beforehand how many frames it has, so a decoder takes what
 * there is of a file cut short and says nothing.
 *
 * A file cut exactly between two frames reads as whole: many encoders leave out the trailer.
 *
 * @source GIF89a specification, section 12 to 27
 */
export function isWholeGif(bytes: Uint8Array): boolean {
  let at = 13 + colourTableLength(bytes[10] ?? 0);
  while (at < bytes.length) {
    const block = bytes[at];
    if (block === 0x3b) return true;
    if (block === 0x21) at = afterSubBlocks(bytes, at + 2);
    else if (block === 0x2c) at = afterSubBlocks(bytes, at + 10 + colourTableLength(bytes[at + 9] ?? 0) + 1);
    else return true; // rubbish after the last frame, which decoders skip
  }
  return at === bytes.length;
}

function colourTableLength(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
}

/** The position after a chain of sub-blocks; past the end of the bytes when the chain is cut. */
function afterSubBlocks(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== 0) at += bytes[at]! + 1;
  return at + 1;
}
