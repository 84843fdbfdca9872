/** Rows that come again and again in the tables of PyTorch's modules. */
import { type Layout, type NameRow, same, transposed } from "./table.js";

/** A norm's gain and, where it has one, its offset. */
export function normRows(ours: string, theirs: string, offset = true): NameRow[] {
  return [
    { ours: `${ours}.gain`, theirs: `${theirs}.weight`, layout: same },
    ...(offset ? [{ ours: `${ours}.offset`, theirs: `${theirs}.bias`, layout: same }] : []),
  ];
}

/** Where the numbers of a map stand in theirs: its matrix, and its offset if it has one. */
export interface MapLayout {
  readonly weight: Layout;
  readonly offset: Layout;
}

/** PyTorch's `Linear`: [out, in]. */
export const LINEAR: MapLayout = { weight: transposed, offset: same };

/** A linear map, and its offset if it has one. */
export function mapRows(ours: string, theirs: string, offset: boolean, layout: MapLayout = LINEAR): NameRow[] {
  return [
    { ours: `${ours}.weight`, theirs: `${theirs}.weight`, layout: layout.weight },
    ...(offset ? [{ ours: `${ours}.offset`, theirs: `${theirs}.bias`, layout: layout.offset }] : []),
  ];
}

/** A linear map without an offset. */
export function linearRow(ours: string, theirs: string): NameRow {
  return mapRows(ours, theirs, false)[0]!;
}

/** A linear map with an offset. */
export function affineRows(ours: string, theirs: string): NameRow[] {
  return mapRows(ours, theirs, true);
}

/** The same rows below other roots, which end with a dot. */
export function below(rows: readonly NameRow[], ours: string, theirs: string): NameRow[] {
  return rows.map((row) => ({ ...row, ours: `${ours}${row.ours}`, theirs: `${theirs}${row.theirs}` }));
}
