/**
 * Parameters as trees of named arrays. A layer's parameters are a plain record whose leaves are `Parameter`s while the
 * numbers are held, and graph `Value`s while a graph is built: the same record type, with another leaf.
 */

import { type Quantisation, quantisedShapes } from "../graph/index.js";

/** One named array of a model, in float32, with what training may do to it. */
export interface Parameter {
  /** Size of every axis, outermost first. A scalar has none. */
  readonly shape: readonly number[];
  /**
   * The numbers, row-major, made when they are first asked for: a tree can be counted, bound and filled from a file
   * without them. Training writes into this array in place.
   */
  readonly data: Float32Array;
  /** Whether training may change it; a frozen one becomes a constant of the graph and no gradient is built for it. */
  readonly trained: boolean;
  /** Whether weight decay applies when it is trained: matrices yes; gains, offsets, gates, latents and embeddings no. */
  readonly decay: boolean;
  /** Where a frozen matrix [in, out] is held in few bits: these. `data` is then what they mean. */
  readonly quantised?: Quantised;
}

/** A matrix [in, out] held in few bits, as `dequantise` takes it. */
export interface Quantised extends Quantisation {
  /** [out, blocks, bytes], row-major. */
  readonly packed: Uint8Array;
  /** [out, blocks], row-major. */
  readonly scales: Float32Array;
}

/** A record of records, or an array of them, with leaves of one kind. */
export type Tree<Leaf> = Leaf | readonly Tree<Leaf>[] | { readonly [name: string]: Tree<Leaf> };

/** The same tree with every `Parameter` replaced by `Leaf`. */
export type WithLeaves<T, Leaf> = T extends Parameter
  ? Leaf
  : T extends readonly (infer Item)[]
    ? WithLeaves<Item, Leaf>[]
    : { [Name in keyof T]: WithLeaves<T[Name], Leaf> };

/** A trained parameter whose numbers are made when they are first asked for. */
export function parameterOf(shape: readonly number[], decay: boolean, make: () => Float32Array): Parameter {
  let data: Float32Array | undefined;
  return {
    shape,
    trained: true,
    decay,
    get data() {
      data ??= make();
      return data;
    },
  };
}

/** How many numbers a shape holds. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Whether a tree's node is a parameter and not a branch. */
export function isParameter(node: unknown): node is Parameter {
  if (typeof node !== "object" || node === null) return false;
  return Array.isArray((node as Parameter).shape) && typeof (node as Parameter).trained === "boolean";
}

/**
 * Replaces every parameter of a tree by what `change` makes of it.
 * @param change  given the parameter and its path, names joined by dots: `language.blocks.0.attention.query.weight`.
 */
export function mapParameters<T, Leaf>(
  tree: T,
  change: (parameter: Parameter, path: string) => Leaf,
  path = "",
): WithLeaves<T, Leaf> {
  if (isParameter(tree)) return change(tree, path) as WithLeaves<T, Leaf>;
  const below = (name: string | number) => (path === "" ? `${name}` : `${path}.${name}`);
  if (Array.isArray(tree)) return tree.map((item, i) => mapParameters(item, change, below(i))) as WithLeaves<T, Leaf>;
  return Object.fromEntries(
    Object.entries(tree as object)
      .filter(([, branch]) => branch !== undefined)
      .map(([name, branch]) => [name, mapParameters(branch, change, below(name))]),
  ) as WithLeaves<T, Leaf>;
}

/** Every parameter of a tree by its path, in the tree's own order. */
export function flatten(tree: unknown): Map<string, Parameter> {
  const found = new Map<string, Parameter>();
  mapParameters(tree, (parameter, path) => found.set(path, parameter));
  return found;
}

/** Numbers with their sizes, row-major, perhaps made when they are first asked for. */
export interface Stored {
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint8Array;
}

/**
 * What a tree's parameters are held in, under the names that graphs and files have for it: a parameter by its path, one
 * that is quantised as `PATH.packed` and `PATH.scales`.
 * @param root  what stands before every path
 */
export function storedIn(tree: unknown, root = ""): Map<string, Stored> {
  const stored = new Map<string, Stored>();
  mapParameters(
    tree,
    (parameter, path) => {
      const { quantised, shape } = parameter;
      if (quantised === undefined) {
        stored.set(path, parameter);
        return;
      }
      const shapes = quantisedShapes(shape as [number, number], quantised);
      for (const part of ["packed", "scales"] as const)
        stored.set(`${path}.${part}`, {
          shape: shapes[part],
          get data() {
            return quantised[part];
          },
        });
    },
    root,
  );
  return stored;
}

/** The same tree, the same arrays, frozen. */
export function frozen<T>(tree: T): T {
  return mapParameters(tree, (parameter) => ({
    shape: parameter.shape,
    trained: false,
    decay: parameter.decay,
    ...(parameter.quantised === undefined ? {} : { quantised: parameter.quantised }),
    get data() {
      return parameter.data;
    },
  })) as T;
}

/** How many numbers a tree holds. */
export function countParameters(tree: unknown): number {
  return [...flatten(tree).values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}
