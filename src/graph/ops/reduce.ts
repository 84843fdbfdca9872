/** Sums, means and maxima over axes. */
import type { Axis } from "../axes.js";
import { GraphError } from "../errors.js";
import { apply, describe, type Node, type Op, scalar, type Value } from "../value.js";
import { mul } from "./elementwise.js";
import { broadcastTo, reshape } from "./shape.js";

export interface Over {
  /** Axis positions, counted from 0. */
  readonly over: readonly number[];
  /** Whether a reduced axis stays, with size 1. */
  readonly keep: boolean;
}

function reduction(name: string, gradient: Op<Over>["gradient"]): Op<Over> {
  return {
    name,
    types: ([x], { over, keep }) => {
      if (over.length === 0) throw new GraphError("no axis to reduce", "use the value as it is: ONNX would reduce all");
      for (const i of over) if (x!.axes[i] === undefined) throw new GraphError(`no axis ${i}`, "count axes from 0");
      const left = x!.axes.map((a, i): Axis | null => (over.includes(i) ? (keep ? { name: "", size: 1 } : null) : a));
      return [{ dtype: x!.dtype, axes: left.filter((a) => a !== null) }];
    },
    emit: (emit, { inputs: [x], outputs: [y] }, { over, keep }) =>
      emit.node(name, [emit.nameOf(x!), emit.integers(over)], [emit.nameOf(y!)], { keepdims: keep ? 1 : 0 }),
    gradient,
  };
}

/** A gradient of a reduction's result, with the reduced axes put back as size 1. */
function unreduced(g: Value, node: Node, { over, keep }: Over): Value {
  if (keep) return g;
  return reshape(
    g,
    node.inputs[0]!.axes.map((a, i): Axis => (over.includes(i) ? { name: "", size: 1 } : a)),
  );
}

export const reduceOps = {
  ReduceSum: reduction("ReduceSum", (g, node, over) => [() => broadcastTo(unreduced(g, node, over), node.inputs[0]!)]),
  ReduceMean: reduction("ReduceMean", (g, node, over) => [
    () => {
      const x = node.inputs[0]!;
      const count = over.over.reduce((product, i) => product * (x.axes[i]!.size ?? Number.NaN), 1);
      if (Number.isNaN(count))
        throw new GraphError(`the mean of ${describe(x)} has no gradient yet`, "fix the sizes of the axes it is over");
      return broadcastTo(mul(unreduced(g, node, over), scalar(1 / count)), x);
    },
  ]),
  ReduceMax: reduction("ReduceMax", {
    none: "used for masks and statistics only; where two are largest the slope is not defined",
  }),
};

/** Sum over axis positions (negative ones count from the end); they go away unless `keep`. */
export function sum(x: Value, over: readonly number[], keep = false): Value {
  return apply(reduceOps.ReduceSum, [x], { over: positions(x, over), keep });
}

/** Mean over axis positions (negative ones count from the end); they go away unless `keep`. */
export function mean(x: Value, over: readonly number[], keep = false): Value {
  return apply(reduceOps.ReduceMean, [x], { over: positions(x, over), keep });
}

/** Maximum over axis positions (negative ones count from the end); they go away unless `keep`. */
export function max(x: Value, over: readonly number[], keep = false): Value {
  return apply(reduceOps.ReduceMax, [x], { over: positions(x, over), keep });
}

/** Undoes broadcasting: sums a gradient over the axes along which `like` was stretched. */
export function sumLike(g: Value, like: Value): Value {
  const added = g.axes.length - like.axes.length;
  const over = g.axes.flatMap((a, i) => (i < added || (like.axes[i - added]!.size === 1 && a.size !== 1) ? [i] : []));
  return over.length === 0 ? g : reshape(sum(g, over), like.axes);
}

function positions(x: Value, over: readonly number[]): number[] {
  return over.map((i) => (i < 0 ? i + x.axes.length : i));
}
