/** The sizes to which a value is reshaped, as ONNX takes them: numbers, copies, sizes of other values, and one inferred. */
import { type Axis, describeAxes } from "../axes.js";
import { GraphError } from "../errors.js";
import type { Emitter, Value } from "../value.js";

/** Where the size of an axis comes from: a number, an axis of some value, or what is left over. */
type Origin = number | { readonly value: Value; readonly at: number } | "rest";

function originOf({ name, size }: Axis, at: number, known: readonly Value[]): Origin {
  if (size !== undefined) return size;
  const same = (a: Axis | undefined) => a?.size === undefined && a?.name === name;
  if (same(known[0]!.axes[at])) return { value: known[0]!, at };
  for (const value of known) {
    const found = value.axes.findIndex(same);
    if (found !== -1) return { value, at: found };
  }
  return "rest";
}

/**
 * Where the sizes come from when `known[0]` is reshaped to some axes: those of a run-time size are found by name among the axes of
 * `known`, and one that is not found is inferred.
 * @throws {GraphError} if more than one is not found, or one beside an axis of no entries
 */
export function originsOf(known: readonly Value[], to: readonly Axis[]): Origin[] {
  const origins = to.map((axis, at) => originOf(axis, at, known));
  const rest = origins.filter((origin) => origin === "rest").length;
  if (rest > (to.some(({ size }) => size === 0) ? 0 : 1))
    throw new GraphError(
      `cannot tell the sizes of ${describeAxes(to)} from ${known.map(({ axes }) => describeAxes(axes)).join(" and ")}`,
      "fix all run-time axes but one",
    );
  return origins;
}

/** Writes the Reshape of `known[0]` to sizes from given origins. */
export function emitReshape(emit: Emitter, known: readonly Value[], origins: readonly Origin[], result: string): void {
  const x = known[0]!;
  const copies = (origin: Origin, at: number) => typeof origin === "object" && origin.value === x && origin.at === at;
  const plain = origins.every(
    (origin, at) => origin === "rest" || copies(origin, at) || (typeof origin === "number" && origin > 0),
  );
  if (plain) {
    const operand = origins.map((origin) => (origin === "rest" ? -1 : typeof origin === "number" ? origin : 0));
    emit.node("Reshape", [emit.nameOf(x), emit.integers(operand)], [result]);
    return;
  }
  const parts = origins.map((origin) => {
    if (typeof origin !== "object") return emit.integers([origin === "rest" ? -1 : origin]);
    const size = emit.fresh("size");
    emit.node("Shape", [emit.nameOf(origin.value)], [size], { start: origin.at, end: origin.at + 1 });
    return size;
  });
  const numbers = origins.every((origin) => typeof origin === "number");
  const sizes = numbers ? emit.integers(origins) : emit.fresh("sizes");
  if (!numbers) emit.node("Concat", parts, [sizes], { axis: 0 });
  // A 0 is then no copy; but it may not stand beside what is inferred.
  emit.node("Reshape", [emit.nameOf(x), sizes], [result], origins.includes("rest") ? {} : { allowzero: 1 });
}
