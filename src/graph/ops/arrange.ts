/** Repeating, turning round, and axes of size 1: further ops that move numbers and compute none. */
import { type Axis, position, positions } from "../axes.js";
import { GraphError } from "../errors.js";
import { apply, describe, type Op, type Value } from "../value.js";
import { sum } from "./reduce.js";
import { concat, reshape, slice } from "./shape.js";

/** Past every beginning, as ONNX writes "to the start" of a slice that goes backwards. */
const BEGINNING = -(2 ** 31);

export const arrangeOps = {
  Tile: {
    name: "Tile",
    takes: ["any"],
    types: ([x], { times }) => {
      if (times.length !== x!.axes.length || times.some((n) => !Number.isInteger(n) || n < 1))
        throw new GraphError(`[${times}] copies along ${x!.axes.length} axes`, "give one count of at least 1 an axis");
      const longer = ({ name, size }: Axis, n: number): Axis =>
        size === undefined ? { name: `${n} times ${name}`, size } : { name, size: n * size };
      return [{ dtype: x!.dtype, axes: x!.axes.map((a, i) => (times[i] === 1 ? a : longer(a, times[i]!))) }];
    },
    emit: (emit, { inputs: [x], outputs: [y] }, { times }) =>
      emit.node("Tile", [emit.nameOf(x!), emit.integers(times)], [emit.nameOf(y!)]),
    gradient: (g, { inputs: [x] }, { times }) => [
      () => {
        const apart: Axis[] = [];
        const copies: number[] = [];
        x!.axes.forEach((a, i) => {
          if (times[i] !== 1) copies.push(apart.push({ name: "", size: times[i]! }) - 1);
          apart.push(a);
        });
        return copies.length === 0 ? g : sum(reshape(g, apart, x!), copies);
      },
    ],
  } satisfies Op<{ times: readonly number[] }>,

  Flip: {
    name: "Flip",
    takes: ["any"],
    types: ([x]) => [{ dtype: x!.dtype, axes: x!.axes }],
    emit: (emit, { inputs: [x], outputs: [y] }, { at }) => {
      const operands = [-1, BEGINNING, at, -1].map((value) => emit.integers([value]));
      emit.node("Slice", [emit.nameOf(x!), ...operands], [emit.nameOf(y!)]);
    },
    gradient: (g, _node, { at }) => [() => flip(g, at)],
  } satisfies Op<{ at: number }>,

  /** Positions `at` are those of the result, rising. */
  Unsqueeze: {
    name: "Unsqueeze",
    takes: ["any"],
    types: ([x], { at }) => {
      const axes = at.reduce((list, place) => list.toSpliced(place, 0, { name: "", size: 1 }), [...x!.axes]);
      return [{ dtype: x!.dtype, axes }];
    },
    emit: (emit, { inputs: [x], outputs: [y] }, { at }) =>
      emit.node("Unsqueeze", [emit.nameOf(x!), emit.integers(at)], [emit.nameOf(y!)]),
    gradient: (g, _node, { at }) => [() => squeeze(g, ...at)],
  } satisfies Op<{ at: readonly number[] }>,

  Squeeze: {
    name: "Squeeze",
    takes: ["any"],
    types: ([x], { at }) => {
      const long = at.find((place) => x!.axes[place]!.size !== 1);
      if (long !== undefined) throw new GraphError(`axis ${long} is not of size 1`, "reduce it instead");
      return [{ dtype: x!.dtype, axes: x!.axes.filter((_, i) => !at.includes(i)) }];
    },
    emit: (emit, { inputs: [x], outputs: [y] }, { at }) =>
      emit.node("Squeeze", [emit.nameOf(x!), emit.integers(at)], [emit.nameOf(y!)]),
    gradient: (g, _node, { at }) => [() => unsqueeze(g, ...at)],
  } satisfies Op<{ at: readonly number[] }>,
};

/** Copies one after the other: `times[i]` of them along axis i. */
export function tile(x: Value, times: readonly number[]): Value {
  return apply(arrangeOps.Tile, [x], { times });
}

/** Axis `at` (negative counts from the end) from its last entry to its first: the same axes. */
export function flip(x: Value, at: number): Value {
  return apply(arrangeOps.Flip, [x], { at: position(x, at) });
}

/** Axes of size 1 put in: `at` are their positions in the result; negative ones count from its end. */
export function unsqueeze(x: Value, ...at: readonly number[]): Value {
  const result = [...x.axes, ...at.map((): Axis => ({ name: "", size: 1 }))];
  const places = positions({ axes: result }, at).sort((a, b) => a - b);
  return places.length === 0 ? x : apply(arrangeOps.Unsqueeze, [x], { at: places });
}

/** The axes of `x` without those at `at` (negative ones count from the end), which have size 1. */
export function squeeze(x: Value, ...at: readonly number[]): Value {
  const places = positions(x, at).sort((a, b) => a - b);
  return places.length === 0 ? x : apply(arrangeOps.Squeeze, [x], { at: places });
}

/** Values of the same axes side by side along a new axis at `at`, which may get a name. */
export function stack(parts: readonly Value[], at: number, name = ""): Value {
  return concat(
    parts.map((part) => unsqueeze(part, at)),
    at,
    name,
  );
}

/**
 * Axis `at` (negative counts from the end) cut into parts of those sizes, which must add up to its own.
 * @returns  the parts in order: the axes of `x`, with that size there
 * @throws {GraphError} if the sizes do not add up
 */
export function split(x: Value, at: number, sizes: readonly number[]): Value[] {
  const from = position(x, at);
  const all = sizes.reduce((a, b) => a + b, 0);
  if (all !== x.axes[from]!.size)
    throw new GraphError(
      `parts of [${sizes}] of axis ${from} of ${describe(x)}`,
      `give sizes that add up to ${x.axes[from]!.size ?? "it, and fix its size"}`,
    );
  return sizes.map((size, i) =>
    slice(
      x,
      from,
      sizes.slice(0, i).reduce((a, b) => a + b, 0),
      size,
    ),
  );
}
