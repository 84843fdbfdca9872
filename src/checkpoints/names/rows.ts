/** Rows that come again and again in the tables of PyTorch's modules. */
import { type NameRow, same, transposed } from "./table.js";

/** A norm's gain and, where it has one, its offset. */
export function normRows(ours: string, theirs: string, offset = true): NameRow[] {
  return [
    { ours: `${ours}.gain`, theirs: `${theirs}.weight`, layout: same },
    ...(offset ? [{ ours: `${ours}.offset`, theirs: `${theirs}.bias`, layout: same }] : []),
  ];
}

/** A linear map without an offset. */
export function linearRow(ours: string, theirs: string): NameRow {
  return { ours: `${ours}.weight`, theirs: `${theirs}.weight`, layout: transposed };
}

/** A linear map with an offset. */
export function affineRows(ours: string, theirs: string): NameRow[] {
  return [linearRow(ours, theirs), { ours: `${ours}.offset`, theirs: `${theirs}.bias`, layout: same }];
}

/** The same rows below other roots, which end with a dot. */
export function below(rows: readonly NameRow[], ours: string, theirs: string): NameRow[] {
  return rows.map((row) => ({ ...row, ours: `${ours}${row.ours}`, theirs: `${theirs}${row.theirs}` }));
}
