/** Ops that go along one axis, each row of it for itself: running sums, the largest entries, entries by an index. */
import { mergeAxes, position } from "../axes.js";
import { GraphError } from "../errors.js";
import { apply, applyAll, type InputGradient, type Op, scalar, type Type, type Value } from "../value.js";
import { broadcastTo } from "./shape.js";

/** How a running sum goes. */
export interface CumulativeSumOptions {
  /** Whether an entry's own number is left out of its sum. */
  readonly exclusive: boolean;
  /** Whether the sum runs from the last entry to the first. */
  readonly reverse: boolean;
}

/** The axes of an index beside `x`: equal to its own but along `at`. */
function alongside(x: Value, index: Value, at: number): Type["axes"] {
  if (x.axes.length !== index.axes.length)
    throw new GraphError(
      `an index of ${index.axes.length} axes into ${x.axes.length}`,
      "give both the same axes, but for the one that is indexed",
    );
  return x.axes.map((a, i) => (i === at ? index.axes[i]! : mergeAxes(a, index.axes[i]!)));
}

/** An axis whose best entry is looked for, and whether it stays, with size 1. */
export interface Best {
  readonly at: number;
  readonly keep: boolean;
}

function placeOf(name: string): Op<Best> {
  return {
    name,
    takes: ["number"],
    types: ([x], { at, keep }) => [
      { dtype: "int64", axes: x!.axes.flatMap((a, i) => (i !== at ? [a] : keep ? [{ name: "", size: 1 }] : [])) },
    ],
    emit: (emit, { inputs: [x], outputs: [y] }, { at, keep }) =>
      emit.node(name, [emit.nameOf(x!)], [emit.nameOf(y!)], { axis: at, keepdims: keep ? 1 : 0 }),
    gradient: { none: "a place is a whole number: it jumps, and does not slope" },
  };
}

export const alongOps = {
  CumSum: {
    name: "CumSum",
    takes: ["number"],
    types: ([x]) => [{ dtype: x!.dtype, axes: x!.axes }],
    emit: (emit, { inputs: [x], outputs: [y] }, { at, exclusive, reverse }) =>
      emit.node("CumSum", [emit.nameOf(x!), emit.constant("int64", at)], [emit.nameOf(y!)], {
        exclusive: exclusive ? 1 : 0,
        reverse: reverse ? 1 : 0,
      }),
    gradient: (g, _node, { at, exclusive, reverse }) => [() => cumulativeSum(g, at, { exclusive, reverse: !reverse })],
  } satisfies Op<CumulativeSumOptions & { at: number }>,

  TakeAlong: {
    name: "TakeAlong",
    takes: ["any", "index"],
    types: ([x, index], { at }) => [{ dtype: x!.dtype, axes: alongside(x!, index!, at) }],
    emit: (emit, { inputs, outputs: [y] }, { at }) =>
      emit.node("GatherElements", inputs.map(emit.nameOf), [emit.nameOf(y!)], { axis: at }),
    gradient: (g, { inputs: [x, index] }, { at }): InputGradient[] => [
      () => addAlong(broadcastTo(scalar(0), x!), index!, g, at),
      null,
    ],
  } satisfies Op<{ at: number }>,

  /** ONNX Runtime works through ScatterElements one entry after the other: sums are exact with any number of threads. */
  AddAlong: {
    name: "AddAlong",
    takes: ["number", "index", "number"],
    types: ([x, index, added], { at }) => {
      alongside(added!, index!, at).forEach((a, i) => {
        if (i !== at) mergeAxes(x!.axes[i]!, a);
        else mergeAxes(added!.axes[i]!, index!.axes[i]!);
      });
      return [{ dtype: x!.dtype, axes: x!.axes }];
    },
    emit: (emit, { inputs, outputs: [y] }, { at }) =>
      emit.node("ScatterElements", inputs.map(emit.nameOf), [emit.nameOf(y!)], { axis: at, reduction: "add" }),
    gradient: (g, { inputs: [, index] }, { at }): InputGradient[] => [() => g, null, () => takeAlong(g, index!, at)],
  } satisfies Op<{ at: number }>,

  /** The largest entries, falling; by-product: their places. */
  TopK: {
    name: "TopK",
    takes: ["number"],
    types: ([x], { at, count }) => {
      const size = x!.axes[at]!.size;
      if (count < 1 || (size !== undefined && count > size))
        throw new GraphError(`the ${count} largest of ${size}`, "ask for at least one, and no more than there are");
      // On an empty tensor ONNX Runtime divides by zero, which ends the process.
      if (x!.axes.some(({ size }) => size === 0))
        throw new GraphError("the largest of no entries", "leave the op out where an axis is empty");
      const axes = x!.axes.map((a, i) => (i === at ? { name: "", size: count } : a));
      return [
        { dtype: x!.dtype, axes },
        { dtype: "int64", axes },
      ];
    },
    emit: (emit, { inputs: [x], outputs }, { at, count }) =>
      emit.node("TopK", [emit.nameOf(x!), emit.integers([count])], outputs.map(emit.nameOf), { axis: at }),
    gradient: (g, { inputs: [x], outputs: [, place] }, { at }) => [
      () => addAlong(broadcastTo(scalar(0), x!), place!, g, at),
    ],
  } satisfies Op<{ at: number; count: number }>,

  ArgMax: placeOf("ArgMax"),
  ArgMin: placeOf("ArgMin"),
};

/** The sum of all entries up to each along axis `at` (negative counts from the end): the same axes. */
export function cumulativeSum(
  x: Value,
  at: number,
  { exclusive = false, reverse = false }: Partial<CumulativeSumOptions> = {},
): Value {
  return apply(alongOps.CumSum, [x], { at: position(x, at), exclusive, reverse });
}

/** `y[.., j, ..] = x[.., index[.., j, ..], ..]` along axis `at` (negative counts from the end). */
export function takeAlong(x: Value, index: Value, at: number): Value {
  return apply(alongOps.TakeAlong, [x, index], { at: position(x, at) });
}

/**
 * `x`, with `added[.., j, ..]` added at `[.., index[.., j, ..], ..]` along axis `at`. An entry may be added to often.
 * @param index  the axes of `added`, which are those of `x` but for the size along `at`
 */
export function addAlong(x: Value, index: Value, added: Value, at: number): Value {
  return apply(alongOps.AddAlong, [x, index, added], { at: position(x, at) });
}

/**
 * The `count` largest entries along axis `at`, the largest first, and their places (int64); of equal ones the first.
 * @returns  both of the axes of `x`, with `count` entries along that one
 */
export function topK(x: Value, count: number, at = -1): { values: Value; places: Value } {
  const [values, places] = applyAll(alongOps.TopK, [x], { at: position(x, at), count });
  return { values: values!, places: places! };
}

/** The place of the largest entry along axis `at`, the first of equal ones: int64, axes as with `sum`. */
export function argMax(x: Value, at: number, keep = false): Value {
  return apply(alongOps.ArgMax, [x], { at: position(x, at), keep });
}

/** The place of the smallest entry along axis `at`, the first of equal ones: int64, axes as with `sum`. */
export function argMin(x: Value, at: number, keep = false): Value {
  return apply(alongOps.ArgMin, [x], { at: position(x, at), keep });
}
