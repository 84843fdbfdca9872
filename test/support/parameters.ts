/** Parameters with every number stirred, so that no gain of 1, offset of 0 or closed gate hides a mistake. */

import type { Value } from "../../src/graph/index.js";
import { bind } from "../../src/nn/layers.js";
import { flatten, mapParameters, type Parameter, type WithLeaves } from "../../src/nn/parameters.js";
import { Random } from "../../src/random.js";
import type { Numbers } from "./evaluate.js";

/** The tree with normal numbers of deviation `by` added to every parameter. */
export function stirred<T>(tree: T, by = 0.3): T {
  return mapParameters(tree, (parameter, path) => {
    const random = new Random(`stirred ${path}`);
    return { ...parameter, data: parameter.data.map((x) => x + by * random.normal()) };
  }) as T;
}

/** A tree's values under `root`, those that are trained by path, and the numbers of all. */
export function bound<T>(
  tree: T,
  root: string,
): { params: WithLeaves<T, Value>; trained: Map<string, Value>; feeds: Map<string, Numbers> } {
  const params = bind(tree, root);
  const trained = new Map<string, Value>();
  collect(params, trained);
  return { params, trained, feeds: numbersOf(tree, root) };
}

/** The numbers of a tree's parameters, by their paths under `root`. */
export function numbersOf(tree: unknown, root: string): Map<string, Numbers> {
  return new Map(
    [...flatten(tree)].map(([path, { shape, data }]: [string, Parameter]) => [
      [root, path].filter((part) => part !== "").join("."),
      { shape, data: Float64Array.from(data) },
    ]),
  );
}

function collect(tree: unknown, into: Map<string, Value>): void {
  const source = (tree as Partial<Value>).source;
  if (source !== undefined) {
    if (source.kind === "parameter" && source.trained) into.set(source.path, tree as Value);
  } else for (const branch of Object.values(tree as object)) collect(branch, into);
}

/** Normal numbers, as float32 holds them. */
export function normalNumbers(name: string, shape: readonly number[]): Numbers {
  const random = new Random(name);
  const data = Float64Array.from({ length: shape.reduce((p, n) => p * n, 1) }, () => Math.fround(random.normal()));
  return { shape, data };
}

/** Whole numbers below a limit. */
export function wholeNumbers(name: string, shape: readonly number[], below: number): Numbers {
  const random = new Random(name);
  return { shape, data: Float64Array.from({ length: shape.reduce((p, n) => p * n, 1) }, () => random.integer(below)) };
}
