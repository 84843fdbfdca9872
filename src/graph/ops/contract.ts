/** Products over axes by their names. */
import type { Axis } from "../axes.js";
import { GraphError } from "../errors.js";
import { describe, type Value } from "../value.js";
import { matmul } from "./linear.js";
import { reshape, transpose } from "./shape.js";

/** The places of named axes, by name. */
function placesOf(x: Value): Map<string, number> {
  const places = new Map(x.axes.map(({ name }, i) => [name, i]));
  if (places.size !== x.axes.length || places.has(""))
    throw new GraphError(`the axes of ${describe(x)} do not all have names of their own`, "name each axis once");
  return places;
}

/** Several axes as one. */
function merged(list: readonly Axis[]): Axis {
  if (list.length === 1) return list[0]!;
  const sizes = list.map(({ size }) => size);
  return {
    name: list.map(({ name }) => name).join(" x "),
    size: sizes.includes(undefined) ? undefined : sizes.reduce<number>((p, n) => p * n!, 1),
  };
}

const isOrdered = (places: readonly number[]) => places.every((place, i) => place === i);

/**
 * A side as matrices `[..batch, first, second]`, or with these two the other way round where it lies so already.
 * `apart`: several axes of `first` may stay apart, where they are the only ones in front.
 */
function matrices(
  x: Value,
  [batch, first, second]: readonly (readonly string[])[],
  apart: boolean,
): { readonly value: Value; readonly turned: boolean } {
  const places = placesOf(x);
  const at = (...names: readonly string[]) => names.map((name) => places.get(name)!);
  const turned = first!.length > 0 && second!.length > 0 && isOrdered(at(...batch!, ...second!, ...first!));
  const [front, back] = turned ? [second!, first!] : [first!, second!];
  const laid = transpose(x, at(...batch!, ...front, ...back));
  const middle = laid.axes.slice(batch!.length, batch!.length + front.length);
  return {
    value: reshape(laid, [
      ...laid.axes.slice(0, batch!.length),
      ...(apart && !turned && middle.length > 1 ? middle : [merged(middle)]),
      merged(laid.axes.slice(batch!.length + front.length)),
    ]),
    turned,
  };
}

/**
 * The product of two values, summed over the axes named `over`, which both have. Axes of other names that both have are
 * walked along together. A transpose is written only where no product of ONNX Runtime takes the order as it is.
 * @returns  the axes that both have, then the others of `a`, then the others of `b`, each in its order
 */
export function contract(a: Value, b: Value, over: readonly string[]): Value {
  const [left, right] = [placesOf(a), placesOf(b)];
  const missing = over.find((name) => !left.has(name) || !right.has(name));
  if (missing !== undefined)
    throw new GraphError(
      `no axis ${missing} to sum over in both ${describe(a)} and ${describe(b)}`,
      `both have [${[...left.keys()].filter((name) => right.has(name)).join(", ")}]: name some of these`,
    );
  const summed = [...left.keys()].filter((name) => over.includes(name));
  const batch = [...left.keys()].filter((name) => right.has(name) && !over.includes(name));
  const own = (places: Map<string, number>) =>
    [...places.keys()].filter((name) => !batch.includes(name) && !over.includes(name));
  const [rows, columns] = [own(left), own(right)];
  // Rows need not be merged where they are the only axes in front: a product takes them as they are.
  const first = matrices(a, [batch, rows, summed], batch.length === 0);
  const second = matrices(b, [batch, summed, columns], false);
  const result = matmul(first.value, second.value, { transposeLeft: first.turned, transposeRight: second.turned });
  const axes = [
    ...[...batch, ...rows].map((name) => a.axes[left.get(name)!]!),
    ...columns.map((name) => b.axes[right.get(name)!]!),
  ];
  return reshape(result, axes, a, b);
}
