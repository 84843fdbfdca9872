/** Numbers for every input of a graph. */
import type { Graph, OnnxModel } from "../../src/graph/index.js";
import { Random } from "../../src/random.js";
import type { Tensor } from "../../src/runtime/contract.js";

/** Sizes of the axes of a model's graphs that are only known when they run; 2 for all others. */
const SIZES: Readonly<Record<string, number>> = { text: 3, past: 4, keys: 7, seen: 5, media: 1 };

/** Normal numbers, and indices of 0 or 1. */
export function feedsFor(built: Pick<Graph | OnnxModel, "inputs">, seed: string): Record<string, Tensor> {
  const random = new Random(seed);
  return Object.fromEntries(
    [...built.inputs].map(([name, { dtype, axes }]) => {
      const shape = axes.map(({ name, size }) => size ?? SIZES[name] ?? 2);
      const length = shape.reduce((product, size) => product * size, 1);
      const data =
        dtype === "int32"
          ? Int32Array.from({ length }, () => random.integer(2))
          : Float32Array.from({ length }, () => random.normal());
      return [name, { data, shape }];
    }),
  );
}
