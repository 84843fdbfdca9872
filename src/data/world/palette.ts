/**
 * The named colours of the world, and how the colour of a drawing is told from its pixels.
 */

/** A colour that the texts name. */
export type ColourName =
  | "red"
  | "orange"
  | "yellow"
  | "green"
  | "blue"
  | "purple"
  | "pink"
  | "brown"
  | "black"
  | "white"
  | "grey";

/** One sRGB triple of each named colour, 0 to 255: the middle of what a background of that name is drawn in. */
export const PALETTE: Readonly<Record<ColourName, readonly [number, number, number]>> = {
  red: [206, 44, 40],
  orange: [244, 142, 32],
  yellow: [248, 218, 56],
  green: [76, 164, 68],
  blue: [52, 116, 214],
  purple: [138, 72, 178],
  pink: [246, 152, 188],
  brown: [122, 82, 50],
  black: [26, 26, 28],
  white: [248, 248, 246],
  grey: [146, 148, 150],
};

/** All named colours, in a fixed order. */
export const COLOUR_NAMES = Object.keys(PALETTE) as readonly ColourName[];

/** The name of one sRGB colour, 0 to 255, by hue, saturation and value. */
export function colourOf(red: number, green: number, blue: number): ColourName {
  const value = Math.max(red, green, blue);
  const range = value - Math.min(red, green, blue);
  const saturation = value === 0 ? 0 : range / value;
  if (value < 58) return "black";
  if (saturation < 0.14 || range < 22) return value > 215 ? "white" : value < 92 ? "black" : "grey";
  let hue = 0;
  if (value === red) hue = 60 * (((green - blue) / range + 6) % 6);
  else if (value === green) hue = 60 * ((blue - red) / range + 2);
  else hue = 60 * ((red - green) / range + 4);
  if (saturation < 0.38 && hue > 165 && hue < 260) return value > 235 ? "white" : value < 92 ? "black" : "grey";
  if (hue < 20 || hue >= 345) {
    if (saturation < 0.62) return value > 215 ? "pink" : "brown";
    return value < 125 ? "brown" : "red";
  }
  if (hue < 45) return value < 205 || saturation < 0.45 ? "brown" : hue > 40 ? "yellow" : "orange";
  if (hue < 66) return value < 120 ? "brown" : "yellow";
  if (hue < 170) return "green";
  if (hue < 255) return "blue";
  if (hue < 300) return "purple";
  return value > 200 ? "pink" : "purple";
}

/**
 * The one or two named colours that most of a drawing is painted in, the commonest first; none when no colour has a
 * quarter of it. The first is the drawing's main colour only when it covers 60% and twice the second: `clear`.
 *
 * @param rgba  premultiplied RGBA, 8 bits, any number of pixels; those less than half opaque are not counted.
 */
export function coloursOf(rgba: Uint8Array): { readonly colours: readonly ColourName[]; readonly clear: boolean } {
  const counts = new Map<ColourName, number>();
  let total = 0;
  for (let i = 0; i < rgba.length; i += 4) {
    const alpha = rgba[i + 3]!;
    if (alpha < 128) continue;
    const scale = 255 / alpha;
    const name = colourOf(rgba[i]! * scale, rgba[i + 1]! * scale, rgba[i + 2]! * scale);
    counts.set(name, (counts.get(name) ?? 0) + 1);
    total++;
  }
  const ranked = [...counts].sort((a, b) => b[1] - a[1]).map(([name, n]) => ({ name, share: n / total }));
  const colours = ranked.slice(0, 2).filter(({ share }) => share >= 0.25);
  const clear = (ranked[0]?.share ?? 0) >= 0.6 && (ranked[0]?.share ?? 0) >= 2 * (ranked[1]?.share ?? 0);
  return { colours: colours.map(({ name }) => name), clear };
}
