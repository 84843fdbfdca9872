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
import { ONNX_TYPE } from "../dtype.js";
import { GraphError } from "../errors.js";
import { apply, describe, type InputGradient, type Op, type Value } from "../value.js";
import { putBack, takeOut } from "./fit.js";
import { sumLike } from "./reduce.js";
import { emitReshape, originsOf } from "./sizes.js";

function checkCounts(counts: Readonly<Record<string, number>>, mend: string): void {
  for (const [name, count] of Object.entries(counts))
    if (!Number.isSafeInteger(count) || count < 0) throw new GraphError(`a ${name} of ${count}`, mend);
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
    takes: ["any"],
    types: ([x, ...like], { to }) => {
      originsOf([x!, ...like], to);
      const known = [...x!.axes, ...to].every(({ size }) => size !== undefined);
      if (known && product(x!.axes) !== product(to))
        throw new GraphError(
          `${describeAxes(to)} holds ${product(to)} numbers, not ${product(x!.axes)}`,
          "make the sizes multiply to the same",
        );
      return [{ dtype: x!.dtype, axes: to }];
    },
    emit: (emit, { inputs, outputs: [y] }, { to }) => emitReshape(emit, inputs, originsOf(inputs, to), emit.nameOf(y!)),
    gradient: (g, { inputs: [x] }): InputGradient[] => [() => reshape(g, x!.axes, x!)],
  } satisfies Op<{ to: readonly Axis[] }>,

  Transpose: {
    name: "Transpose",
    takes: ["any"],
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
    takes: ["any"],
    types: ([x], { at, start, length, step }) => {
      const size = x!.axes[at]!.size;
      if (!Number.isSafeInteger(step) || step < 1)
        throw new GraphError(`a step of ${step}`, "go by steps of at least 1");
      checkCounts({ start }, "start at 0 or later");
      if (typeof length === "number") {
        const end = length === 0 ? start : start + (length - 1) * step + 1;
        if (size !== undefined && end > size)
          throw new GraphError(
            `${length} from ${start} by ${step} runs past the ${size} there are`,
            "slice within the axis",
          );
        return [{ dtype: x!.dtype, axes: x!.axes.with(at, { name: x!.axes[at]!.name, size: length }) }];
      }
      const { axis, leaving } = length;
      checkCounts({ "number after": leaving }, "leave out none or more");
      if (size !== undefined && axis.size !== size - start - leaving)
        throw new GraphError(
          `${describeAxes([axis])} for what is left of ${size} without ${start} before and ${leaving} after`,
          `call it an axis of size ${size - start - leaving}`,
        );
      return [{ dtype: x!.dtype, axes: x!.axes.with(at, axis) }];
    },
    emit: (emit, { inputs: [x], outputs: [y] }, { at, start, length, step }) => {
      const given = typeof length === "number";
      const end = given ? start + length * step : length.leaving === 0 ? END : -length.leaving;
      const operands = [start, end, at, step].map((value) => emit.integers([value]));
      emit.node("Slice", [emit.nameOf(x!), ...operands], [emit.nameOf(y!)]);
    },
    gradient: (g, { inputs: [x] }, { at, start, length, step }) => [
      () => {
        if (typeof length !== "number") return padTo(g, at, start, length.leaving, x!.axes[at]!, 0);
        const size = x!.axes[at]!.size;
        const spaced = spread(g, at, step);
        const after = size === undefined ? undefined : size - start - spaced.axes[at]!.size!;
        return after === undefined
          ? putBack(spaced, x!, [], { at, start })
          : padTo(spaced, at, start, after, x!.axes[at]!, 0);
      },
    ],
  } satisfies Op<{ at: number; start: number; length: number | { axis: Axis; leaving: number }; step: number }>,

  Pad: {
    name: "Pad",
    takes: ["number"],
    types: ([x], { at, before, after, axis }) => {
      checkCounts({ "number before": before, "number after": after }, "pad by none or more; trim cuts off");
      return [{ dtype: x!.dtype, axes: x!.axes.with(at, axis) }];
    },
    emit: (emit, { inputs: [x], outputs: [y] }, { at, before, after, value }) => {
      const filling = value === 0 ? "" : emit.constant(x!.dtype, value);
      const operands = [emit.integers([before, after]), filling, emit.integers([at])];
      emit.node("Pad", [emit.nameOf(x!), ...operands], [emit.nameOf(y!)]);
    },
    gradient: (g, { inputs: [x] }, { at, before, after }) => [() => trim(g, at, before, after, x!.axes[at]!)],
  } satisfies Op<{ at: number; before: number; after: number; axis: Axis; value: number }>,

  Concat: {
    name: "Concat",
    takes: ["any"],
    types: (parts, { at, name }) => {
      const [first] = parts;
      const odd = parts.find(({ dtype, axes }) => dtype !== first!.dtype || axes.length !== first!.axes.length);
      if (odd !== undefined)
        throw new GraphError(
          `${describe(first!)} and ${describe(odd)} differ in element type or in the number of axes`,
          "cast or reshape one of them",
        );
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
        return before === undefined || after === undefined
          ? takeOut(g, part, inputs.slice(0, i), { at, start: 0 })
          : trim(g, at, before, after, part.axes[at]!);
      }),
  } satisfies Op<{ at: number; name: string }>,

  BroadcastTo: {
    name: "BroadcastTo",
    takes: ["any"],
    types: ([x, like]) => [{ dtype: x!.dtype, axes: broadcast(x!.axes, like!.axes) }],
    emit: (emit, { inputs: [x, like], outputs: [y] }) => {
      const sizes = y!.axes.map(({ size }) => size);
      if (sizes.every((size) => size !== undefined) && sizes.includes(0)) {
        // ONNX Runtime takes an Expand from 1 to 0 for one that does nothing, and leaves it out.
        const shape = emit.integers(sizes);
        const none = y!.dtype === "float32" ? emit.nameOf(y!) : emit.fresh("none");
        emit.node("Reshape", [emit.floats([]), shape], [none], { allowzero: 1 });
        if (y!.dtype !== "float32") emit.node("Cast", [none], [emit.nameOf(y!)], { to: ONNX_TYPE[y!.dtype] });
        return;
      }
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
 * The same numbers in row-major order under the axes `to`, whose sizes multiply to the same. Axes of a run-time size keep
 * the sizes they have in `x`, or in one of `like`, under the same names; one may have a new name, and its size is inferred.
 */
export function reshape(x: Value, to: readonly AxisLike[], ...like: readonly Value[]): Value {
  const axes = axesOf(...to);
  const unchanged =
    axes.length === x.axes.length && axes.every((a, i) => sameSize(a, x.axes[i]!) && a.name === x.axes[i]!.name);
  if (unchanged) return x;
  const found = (value: Value) =>
    axes.some(({ name, size }) => size === undefined && lacks(x, name) && !lacks(value, name));
  return apply(shapeOps.Reshape, [x, ...like.filter(found)], { to: axes });
}

/** Whether no axis of a value has a run-time size of this name. */
const lacks = ({ axes }: Value, wanted: string) =>
  !axes.some(({ name, size }) => size === undefined && name === wanted);

/** Axes in another order: `order[i]` is the old position of the new axis i. */
export function transpose(x: Value, order: readonly number[]): Value {
  return order.length === x.axes.length && order.every((at, i) => at === i)
    ? x
    : apply(shapeOps.Transpose, [x], { order });
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

/**
 * All of axis `at` (negative counts from the end) but the first `before` and the last `after` entries: the axes of `x`,
 * with `axis` there.
 */
export function trim(x: Value, at: number, before: number, after: number, axis: Axis): Value {
  return apply(shapeOps.Slice, [x], { at: position(x, at), start: before, length: { axis, leaving: after }, step: 1 });
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
  const { name, size } = x.axes[at]!;
  if (step === 1 || size === 0) return x;
  const alone = reshape(x, x.axes.toSpliced(at + 1, 0, { name: "", size: 1 }));
  const merged = reshape(pad(alone, at + 1, 0, step - 1), x.axes.with(at, { name, size: size! * step }));
  return slice(merged, at, 0, (size! - 1) * step + 1);
}

/**
 * Values one after the other along axis `at` (negative counts from the end), which may get a new name: the axes of each,
 * and there their sizes added.
 */
export function concat(parts: readonly Value[], at: number, name?: string): Value {
  if (parts.length === 0) throw new GraphError("nothing to put one after the other", "give one part or more");
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
