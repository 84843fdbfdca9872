/** What tables of language models have in common: rows for a layer of ours, whatever theirs is called. */
import type { TransformerConfig } from "../../model/language/transformer-config.js";
import { mapRows, normRows } from "./rows.js";
import { type Layout, type NameRow, same } from "./table.js";

/** Rows of one of the model's norms. */
export function ownNormRows(ours: string, theirs: string, { norm }: TransformerConfig): NameRow[] {
  return normRows(ours, theirs, norm.kind === "layer" && norm.offset);
}

/** Rows of all blocks. */
export function blockRows(
  { layers }: TransformerConfig,
  theirs: string,
  rows: (ours: string, theirs: string) => NameRow[],
): NameRow[] {
  return Array.from({ length: layers }, (_, depth) => rows(`blocks.${depth}`, `${theirs}.${depth}`)).flat();
}

/** The row of a table that stands in theirs as in ours. */
export const tableRow = (ours: string, theirs: string): NameRow => ({ ours, theirs, layout: same });

/** Rows of the head, if it is not the token table again. */
export function headRows({ head }: TransformerConfig, theirs: string): NameRow[] {
  return head === "tied" ? [] : mapRows("head", theirs, head === "own with offset");
}

/** Ours are columns from `from` on of theirs, [in, columns]. */
export function columns(from: number, all: number): Layout {
  return ([inputs, outputs]) => ({
    theirs: [inputs!, all],
    offset: from,
    axes: [
      { size: inputs!, stride: all },
      { size: outputs!, stride: 1 },
    ],
  });
}

/** Ours are entries from `from` on of `all` along the first axis of what `layout` makes of theirs. */
export function span(from: number, all: number, layout: Layout): Layout {
  return (ours) => {
    const { theirs, offset, axes } = layout(ours);
    const [, ...rest] = theirs;
    const entry = rest.reduce((product, size) => product * size, 1);
    return { theirs: [all, ...rest], offset: offset + from * entry, axes };
  };
}
