/** Transparent pictures on white paper. */
import type { Pieces } from "../turns.js";

/** Pixels in a piece of work: about a millisecond. */
const PIECE = 1 << 17;

/**
 * Colours with their opacity, on white, equal at every value to Pillow's `alpha_composite` over it.
 * @param rgba  8 bits each of red, green, blue and opacity, not multiplied by it
 * @returns  red, green and blue
 * @source Pillow, src/libImaging/AlphaComposite.c
 */
export function* onWhite(rgba: Uint8Array): Pieces<Uint8Array> {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; ) {
    const end = Math.min(rgba.length, from + PIECE * 4);
    for (; from < end; from += 4) {
      // Seven bits of fraction; white counts for what the colour leaves.
      const share = rgba[from + 3]! << 7;
      const white = 255 * ((255 << 7) - share) + (0x80 << 7);
      for (let channel = 0; channel < 3; channel++) {
        const sum = rgba[from + channel]! * share + white;
        rgb[to++] = ((sum >> 8) + sum) >> 15;
      }
    }
    yield;
  }
  return rgb;
}
