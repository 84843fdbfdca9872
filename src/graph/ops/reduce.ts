/** Sums, means, products and extremes over axes. */
import { type Axis, positions } from "../axes.js";
import { type Kind, ONNX_TYPE } from "../dtype.js";
import { GraphError } from "../errors.js";
import { apply, type Node, type Op, scalar, type Value } from "../value.js";
import { unsqueeze } from "./arrange.js";
import { cast, div, equal, exp, mul, sub, where } from "./elementwise.js";
import { broadcastTo } from "./shape.js";

/** Columns of which there must be as many for a product to sum them faster. */
const FEW = 8;

export interface Over {
  /** Axis positions, counted from 0. */
  readonly over: readonly number[];
  /** Whether a reduced axis stays, with size 1. */
  readonly keep: boolean;
}

function reduction(name: string, gradient: Op<Over>["gradient"], takes: Kind = "real"): Op<Over> {
  return {
    name,
    takes: [takes],
    types: ([x], { over, keep }) => {
      if (over.length === 0) throw new GraphError("no axis to reduce", "use the value as it is: ONNX would reduce all");
      const left = x!.axes.map((a, i): Axis | null => (over.includes(i) ? (keep ? { name: "", size: 1 } : null) : a));
      return [{ dtype: x!.dtype, axes: left.filter((a) => a !== null) }];
    },
    emit: (emit, { inputs: [x], outputs: [y] }, { over, keep }) =>
      emit.node(name, [emit.nameOf(x!), emit.integers(over)], [emit.nameOf(y!)], { keepdims: keep ? 1 : 0 }),
    gradient,
  };
}

/** A gradient of a reduction's result, with the reduced axes put back as size 1. */
function unreduced(g: Value, { over, keep }: Over): Value {
  return keep ? g : unsqueeze(g, ...over);
}

const plainSum = reduction(
  "ReduceSum",
  (g, node, over) => [() => broadcastTo(unreduced(g, over), node.inputs[0]!)],
  "number",
);

/** Sizes of some axes multiplied; undefined if one of them is only known at run time. */
const volume = (axes: readonly Axis[]): number | undefined =>
  axes.reduce<number | undefined>((product, { size }) => product && size && product * size, 1);

export const reduceOps = {
  /** Over all axes but the last ones, as a gradient that is summed for a gain or an offset, by a product with a row of ones: the engine's own sum takes two to five times as long there. */
  ReduceSum: {
    ...plainSum,
    emit: (emit, node, attributes) => {
      const [x, y] = [node.inputs[0]!, node.outputs[0]!];
      const leading = attributes.over.length;
      const rows = volume(x.axes.slice(0, leading));
      const columns = volume(x.axes.slice(leading));
      const ofColumns = attributes.over.every((at) => at < leading) && x.dtype === "float32" && leading < x.axes.length;
      if (!ofColumns || !rows || !columns || columns < FEW) return plainSum.emit(emit, node, attributes);
      const names = { flat: emit.fresh("flat"), ones: emit.fresh("ones"), sums: emit.fresh("sums") };
      emit.node("Reshape", [emit.nameOf(x), emit.integers([rows, columns])], [names.flat]);
      emit.node("Expand", [emit.scalar(1), emit.integers([1, rows])], [names.ones]);
      emit.node("MatMul", [names.ones, names.flat], [names.sums]);
      emit.node("Reshape", [names.sums, emit.integers(y.axes.map(({ size }) => size!))], [emit.nameOf(y)]);
    },
  } satisfies Op<Over>,
  ReduceMean: reduction("ReduceMean", (g, node, over) => [
    () => {
      const x = node.inputs[0]!;
      const sizes = over.over.map((i) => x.axes[i]!.size);
      const each = unreduced(g, over);
      const known = sizes.every((size) => size !== undefined);
      const mine = known ? mul(each, scalar(1 / sizes.reduce((p, n) => p * n, 1))) : div(each, count(x, over.over));
      return broadcastTo(mine, x);
    },
  ]),
  ReduceMax: reduction("ReduceMax", slopeOfExtreme, "number"),
  ReduceMin: reduction("ReduceMin", slopeOfExtreme, "number"),
  /** The slope of one entry is the product of the others, which is found without dividing by a zero among them. */
  ReduceProd: reduction("ReduceProd", (g, node, over) => [
    () => {
      const x = node.inputs[0]!;
      const isZero = equal(x, scalar(0));
      const zero = cast(isZero, x.dtype);
      const nonZero = where(isZero, scalar(1), x);
      const otherZeros = sub(sum(zero, over.over, true), zero);
      const others = div(apply(reduceOps.ReduceProd, [nonZero], { over: over.over, keep: true }), nonZero);
      return mul(unreduced(g, over), where(equal(otherZeros, scalar(0)), others, scalar(0)));
    },
  ]),
  ReduceLogSumExp: reduction("ReduceLogSumExp", (g, node, over) => [
    () => {
      const x = node.inputs[0]!;
      // Not exp(x - y): of large numbers y has lost the digits that x - y needs.
      const raised = exp(sub(x, max(x, over.over, true)));
      return mul(raised, div(unreduced(g, over), sum(raised, over.over, true)));
    },
  ]),
  /** How many entries there are along some axes, as a float32 scalar: for sizes that are only known at run time. */
  Count: {
    name: "Count",
    takes: ["any"],
    types: () => [{ dtype: "float32", axes: [] }],
    emit: (emit, { inputs: [x], outputs: [y] }, { over }) => {
      const [shape, sizes, number] = [emit.fresh("shape"), emit.fresh("sizes"), emit.fresh("number")];
      emit.node("Shape", [emit.nameOf(x!)], [shape]);
      emit.node("Gather", [shape, emit.integers(over)], [sizes], { axis: 0 });
      emit.node("ReduceProd", [sizes, emit.integers([0])], [number], { keepdims: 0 });
      emit.node("Cast", [number], [emit.nameOf(y!)], { to: ONNX_TYPE.float32 });
    },
    gradient: { none: "the size of an axis does not depend on the numbers along it" },
  } satisfies Op<{ over: readonly number[] }>,
};

