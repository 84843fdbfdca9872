/** Holds a graph against its float64 evaluation: value by the engine, gradients by central differences and by the engine. */
import { expect } from "vitest";
import { describe, type Graph, gradients, graph, type Value } from "../../src/graph/index.js";
import { Random } from "../../src/random.js";
import type { CompileOptions, Tensor } from "../../src/runtime/contract.js";
import { portable } from "../../src/runtime/contract.js";
import { nodeRuntime } from "../../src/runtime/onnx.node.js";
import { evaluate, type Numbers } from "./evaluate.js";
import { fed, numbersOf } from "./feeds.js";

/** Numbers for the inputs and parameters of a graph, by name or path. */
export type Feeds = ReadonlyMap<string, Numbers>;

/** How far from the kink of a step the differences step: f64 rounding over it stays near 1e-11, curvature near 1e-10. */
const STEP = 1e-5;

/** Tolerances are relative to a tensor's largest entry, or to this where all are smaller: a slope may truly be 0. */
const LEAST = 1e-3;

export interface Tolerances {
  /** Engine's float32 result against the evaluation, relative to the tensor's largest entry. */
  readonly value: number;
  /** Gradient graph in float64 against central differences, relative to the gradient's largest entry. */
  readonly differences: number;
  /** Engine's float32 gradient against the gradient graph in float64, relative to the gradient's largest entry. */
  readonly gradient: number;
  /** Entries of each tensor to take a difference along; all when left out. A random direction is always taken too. */
  readonly entries?: number;
}

/** Runs a graph on the engine. Whatever is not an input of the graph is a frozen weight of it. */
export async function runEngine(
  built: Graph,
  feeds: Feeds,
  options: CompileOptions = { threads: 1 },
): Promise<Record<string, Tensor>> {
  const weights = new Map(
    [...built.frozen].map(([path, { dtype }]) => [path, { data: fed(feeds.get(path)!, dtype).data as Float32Array }]),
  );
  await using program = await nodeRuntime.compile(portable(built, weights), options);
  return await program.run(
    Object.fromEntries([...built.inputs].map(([name, { dtype }]) => [name, fed(feeds.get(name)!, dtype)])),
  );
}

const largest = (data: ArrayLike<number>) => Array.from(data).reduce((most, x) => Math.max(most, Math.abs(x)), 0);

/** Same sizes, and entries that differ by no more than `tolerance`. */
export function expectClose(found: Numbers, wanted: Numbers, tolerance: number, what: string): void {
  expect([...found.shape], `sizes of ${what}`).toEqual([...wanted.shape]);
  const worst = found.data.reduce((most, x, i) => {
    const gap = Math.abs(x - wanted.data[i]!);
    return Number.isNaN(gap) || gap > most ? gap : most;
  }, 0);
  expect(worst, `largest difference of ${what}`).toBeLessThanOrEqual(tolerance);
}

/** The engine's outputs are the evaluation's. */
export async function checkValues(values: Record<string, Value>, feeds: Feeds, tolerance: number): Promise<void> {
  const found = await runEngine(graph(values), feeds);
  const wanted = evaluate(Object.values(values), feeds);
  Object.keys(values).forEach((name, i) => {
    expectClose(numbersOf(found[name]!), wanted[i]!, tolerance * Math.max(LEAST, largest(wanted[i]!.data)), name);
  });
}

/** Gradients of a scalar with respect to some inputs or parameters: against differences, and on the engine. */
export async function checkGradients(loss: Value, wanted: Map<string, Value>, feeds: Feeds, tolerances: Tolerances) {
  const found = gradients(loss, [...wanted.values()]);
  const exact = evaluate(found, feeds);
  const engine = await runEngine(graph({ loss, ...Object.fromEntries(found.map((g, i) => [`to ${i}`, g])) }), feeds);
  const random = new Random("directions");
  [...wanted].forEach(([name, value], i) => {
    expectFits(found[i]!, value);
    const gradient = exact[i]!;
    expect([...gradient.shape], `sizes of the gradient of ${name}`).toEqual([...feeds.get(name)!.shape]);
    const scale = Math.max(LEAST, largest(gradient.data));
    const entries = [...gradient.data.keys()];
    const picked = random.sample(entries, Math.min(entries.length, tolerances.entries ?? entries.length));
    for (const entry of picked) {
      const slope = slopeAlong(loss, feeds, name, (at) => (at === entry ? 1 : 0));
      expect(Math.abs(slope - gradient.data[entry]!), `slope of ${name} along entry ${entry}`).toBeLessThan(
        tolerances.differences * scale,
      );
    }
    const direction = entries.map(() => random.normal() / Math.sqrt(entries.length));
    const along = gradient.data.reduce((total, g, at) => total + g * direction[at]!, 0);
    const slope = slopeAlong(loss, feeds, name, (at) => direction[at]!);
    expect(Math.abs(slope - along), `slope of ${name} along a random direction`).toBeLessThan(
      tolerances.differences * scale,
    );
    expectClose(
      numbersOf(engine[`to ${i}`]!),
      gradient,
      tolerances.gradient * scale,
      `the engine's gradient of ${name}`,
    );
  });
}

/** A gradient's axes are those of what it is the gradient of; a name may be missing, but never be another. */
function expectFits(gradient: Value, value: Value): void {
  gradient.axes.forEach((axis, i) => {
    const own = value.axes[i]!;
    expect([own.name, ""], `axis ${i} of the gradient of ${describe(value)}`).toContain(
      own.name === "" ? "" : axis.name,
    );
  });
}

/** Central difference of a scalar when one tensor moves along a direction. */
function slopeAlong(loss: Value, feeds: Feeds, name: string, direction: (entry: number) => number): number {
  const { shape, data } = feeds.get(name)!;
  const at = (sign: number) => {
    const moved = data.map((x, entry) => x + sign * STEP * direction(entry));
    return evaluate([loss], new Map([...feeds, [name, { shape, data: moved }]]))[0]!.data[0]!;
  };
  return (at(1) - at(-1)) / (2 * STEP);
}
