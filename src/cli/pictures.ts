/** Pictures on their way out: as PNG files, and as small drawings in a terminal. */
import sharp from "sharp";
import type { Picture } from "../media/pixels.js";

/** The picture as PNG, which loses nothing: it is answered about as before. */
export function toPng({ width, height, data }: Picture): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** Pictures side by side and as many below as needed, for a terminal with 24-bit colours; a caption under each. */
export function drawnInTerminal(
  pictures: readonly { readonly picture: Picture; readonly caption: string }[],
  perRow = 4,
): string {
  const rows: string[] = [];
  for (let at = 0; at < pictures.length; at += perRow) {
    const some = pictures.slice(at, at + perRow);
    const drawn = some.map(({ picture }) => thumbnail(picture));
    const captions = some.map(({ caption }) => caption.slice(0, CELLS).padEnd(CELLS));
    for (let line = 0; line < CELLS / 2; line++) rows.push(drawn.map((lines) => lines[line]!).join("  "));
    rows.push(captions.join("  ").trimEnd());
  }
  return rows.map((row) => `  ${row}\n`).join("");
}

/** Columns of a thumbnail; half as many lines, since a cell is twice as high as wide. */
const CELLS = 16;

/** Lines of half blocks: the upper pixel is the letter's colour, the lower one the ground's. */
function thumbnail(picture: Picture): string[] {
  return Array.from({ length: CELLS / 2 }, (_, line) => {
    const cells = Array.from({ length: CELLS }, (_, column) => {
      const [upper, lower] = [meanOf(picture, column, 2 * line), meanOf(picture, column, 2 * line + 1)];
      return `\x1b[38;2;${upper.join(";")}m\x1b[48;2;${lower.join(";")}m▀`;
    });
    return `${cells.join("")}\x1b[0m`;
  });
}

/** The mean colour of one of `CELLS x CELLS` tiles. */
function meanOf({ width, height, data }: Picture, column: number, row: number): number[] {
  const span = (n: number, of: number): [number, number] => {
    const from = Math.floor((n * of) / CELLS);
    return [from, Math.max(from + 1, Math.floor(((n + 1) * of) / CELLS))];
  };
  const [[left, right], [top, bottom]] = [span(column, width), span(row, height)];
  const sum = [0, 0, 0];
  for (let y = top; y < bottom; y++)
    for (let x = left; x < right; x++) for (let c = 0; c < 3; c++) sum[c]! += data[(y * width + x) * 3 + c]!;
  return sum.map((value) => Math.round(value / ((right - left) * (bottom - top))));
}