/** All that are equal to the extreme share its slope evenly. */
function slopeOfExtreme(g: Value, node: Node, over: Over): [() => Value] {
  return [
    () => {
      const x = node.inputs[0]!;
      const chosen = cast(equal(x, unreduced(node.outputs[0]!, over)), x.dtype);
      return mul(chosen, div(unreduced(g, over), sum(chosen, over.over, true)));
    },
  ];
}

/**
 * Sum over axis positions (negative ones count from the end): the axes of `x` without those, or with size 1 there if
 * `keep`.
 */
export function sum(x: Value, over: readonly number[], keep = false): Value {
  return apply(reduceOps.ReduceSum, [x], { over: positions(x, over), keep });
}

/** Mean over axis positions: axes as with `sum`. */
export function mean(x: Value, over: readonly number[], keep = false): Value {
  return apply(reduceOps.ReduceMean, [x], { over: positions(x, over), keep });
}

/** Maximum over axis positions: axes as with `sum`. All entries that are largest share the slope evenly. */
export function max(x: Value, over: readonly number[], keep = false): Value {
  return apply(reduceOps.ReduceMax, [x], { over: positions(x, over), keep });
}

/** Minimum over axis positions: axes as with `sum`. All entries that are smallest share the slope evenly. */
export function min(x: Value, over: readonly number[], keep = false): Value {
  return apply(reduceOps.ReduceMin, [x], { over: positions(x, over), keep });
}

/** Product over axis positions: axes as with `sum`. */
export function product(x: Value, over: readonly number[], keep = false): Value {
  return apply(reduceOps.ReduceProd, [x], { over: positions(x, over), keep });
}

/** Logarithm of the sum of exponentials over axis positions, without overflow: axes as with `sum`. */
export function logSumExp(x: Value, over: readonly number[], keep = false): Value {
  return apply(reduceOps.ReduceLogSumExp, [x], { over: positions(x, over), keep });
}

/** The number of entries along some axis positions, also where it is only known at run time: a float32 scalar. */
export function count(x: Value, over: readonly number[]): Value {
  return apply(reduceOps.Count, [x], { over: positions(x, over) });
}

/** Undoes broadcasting: sums a gradient over the axes along which `like` was stretched. */
export function sumLike(g: Value, like: Value): Value {
  const added = g.axes.length - like.axes.length;
  const over = g.axes.flatMap((a, i) => (i < added || (like.axes[i - added]!.size === 1 && a.size !== 1) ? [i] : []));
  if (over.length === 0) return g;
  const stretched = over.filter((i) => i >= added).map((i) => i - added);
  return unsqueeze(sum(g, over), ...stretched);
}
