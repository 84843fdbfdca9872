/** Rows of text under one another. */

/**
 * Aligns columns. A cell may have several lines; the last column is not padded.
 * @param right  columns that are aligned on the right, as numbers are
 */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths: number[] = [];
  const split = rows.map((row) => row.map((cell) => cell.split("\n")));
  for (const row of split)
    row.forEach((lines, column) => {
      widths[column] = Math.max(widths[column] ?? 0, ...lines.map(({ length }) => length));
    });
  const lineOf = (row: readonly string[][], n: number) =>
    row
      .map((lines, column) => {
        const text = lines[n] ?? "";
        return right.includes(column) ? text.padStart(widths[column]!) : text.padEnd(widths[column]!);
      })
      .join("  ")
      .trimEnd();
  return split
    .flatMap((row) => Array.from({ length: Math.max(...row.map(({ length }) => length)) }, (_, n) => lineOf(row, n)))
    .map((line) => `${line}\n`)
    .join("");
}

/** A whole number with its thousands apart: 12,345. */
export function grouped(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** How many of something there are: 1 tar, 12,345 tars. */
export function amount(count: number, one: string): string {
  return `${grouped(count)} ${one}${count === 1 ? "" : "s"}`;
}
