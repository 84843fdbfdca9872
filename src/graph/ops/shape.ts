/** Ops that move numbers and compute none. */
import {
  type Axis,
  type AxisLike,
  axes as axesOf,
  broadcast,
  describeAxes,
  mergeAxes,
  position,
  sameSize,
} from "../axes.js";
import { GraphError } from "../errors.js";
import { apply, describe, type InputGradient, type Op, type Value } from "../value.js";
import { sumLike } from "./reduce.js";

/** The shape operand of ONNX Reshape: 0 copies the input's axis, -1 is inferred; at most one may be. */
function reshapeOperand(from: readonly Axis[], to: readonly Axis[]): number[] {
  const operand = to.map(
    ({ name, size }, i) => size ?? (from[i]?.size === undefined && from[i]?.name === name ? 0 : -1),
  );
  if (operand.filter((size) => size === -1).length > 1)
    throw new GraphError(
      `cannot tell the sizes of ${describeAxes(to)} from ${describeAxes(from)}`,
      "fix all run-time axes but one",
    );
  return operand;
}

/** Past every end, as ONNX writes "to the end". */
const END = 2 ** 31 - 1;

const product = (axes: readonly Axis[]) => axes.reduce((p, { size }) => p * (size ?? 1), 1);

/** How many entries some values have along an axis together; undefined if that is only known at run time. */
function total(parts: readonly Value[], at: number): number | undefined {
  const sizes = parts.map((part) => part.axes[at]!.size);
  return sizes.includes(undefined) ? undefined : sizes.reduce<number>((sum, n) => sum + n!, 0);
}

export const shapeOps = {
  Reshape: {
    name: "Reshape",
    types: ([x], { to }) => {
      reshapeOperand(x!.axes, to);
      const known = [...x!.axes, ...to].every(({ size }) => size !== undefined);
      if (known && product(x!.axes) !== product(to))
        throw new GraphError(
          `${describeAxes(to)} holds ${product(to)} numbers, not ${product(x!.axes)}`,
          "make the sizes multiply to the same",
        );
      return [{ dtype: x!.dtype, axes: to }];
    },
    emit: (emit, { inputs: [x], outputs: [y] }, { to }) =>
      emit.node("Reshape", [emit.nameOf(x!), emit.integers(reshapeOperand(x!.axes, to))], [emit.nameOf(y!)]),
    gradient: (g, { inputs: [x] }) => [() => reshape(g, x!.axes)],
  } satisfies Op<{ to: readonly Axis[] }>,

  Transpose: {
    name: "Transpose",
    types: ([x], { order }) => {
      if ([...order].sort((a, b) => a - b).some((at, i) => at !== i) || order.length !== x!.axes.length)
        throw new GraphError(`[${order}] does not order ${x!.axes.length} axes`, "name every axis position once");
      return [{ dtype: x!.dtype, axes: order.map((i) => x!.axes[i]!) }];
    },
    emit: (emit, { inputs: [x], outputs: [y] }, { order }) =>
      emit.node("Transpose", [emit.nameOf(x!)], [emit.nameOf(y!)], { perm: order }),
    gradient: (g, _node, { order }) => [
      () =>
        transpose(
          g,
          order.map((_, i) => order.indexOf(i)),
        ),
    ],
  } satisfies Op<{ order: readonly number[] }>,

  Slice: {
    name: "Slice",
    types: ([x], { at, start, length, step }) => {
      const size = x!.axes[at]?.size;
      if (size !== undefined && typeof length === "number" && (start < 0 || start + (length - 1) * step >= size))
        throw new GraphError(
          `${length} from ${start} by ${step} runs past the ${size} there are`,
          "slice within the axis",
        );
      const kept = (a: Axis): Axis => (typeof length === "number" ? { name: a.name, size: length } : length.axis);
      return [{ dtype: x!.dtype, axes: x!.axes.map((a, i) => (i === at ? kept(a) : a)) }];
    },
    emit: (emit, { inputs: [x], outputs: [y] }, { at, start, length, step }) => {
      const end =
        typeof length === "number" ? start + (length - 1) * step + 1 : length.leaving === 0 ? END : -length.leaving;
      const operands = [start, end, at, step].map((value) => emit.integers([value]));
      emit.node("Slice", [emit.nameOf(x!), ...operands], [emit.nameOf(y!)]);
    },
    gradient: (g, { inputs: [x] }, { at, start, length, step }) => [
      () => {
        if (typeof length !== "number") return padTo(g, at, start, length.leaving, x!.axes[at]!, 0);
        const size = x!.axes[at]!.size;
        if (size === undefined)
          throw new GraphError(
            `the gradient of a slice of ${describe(x!)}, whose axis ${at} has no size yet`,
            "fix the size of that axis, or trim it at both ends",
          );
        const reach = (length - 1) * step + 1;
        return padTo(spread(g, at, step), at, start, size - start - reach, x!.axes[at]!, 0);
      },
    ],
  } satisfies Op<{ at: number; start: number; length: number | { axis: Axis; leaving: number }; step: number }>,

  Pad: {
    name: "Pad",
    types: ([x], { at, axis }) => [{ dtype: x!.dtype, axes: x!.axes.map((a, i) => (i === at ? axis : a)) }],
    emit: (emit, { inputs: [x], outputs: [y] }, { at, before, after, value }) => {
      const filling = value === 0 ? "" : emit.constant(x!.dtype, value);
      const operands = [emit.integers([before, after]), filling, emit.integers([at])];
      emit.node("Pad", [emit.nameOf(x!), ...operands], [emit.nameOf(y!)]);
    },
    gradient: (g, { inputs: [x] }, { at, before, after }) => [() => trim(g, at, before, after, x!.axes[at]!)],
  } satisfies Op<{ at: number; before: number; after: number; axis: Axis; value: number }>,

  Concat: {
    name: "Concat",
    types: (parts, { at, name }) => {
      const size = total(parts, at);
      const axes = parts[0]!.axes.map((a, i) =>
        i === at ? { name, size } : parts.map((part) => part.axes[i]!).reduce(mergeAxes, a),
      );
      return [{ dtype: parts[0]!.dtype, axes }];
    },
    emit: (emit, { inputs, outputs: [y] }, { at }) =>
      emit.node("Concat", inputs.map(emit.nameOf), [emit.nameOf(y!)], { axis: at }),
    gradient: (g, { inputs }, { at }): InputGradient[] =>
      inputs.map((part, i) => () => {
        const [before, after] = [total(inputs.slice(0, i), at), total(inputs.slice(i + 1), at)];
        if (before === undefined || after === undefined)
          throw new GraphError(
            `the gradient of ${describe(part)}, joined to others of unknown size`,
            "fix the sizes of the other parts",
          );
        return trim(g, at, before, after, part.axes[at]!);
      }),
  } satisfies Op<{ at: number; name: string }>,

  BroadcastTo: {
    name: "BroadcastTo",
    types: ([x, like]) => [{ dtype: x!.dtype, axes: broadcast(x!.axes, like!.axes) }],
    emit: (emit, { inputs: [x, like], outputs: [y] }) => {
      const fixed = like!.axes.every(({ size }) => size !== undefined);
      let shape: string;
      if (fixed) shape = emit.integers(like!.axes.map(({ size }) => size!));
      else {
        shape = emit.fresh("shape");
        emit.node("Shape", [emit.nameOf(like!)], [shape]);
      }
      emit.node("Expand", [emit.nameOf(x!), shape], [emit.nameOf(y!)]);
    },
    gradient: (g, { inputs: [x] }): InputGradient[] => [() => sumLike(g, x!), null],
  } satisfies Op<null>,
};

