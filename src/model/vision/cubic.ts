/** Interpolation of a square table between its places. */

/** Cubic convolution with a = -0.75, as PyTorch's `interpolate(mode="bicubic")`. */
function cubic(distance: number): number {
  const a = -0.75;
  const x = Math.abs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return a * (((x - 5) * x + 8) * x - 4);
  return 0;
}

/** Along one axis, the share of each of `from` places in each of `to`: [to][from]. Beyond its ends the table goes on as it ends. */
function shares(from: number, to: number): number[][] {
  return Array.from({ length: to }, (_, place) => {
    const centre = ((place + 0.5) * from) / to - 0.5;
    const row = Array<number>(from).fill(0);
    for (let at = Math.floor(centre) - 1; at <= Math.floor(centre) + 2; at++)
      row[Math.min(from - 1, Math.max(0, at))]! += cubic(centre - at);
    return row;
  });
}

/**
 * What a table of `from` x `from` places is multiplied by to become one of `to` x `to`: [to x to, from x from], row by row.
 * Bicubic, corners not aligned, no antialiasing.
 */
export function cubicTable(from: number, to: number): Float32Array {
  const along = shares(from, to);
  const table = new Float32Array(to * to * from * from);
  let entry = 0;
  for (const rows of along)
    for (const columns of along) for (const row of rows) for (const column of columns) table[entry++] = row * column;
  return table;
}
