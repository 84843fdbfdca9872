/** Ops that pick entries by index. */
import { type Axis, type AxisLike, axes as axesOf, describeAxes, mergeAxes, position } from "../axes.js";
import { GraphError } from "../errors.js";
import { apply, describe, type Emitter, type InputGradient, type Node, type Op, type Value } from "../value.js";

/** How many entries some axes have together; undefined if that is only known at run time. */
function volume(axes: readonly Axis[]): number | undefined {
  return axes.reduce<number | undefined>((p, { size }) => (p === undefined ? p : size && p * size), 1);
}

/** Sizes as ONNX Reshape takes them: one may be unknown. */
function inferred(sizes: readonly (number | undefined)[], x: Value): number[] {
  if (sizes.filter((size) => size === undefined).length > 1)
    throw new GraphError(`cannot tell the sizes of ${describe(x)} apart`, "fix all run-time axes but one");
  return sizes.map((size) => size ?? -1);
}

export const indexingOps = {
  /** Entries of one axis, in the order of an index of any axes, which take that axis's place. */
  Gather: {
    name: "Gather",
    takes: ["any", "index"],
    types: ([x, index], { at }) => [
      { dtype: x!.dtype, axes: [...x!.axes.slice(0, at), ...index!.axes, ...x!.axes.slice(at + 1)] },
    ],
    emit: (emit, { inputs: [x, index], outputs: [y] }, { at }) =>
      emit.node("Gather", [emit.nameOf(x!), emit.nameOf(index!)], [emit.nameOf(y!)], { axis: at }),
    gradient: (g, { inputs: [x, index] }, { at }): InputGradient[] => [
      () => {
        const into = x!.axes[at]!;
        if (into.size === undefined)
          throw new GraphError(
            `the gradient of picking from ${describe(x!)}, whose axis ${at} has no size yet`,
            "fix the size of that axis",
          );
        return apply(indexingOps.ScatterAdd, [g, index!], { at, into });
      },
      null,
    ],
  } satisfies Op<{ at: number }>,

  /**
   * The other way: entries are added up where the index says, exact with any number of threads, unlike ScatterND: into a
   * short axis by a product with one-hot rows, into a long one entry after entry.
   */
  ScatterAdd: {
    name: "ScatterAdd",
    takes: ["real", "index"],
    types: ([x, index], { at, into }) => {
      index!.axes.forEach((a, i) => {
        const own = x!.axes[at + i];
        if (own === undefined)
          throw new GraphError(
            `an index ${describeAxes(index!.axes)} for axes from ${at} on of ${describeAxes(x!.axes)}`,
            "give one place for each entry",
          );
        mergeAxes(a, own);
      });
      return [{ dtype: x!.dtype, axes: [...x!.axes.slice(0, at), into, ...x!.axes.slice(at + index!.axes.length)] }];
    },
    emit: (emit, node, { at, into }) => {
      const [x, index] = node.inputs;
      const [y] = node.outputs;
      const after = at + index!.axes.length;
      if (at === 0 && into.size! > SHORT && volume(x!.axes.slice(after)) !== undefined) return emitRowByRow(emit, node);
      const [outer, inner] = [x!.axes.slice(0, at), x!.axes.slice(after)];
      const flat = at === 0 ? [index!.axes, inner] : [outer, index!.axes, inner];
      const names = { places: emit.fresh("places"), hot: emit.fresh("hot"), flat: emit.fresh("flat") };
      const sum = emit.fresh("sum");
      emit.node("Reshape", [asInt64(emit, emit.nameOf(index!), index!), emit.integers([-1])], [names.places]);
      emit.node("OneHot", [names.places, emit.integers([into.size!]), emit.floats([0, 1])], [names.hot], { axis: -1 });
      emit.node("Reshape", [emit.nameOf(x!), emit.integers(inferred(flat.map(volume), x!))], [names.flat]);
      if (at === 0) emit.node("Gemm", [names.hot, names.flat], [sum], { transA: 1 });
      else emit.node("FusedMatMul", [names.hot, names.flat], [sum], { transA: 1 }, "com.microsoft");
      emit.node("Reshape", [sum, emitSizes(emit, x!, y!, at, after)], [emit.nameOf(y!)]);
    },
    gradient: (g, { inputs: [, index] }, { at }): InputGradient[] => [() => gather(g, index!, at), null],
  } satisfies Op<{ at: number; into: Axis }>,

  OneHot: {
    name: "OneHot",
    takes: ["index"],
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
    takes: ["real", "index"],
    types: ([x, index, back]) => {
      if (x!.axes.length !== 3 || index!.axes.length !== 2 || back!.axes.length !== 2)
        throw new GraphError("rows to move are [batch, rows, width], their places [batch, places]", "reshape first");
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

/** The longest axis for which a product with one-hot rows costs less than going through the entries one by one. */
const SHORT = 256;

/** Adds rows into zeros one after the other, on one thread: the work does not grow with the axis. */
function emitRowByRow(emit: Emitter, { inputs: [x, index], outputs: [y] }: Node): void {
  const width = volume(y!.axes.slice(1))!;
  const into = emit.integers([y!.axes[0]!.size!, width]);
  const names = { rows: emit.fresh("rows"), shape: emit.fresh("shape"), column: emit.fresh("column") };
  const [places, zeros, sum] = [emit.fresh("places"), emit.fresh("zeros"), emit.fresh("sum")];
  emit.node("Reshape", [emit.nameOf(x!), emit.integers([-1, width])], [names.rows]);
  emit.node("Shape", [names.rows], [names.shape]);
  emit.node("Reshape", [emit.nameOf(index!), emit.integers([-1, 1])], [names.column]);
  emit.node("Expand", [names.column, names.shape], [places]);
  emit.node("Expand", [emit.constant(x!.dtype, 0), into], [zeros]);
  emit.node("ScatterElements", [zeros, places, names.rows], [sum], { axis: 0, reduction: "add" });
  emit.node("Reshape", [sum, emit.integers(y!.axes.map(({ size }) => size!))], [emit.nameOf(y!)]);
}

/** The sizes of `y`, which has those of `x` but for one in place of `at` to `after`. */
function emitSizes(emit: Emitter, x: Value, y: Value, at: number, after: number): string {
  const sizes = y.axes.map(({ size }) => size);
  if (sizes.every((size) => size !== undefined)) return emit.integers(sizes);
  const names = { front: emit.fresh("front"), rest: emit.fresh("rest"), sizes: emit.fresh("sizes") };
  emit.node("Shape", [emit.nameOf(x)], [names.front], { end: at });
  emit.node("Shape", [emit.nameOf(x)], [names.rest], { start: after });
  emit.node("Concat", [names.front, emit.integers([sizes[at]!]), names.rest], [names.sizes], { axis: 0 });
  return names.sizes;
}

function asInt64(emit: Emitter, name: string, index: Value): string {
  if (index.dtype === "int64") return name;
  const wide = emit.fresh("wide");
  emit.node("Cast", [name], [wide], { to: 7 });
  return wide;
}

/**
 * Entries `index` of axis `at` (negative counts from the end): [.., ..index axes, ..], the index's axes in that axis's
 * place.
 */
export function gather(x: Value, index: Value, at: number): Value {
  return apply(indexingOps.Gather, [x, index], { at: position(x, at) });
}

/** Rows `table[index]`: `[..index axes, ..table axes but the first]`. */
export function embed(table: Value, index: Value): Value {
  return gather(table, index, 0);
}

/**
 * Adds up rows by index: `y[i]` is the sum of all `rows[j]` with `index[j] = i`, zero where there is none. Exact with any
 * number of threads.
 * @param rows  [..index axes, ..rest], float32 and finite
 * @param index  int32 or int64 below `into`; a negative one counts from the end, rows of others are left out
 * @param into  the first axis of the result, of a known size
 * @returns  [into, ..rest]
 */
export function scatterAdd(rows: Value, index: Value, into: AxisLike): Value {
  const [axis] = axesOf(into);
  if (axis!.size === undefined)
    throw new GraphError(`rows added up into an axis ${axis!.name} of unknown size`, "give the axis its size");
  return apply(indexingOps.ScatterAdd, [rows, index], { at: 0, into: axis! });
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
