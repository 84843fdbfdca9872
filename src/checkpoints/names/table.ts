/**
 * Name tables: for each foreign family of checkpoints, our path of every tensor beside theirs, and where its numbers stand
 * in theirs. One table is read in both directions, by import and by export.
 */

/** Where the numbers of one of our tensors stand in a foreign one. */
export interface Placing {
  /** Shape of the foreign tensor. */
  readonly theirs: readonly number[];
  /** Element of theirs that is our first. */
  readonly offset: number;
  /** Our numbers, row-major, as axes from the slowest: how many, and how far apart in theirs, in elements. */
  readonly axes: readonly { readonly size: number; readonly stride: number }[];
}

/** Where our numbers stand in theirs, for a tensor of ours of a given shape. */
export type Layout = (ours: readonly number[]) => Placing;

/** One row of a table. A fused foreign tensor stands in several rows. */
export interface NameRow {
  readonly ours: string;
  readonly theirs: string;
  readonly layout: Layout;
}

/** Strides of a row-major array. */
function strides(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
}

/** The same numbers in the same order. */
export const same: Layout = (ours) => {
  const far = strides(ours);
  return { theirs: ours, offset: 0, axes: ours.map((size, axis) => ({ size, stride: far[axis]! })) };
};

/** The same numbers in the same order, under another shape: a scalar that they keep as [1], say. */
export function shaped(theirs: (ours: readonly number[]) => readonly number[]): Layout {
  return (ours) => ({ ...same(ours), theirs: theirs(ours) });
}

/** Our matrix [in, out] is theirs [out, in]. */
export const transposed: Layout = ([inputs, outputs]) => ({
  theirs: [outputs!, inputs!],
  offset: 0,
  axes: [
    { size: inputs!, stride: 1 },
    { size: outputs!, stride: inputs! },
  ],
});

/** Our kernel of a square convolution [taps, in, out], taps row by row, is theirs [out, in, side, side]. */
export const kernel: Layout = ([taps, inputs, outputs]) => {
  const side = Math.round(Math.sqrt(taps!));
  return {
    theirs: [outputs!, inputs!, side, side],
    offset: 0,
    axes: [
      { size: taps!, stride: 1 },
      { size: inputs!, stride: taps! },
      { size: outputs!, stride: taps! * inputs! },
    ],
  };
};

/** Ours is the `n`-th of `of` equal parts, counted from 0, of theirs along its first axis. */
export function part(n: number, of: number, layout: Layout): Layout {
  return (ours) => {
    const { theirs, offset, axes } = layout(ours);
    const elements = theirs.reduce((product, size) => product * size, 1);
    return { theirs: [theirs[0]! * of, ...theirs.slice(1)], offset: offset + n * elements, axes };
  };
}

/** Numbers or their bits, whatever the format: they are moved, not looked at. */
type Numbers = Float32Array | Uint32Array | Uint16Array | Uint8Array;

/** Takes our numbers out of theirs. */
export function taken<Of extends Numbers>(theirs: Of, { offset, axes }: Placing): Of {
  const count = axes.reduce((product, { size }) => product * size, 1);
  const ours = new (theirs.constructor as new (length: number) => Of)(count);
  walk(axes, offset, (there, here) => {
    ours[here] = theirs[there]!;
  });
  return ours;
}

/** Puts our numbers into theirs. */
export function put<Of extends Numbers>(ours: Of, theirs: Of, { offset, axes }: Placing): void {
  walk(axes, offset, (there, here) => {
    theirs[there] = ours[here]!;
  });
}

/** Visits every number: where it stands in theirs and in ours. Tiled, so that a transposed matrix is read line by line. */
function walk(axes: Placing["axes"], offset: number, visit: (there: number, here: number) => void): void {
  const outer = axes.slice(0, -2);
  const rows = axes.at(-2) ?? { size: 1, stride: 0 };
  const columns = axes.at(-1) ?? { size: 1, stride: 0 };
  const matrices = outer.reduce((product, { size }) => product * size, 1);
  for (let matrix = 0; matrix < matrices; matrix++) {
    let from = offset;
    let left = matrix;
    for (const { size, stride } of outer.toReversed()) {
      from += (left % size) * stride;
      left = Math.floor(left / size);
    }
    const to = matrix * rows.size * columns.size;
    for (let top = 0; top < rows.size; top += TILE)
      for (let left = 0; left < columns.size; left += TILE)
        for (let row = top; row < Math.min(top + TILE, rows.size); row++)
          for (let column = left; column < Math.min(left + TILE, columns.size); column++)
            visit(from + row * rows.stride + column * columns.stride, to + row * columns.size + column);
  }
}

const TILE = 64;