/**
 * The same numbers in row-major order under the axes `to`: their sizes multiply to the same, and one run-time axis may
 * be inferred.
 */
export function reshape(x: Value, to: readonly AxisLike[]): Value {
  const axes = axesOf(...to);
  const unchanged =
    axes.length === x.axes.length && axes.every((a, i) => sameSize(a, x.axes[i]!) && a.name === x.axes[i]!.name);
  return unchanged ? x : apply(shapeOps.Reshape, [x], { to: axes });
}

/** Axes in another order: `order[i]` is the old position of the new axis i. */
export function transpose(x: Value, order: readonly number[]): Value {
  return order.every((at, i) => at === i) ? x : apply(shapeOps.Transpose, [x], { order });
}

/**
 * `length` entries of axis `at` (negative counts from the end) from `start`, every `step`-th: the axes of `x`, with
 * `length` entries there.
 */
export function slice(x: Value, at: number, start: number, length: number, step = 1): Value {
  const from = position(x, at);
  return start === 0 && step === 1 && x.axes[from]!.size === length
    ? x
    : apply(shapeOps.Slice, [x], { at: from, start, length, step });
}

/** All of axis `at` but the first `before` and the last `after` entries: the axes of `x`, with `axis` there. */
export function trim(x: Value, at: number, before: number, after: number, axis: Axis): Value {
  return apply(shapeOps.Slice, [x], { at, start: before, length: { axis, leaving: after }, step: 1 });
}

/**
 * Zeros, or another `value`, before and after, along axis `at` (negative counts from the end): the axes of `x`, that one
 * longer.
 */
export function pad(x: Value, at: number, before: number, after: number, value = 0): Value {
  if (before === 0 && after === 0) return x;
  const from = position(x, at);
  const { name, size } = x.axes[from]!;
  const longer = size === undefined ? { name: `${name} and padding`, size } : { name, size: size + before + after };
  return padTo(x, from, before, after, longer, value);
}

/** `pad`, when it is known which axis the result has; nothing to pad may still be a name to give back. */
function padTo(x: Value, at: number, before: number, after: number, axis: Axis, value: number): Value {
  const own = x.axes[at]!;
  const unchanged = before === 0 && after === 0 && sameSize(own, axis) && (own.name === "" || own.name === axis.name);
  return unchanged ? x : apply(shapeOps.Pad, [x], { at, before, after, axis, value });
}

/** `step - 1` zeros between the entries of axis `at`. */
function spread(x: Value, at: number, step: number): Value {
  if (step === 1) return x;
  const { name, size } = x.axes[at]!;
  const alone = reshape(x, x.axes.toSpliced(at + 1, 0, { name: "", size: 1 }));
  const merged = reshape(pad(alone, at + 1, 0, step - 1), x.axes.with(at, { name, size: size! * step }));
  return slice(merged, at, 0, (size! - 1) * step + 1);
}

/**
 * Values one after the other along axis `at` (negative counts from the end), which may get a new name: the axes of each,
 * and there their sizes added.
 */
export function concat(parts: readonly Value[], at: number, name?: string): Value {
  const from = position(parts[0]!, at);
  return parts.length === 1
    ? parts[0]!
    : apply(shapeOps.Concat, parts, { at: from, name: name ?? parts[0]!.axes[from]!.name });
}

/** `x` broadcast to the axes it would have in `x + like`. */
export function broadcastTo(x: Value, like: Value): Value {
  const same = x.axes.length === like.axes.length && x.axes.every((a, i) => sameSize(a, like.axes[i]!));
  return same ? x : apply(shapeOps.BroadcastTo, [x, like], null);
}
