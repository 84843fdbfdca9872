/** Axes of tensors: a name, and a size unless it is only known when the graph runs. */
import { GraphError } from "./errors.js";

/** One axis of a tensor. */
export interface Axis {
  /** "" for an axis nobody named. */
  readonly name: string;
  /** Undefined when only known at run time; such an axis has a name, which reaches the file as `dim_param`. */
  readonly size: number | undefined;
}

/** How callers write axes: a size, a name whose size is known at run time, or both. */
export type AxisLike = number | string | Axis;

/** An axis with a name and a size. */
export function axis(name: string, size?: number): Axis {
  return { name, size };
}

/** Axes from their short forms. */
export function axes(...list: readonly AxisLike[]): Axis[] {
  return list.map((item) =>
    typeof item === "number"
      ? { name: "", size: item }
      : typeof item === "string"
        ? { name: item, size: undefined }
        : item,
  );
}

/** Axes in one line: `[batch, heads 8, 64]`. */
export function describeAxes(list: readonly Axis[]): string {
  return `[${list.map(({ name, size }) => (size === undefined ? name : name === "" ? `${size}` : `${name} ${size}`)).join(", ")}]`;
}

/** Sizes of axes that must all be known. `who` says whose they are, for the message. */
export function sizesOf(list: readonly Axis[], who: () => string): number[] {
  return list.map(({ name, size }) => {
    if (size === undefined)
      throw new GraphError(`axis ${name} of ${who()} has no size yet`, "build this graph with that axis fixed");
    return size;
  });
}

/** Whether two axes certainly have the same size. */
export function sameSize(a: Axis, b: Axis): boolean {
  return a.size !== undefined || b.size !== undefined ? a.size === b.size : a.name === b.name;
}

/** The axis that two equal ones become: the named one. */
export function mergeAxes(a: Axis, b: Axis): Axis {
  if (!sameSize(a, b))
    throw new GraphError(`axes ${describeAxes([a])} and ${describeAxes([b])} differ in size`, "make the sizes agree");
  if (a.name !== "" && b.name !== "" && a.name !== b.name)
    throw new GraphError(
      `axes ${a.name} and ${b.name} meet, though they mean different things`,
      "transpose or reshape one of them",
    );
  return a.name === "" ? b : a;
}

/** Axes of an element-wise result: aligned at the right, an axis of size 1 stretches, as in NumPy and ONNX. */
export function broadcast(a: readonly Axis[], b: readonly Axis[]): Axis[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - (rank - a.length)];
    const right = b[i - (rank - b.length)];
    if (left === undefined || right === undefined) return (left ?? right)!;
    if (left.size === 1 && right.size !== 1) return right;
    if (right.size === 1 && left.size !== 1) return left;
    return mergeAxes(left, right);
  });
}

/** The place of an axis, counted from 0; a negative one counts from the end. */
export function position({ axes }: { readonly axes: readonly Axis[] }, at: number): number {
  const from = at < 0 ? at + axes.length : at;
  if (axes[from] === undefined)
    throw new GraphError(
      `no axis ${at} among ${describeAxes(axes)}`,
      `count from 0 to ${axes.length - 1}, or from the end from -1 to -${axes.length}`,
    );
  return from;
}
