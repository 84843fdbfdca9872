/** What reference programs of `tools/reference` wrote, and models with the weights they wrote. */
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { type NameRow, put, taken } from "../../src/checkpoints/names/table.js";
import { readSafetensors, type Tensor } from "../../src/checkpoints/safetensors.js";
import type { Value } from "../../src/graph/index.js";
import { flatten, mapParameters, sizeOf } from "../../src/nn/parameters.js";

/** A fixture. */
export interface Reference<Facts> {
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** What the program said beside them: JSON read, texts as they are. */
  readonly facts: Facts;
}

/** Reads `test/fixtures/NAME.safetensors`. */
export function readReference<Facts>(name: string): Reference<Facts> {
  const file = readFileSync(new URL(`../fixtures/${name}.safetensors`, import.meta.url));
  const { tensors, metadata } = readSafetensors(file);
  const facts = Object.entries(metadata).map(([fact, text]) => [fact, /^[[{\d]/.test(text) ? parsed(text) : text]);
  return { tensors, facts: Object.fromEntries(facts) as Facts };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Tensors whose names begin with `root`, without it. */
export function under(tensors: ReadonlyMap<string, Tensor>, root: string): Map<string, Tensor> {
  return new Map(
    [...tensors].filter(([name]) => name.startsWith(root)).map(([name, tensor]) => [name.slice(root.length), tensor]),
  );
}

/**
 * A tree with the numbers of theirs, through a table of names. The table must have exactly the tree's paths, and the
 * shapes must be those it promises.
 */
export function withWeights<T>(tree: T, rows: readonly NameRow[], theirs: ReadonlyMap<string, Tensor>): T {
  const table = new Map(rows.map((row) => [row.ours, row]));
  expect([...table.keys()].sort(), "paths of the table").toEqual([...flatten(tree).keys()].sort());
  return mapParameters(tree, (parameter, path) => {
    const row = table.get(path)!;
    const found = theirs.get(row.theirs);
    const placing = row.layout(parameter.shape);
    expect(found?.shape, `shape of ${row.theirs}`).toEqual(placing.theirs);
    return {
      shape: parameter.shape,
      trained: parameter.trained,
      decay: parameter.decay,
      data: taken(found!.data as Float32Array, placing),
    };
  }) as T;
}

/** Names among theirs that no row reads, and that are not to be left aside. */
export function unread(
  rows: readonly NameRow[],
  theirs: ReadonlyMap<string, Tensor>,
  spare: (name: string) => boolean = () => false,
): string[] {
  const read = new Set(rows.map((row) => row.theirs));
  return [...theirs.keys()].filter((name) => !read.has(name) && !spare(name));
}

/** A tree put back under their names: tensors that rows read in part are whole when every part is put. */
export function putBack(tree: unknown, rows: readonly NameRow[]): Map<string, Tensor> {
  const parameters = flatten(tree);
  const theirs = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const { ours, theirs: name, layout } of rows) {
    const { shape, data } = parameters.get(ours)!;
    const placing = layout(shape);
    const whole = theirs.get(name) ?? { shape: placing.theirs, data: new Float32Array(sizeOf(placing.theirs)) };
    put(data, whole.data, placing);
    theirs.set(name, whole);
  }
  return theirs;
}

/**
 * Slopes of parameters as our tree has them, by our paths: of as many as a program wrote.
 * @param theirs  gradients by their names; of what a row reads only a part of, the gradient of that part
 */
export function slopesOf(
  tree: unknown,
  rows: readonly NameRow[],
  theirs: ReadonlyMap<string, Tensor>,
): Map<string, Tensor> {
  const parameters = flatten(tree);
  return new Map(
    rows.flatMap(({ ours, theirs: name, layout }) => {
      const found = theirs.get(name);
      const { shape } = parameters.get(ours)!;
      return found === undefined
        ? []
        : [[ours, { shape, data: taken(found.data as Float32Array, layout(shape)) }] as const];
    }),
  );
}

/** Every value that a value is made of and that has a name for people, by that name. */
export function labelled(value: Value): Map<string, Value> {
  const found = new Map<string, Value>();
  const seen = new Set<Value>();
  const rest = [value];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    if (next.label !== undefined) found.set(next.label, next);
    if (next.source.kind === "op") rest.push(...next.source.node.inputs);
  }
  return found;
}

/** The largest difference as a share of the largest number that is expected, after checking the shapes. */
export function relativeError(found: { shape: readonly number[]; data: ArrayLike<number> }, wanted: Tensor): number {
  expect(found.data.length, "numbers").toBe(wanted.data.length);
  let [worst, largest] = [0, 0];
  for (const [i, number] of wanted.data.entries()) {
    const gap = Math.abs(found.data[i]! - number);
    worst = Number.isNaN(gap) || gap > worst ? gap : worst;
    largest = Math.max(largest, Math.abs(number));
  }
  return worst / largest;
}

/** Numbers that are the reference's, but for 1e-4 of the largest of them: float32 on both sides. */
export function expectNear(
  found: { shape: readonly number[]; data: ArrayLike<number> },
  wanted: Tensor,
  what: string,
): void {
  expect([...found.shape], `shape of ${what}`).toEqual([...wanted.shape]);
  expect(relativeError(found, wanted), `error of ${what}`).toBeLessThan(1e-4);
}
