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

/**
 * Whether axes can be those of a value.
 * @throws {GraphError} for a size that is no whole number from 0, or an axis of neither size nor name
 */
export function checkAxes(list: readonly Axis[]): void {
  for (const { name, size } of list) {
    if (size === undefined ? name === "" : !(Number.isSafeInteger(size) && size >= 0))
      throw new GraphError(
        size === undefined
          ? "an axis of neither size nor name"
          : `an axis ${name === "" ? "" : `${name} `}of size ${size}`,
        "give every axis a whole number from 0 as its size, or a name if that is only known when the graph runs",
      );
  }
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
  checkMeaning(a, b);
  return a.name === "" ? b : a;
}

/** The axis that one of size 1 is stretched to. */
function stretched(one: Axis, to: Axis): Axis {
  checkMeaning(one, to);
  return to;
}

function checkMeaning(a: Axis, b: Axis): void {
  if (a.name !== "" && b.name !== "" && a.name !== b.name)
    throw new GraphError(
      `axes ${a.name} and ${b.name} meet, though they mean different things`,
      "transpose or reshape one of them",
    );
}

/** Axes of an element-wise result: aligned at the right, an axis of size 1 stretches, as in NumPy and ONNX. */
export function broadcast(a: readonly Axis[], b: readonly Axis[]): Axis[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - (rank - a.length)];
    const right = b[i - (rank - b.length)];
    if (left === undefined || right === undefined) return (left ?? right)!;
    if (left.size === 1 && right.size !== 1) return stretched(left, right);
    if (right.size === 1 && left.size !== 1) return stretched(right, left);
    return mergeAxes(left, right);
  });
}

/**
 * The places of several axes, counted from 0; negative ones count from the end.
 * @throws {GraphError} for one that is not there, or is named twice
 */
export function positions(x: { readonly axes: readonly Axis[] }, at: readonly number[]): number[] {
  const places = at.map((one) => position(x, one));
  if (new Set(places).size < places.length)
    throw new GraphError(`axes [${at}] of ${describeAxes(x.axes)}, one of them twice`, "name every axis once");
  return places;
}

/** The place of an axis, counted from 0; a negative one counts from the end. */
export function position({ axes }: { readonly axes: readonly Axis[] }, at: number): number {
  const from = at < 0 ? at + axes.length : at;
  if (axes[from] === undefined)
    throw new GraphError(
      `no axis ${at} among ${describeAxes(axes)}`,
      axes.length === 0
        ? "give it an axis first: a scalar has none"
        : `count from 0 to ${axes.length - 1}, or from the end from -1 to -${axes.length}`,
    );
  return from;
}
