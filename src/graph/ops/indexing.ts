/** Ops that pick entries by index. */
import { axis, mergeAxes, sizesOf } from "../axes.js";
import { GraphError } from "../errors.js";
import { apply, describe, type InputGradient, type Op, type Value } from "../value.js";
import { matmul } from "./linear.js";
import { reshape } from "./shape.js";

const product = (sizes: readonly number[]) => sizes.reduce((p, size) => p * size, 1);

const isIndex = (x: Value) => x.dtype === "int32" || x.dtype === "int64";

export const indexingOps = {
  /** Rows of a table. The gradient is a product with one-hot rows: exact with any number of threads, unlike ScatterND. */
  Embed: {
    name: "Embed",
    types: ([table, index]) => {
      if (!isIndex(index!)) throw new GraphError(`an index of ${index!.dtype}`, "index by int32 or int64");
      return [{ dtype: table!.dtype, axes: [...index!.axes, ...table!.axes.slice(1)] }];
    },
    emit: (emit, { inputs: [table, index], outputs: [y] }) =>
      emit.node("Gather", [emit.nameOf(table!), emit.nameOf(index!)], [emit.nameOf(y!)], { axis: 0 }),
    gradient: (g, { inputs: [table, index] }): InputGradient[] => [
      () => {
        const [vocabulary, ...row] = sizesOf(table!.axes, () => describe(table!));
        const sizes = index!.axes.map(({ size }) => size);
        const rows = axis("rows", sizes.includes(undefined) ? undefined : product(sizes as number[]));
        const hot = oneHot(reshape(index!, [rows]), vocabulary!);
        return reshape(matmul(hot, reshape(g, [rows, product(row)]), { transposeLeft: true }), table!.axes);
      },
      null,
    ],
  } satisfies Op<null>,

  OneHot: {
    name: "OneHot",
    types: ([index], { depth }) => [{ dtype: "float32", axes: [...index!.axes, { name: "", size: depth }] }],
    emit: (emit, { inputs: [index], outputs: [y] }, { depth }) => {
      emit.node(
        "OneHot",
        [asInt64(emit, emit.nameOf(index!), index!), emit.integers([depth]), emit.floats([0, 1])],
        [emit.nameOf(y!)],
        { axis: -1 },
      );
    },
    gradient: { none: "an index is a whole number" },
  } satisfies Op<{ depth: number }>,

  /**
   * Moves rows by a permutation with gaps: `y[b, j] = x[b, index[b, j]]`, zero where the index is -1. Every row of `x`
   * goes to at most one place, and `back` says which (or -1), so the gradient is the same op the other way round.
   */
  MoveRows: {
    name: "MoveRows",
    types: ([x, index, back]) => {
      if (x!.axes.length !== 3 || index!.axes.length !== 2 || back!.axes.length !== 2)
        throw new GraphError("rows to move are [batch, rows, width], their places [batch, places]", "reshape first");
      if (!isIndex(index!) || !isIndex(back!)) throw new GraphError("places are not whole numbers", "index by int32");
      const batch = [index!, back!].reduce((all, { axes }) => mergeAxes(all, axes[0]!), x!.axes[0]!);
      mergeAxes(x!.axes[1]!, back!.axes[1]!);
      return [{ dtype: x!.dtype, axes: [batch, index!.axes[1]!, x!.axes[2]!] }];
    },
    emit: (emit, { inputs: [x, index], outputs: [y] }) => {
      const names = {
        taken: emit.fresh("taken"),
        from: emit.fresh("from"),
        at: emit.fresh("at"),
        here: emit.fresh("here"),
        mask: emit.fresh("mask"),
      };
      emit.node("Max", [emit.nameOf(index!), emit.constant(index!.dtype, 0)], [names.from]);
      emit.node("Unsqueeze", [names.from, emit.integers([2])], [names.at]);
      emit.node("GatherND", [emit.nameOf(x!), asInt64(emit, names.at, index!)], [names.taken], { batch_dims: 1 });
      emit.node("GreaterOrEqual", [emit.nameOf(index!), emit.constant(index!.dtype, 0)], [names.here]);
      emit.node("Unsqueeze", [names.here, emit.integers([2])], [names.mask]);
      emit.node("Where", [names.mask, names.taken, emit.scalar(0)], [emit.nameOf(y!)]);
    },
    gradient: (g, { inputs: [, index, back] }): InputGradient[] => [() => moveRows(g, back!, index!), null, null],
  } satisfies Op<null>,
};

function asInt64(emit: Parameters<Op<null>["emit"]>[0], name: string, index: Value): string {
  if (index.dtype === "int64") return name;
  const wide = emit.fresh("wide");
  emit.node("Cast", [name], [wide], { to: 7 });
  return wide;
}

/** Rows `table[index]`: `[..index axes, ..table axes but the first]`. */
export function embed(table: Value, index: Value): Value {
  return apply(indexingOps.Embed, [table, index], null);
}

/** `[..index axes, depth]`, 1 at the index and 0 elsewhere. */
export function oneHot(index: Value, depth: number): Value {
  return apply(indexingOps.OneHot, [index], { depth });
}

/**
 * `y[b, j] = x[b, index[b, j]]`, zero where `index` is -1.
 * @param x  [batch, rows, width]
 * @param index  [batch, moved], each row of x at most once
 * @param back  [batch, rows]: where each row went, -1 if nowhere
 */
export function moveRows(x: Value, index: Value, back: Value): Value {
  return apply(indexingOps.MoveRows, [x, index, back], null);
}
