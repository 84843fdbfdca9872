/** Trees of parameters of which some are held in 16, 8 or 4 bits: which, and as what. */

import { UsageError } from "../errors.js";
import { type Quantisation, quantisedShapes } from "../graph/index.js";
import { fromFloat16, toFloat16 } from "../half.js";
import { mapParameters, type Parameter, type Quantised } from "./parameters.js";
import { dequantised, quantise } from "./quantise.js";

/** How the matrices of a model may be held. */
export const SCHEMES = {
  int8: { bits: 8, block: 32, activations: "int8" },
  int4: { bits: 4, block: 32, activations: "int8" },
} as const;

/** `f32`; `f16`, 16 bits of which the engine makes 32; `int8` and `int4`, blocks that the engine multiplies with as they are. */
export type Held = "f32" | "f16" | keyof typeof SCHEMES;

/**
 * In how few bits weights may be held, by their paths: the first row that fits decides, and where none does they stay as they
 * are. What is no matrix [in, out] of a product, such as norms, gates, embeddings, positions and latents, is not called
 * `weight`, or has other than 2 axes.
 */
export const QUANTISABLE: readonly {
  readonly path: RegExp;
  readonly fewest: 4 | 8 | "none";
  readonly why: string;
}[] = [
  {
    path: /^language\.addedHead\./,
    fewest: "none",
    why: "few rows, for tokens that were added to a published model, and trained",
  },
  { path: /^language\.head\.weight$/, fewest: 8, why: "its error stands in the answer as it is, behind all layers" },
  {
    path: /^(language|gated|grafts|vision)\..*(^|\.)weight$/,
    fewest: 4,
    why: "linear maps are nearly all of a model's numbers",
  },
];

/** A matrix with fewer rows than a block would be padded more than it saves. */
const FEWEST_ROWS = 32;

/** Whether a weight may be held in few bits. @param path  dotted, from the root of the model */
export function quantisable(path: string, shape: readonly number[]): boolean {
  return fewestBits(path, shape) !== "none";
}

/** How a weight of a model that is held so is held itself; undefined: as it is. */
export function quantisationOf(
  path: string,
  shape: readonly number[],
  held: keyof typeof SCHEMES,
): Quantisation | undefined {
  const fewest = fewestBits(path, shape);
  if (fewest === "none") return undefined;
  return fewest > SCHEMES[held].bits ? SCHEMES.int8 : SCHEMES[held];
}

function fewestBits(path: string, shape: readonly number[]): 4 | 8 | "none" {
  if (shape.length !== 2 || shape[0]! < FEWEST_ROWS) return "none";
  return QUANTISABLE.find((row) => row.path.test(path))?.fewest ?? "none";
}

/**
 * How a matrix is held, from its shape and that of its packed numbers [out, blocks, bytes]; undefined if these are of another
 * matrix. No column is padded to more than twice its length, so that only one answer is right.
 */
export function schemeOf(shape: readonly number[], packed: readonly number[]): Quantisation | undefined {
  const [inner, outer] = shape;
  const bytes = packed[2];
  if (inner === undefined || outer === undefined || shape.length !== 2 || bytes === undefined) return undefined;
  return ([8, 4] as const)
    .map((bits) => ({ bits, block: (bytes * 8) / bits, activations: "int8" as const }))
    .filter(({ block }) => block >= 16 && Number.isInteger(Math.log2(block)))
    .find((scheme) => `${quantisedShapes([inner, outer], scheme).packed}` === `${packed}`);
}

/** A frozen matrix [in, out] that is held in few bits. Its numbers are made of them when they are asked for. */
export function quantisedParameter(shape: readonly [inner: number, outer: number], quantised: Quantised): Parameter {
  let data: Float32Array | undefined;
  return {
    shape,
    trained: false,
    decay: false,
    quantised,
    get data() {
      data ??= dequantised(quantised, shape);
      return data;
    },
  };
}

/**
 * A model with its matrices held otherwise, and those frozen; what is not quantised stays as it is. `f16` rounds and freezes
 * every number.
 * @param scheme  how each is held
 * @throws {UsageError} for a number that is not finite or too large
 */
export function quantiseParameters<T>(tree: T, held: Held, scheme: typeof quantisationOf = quantisationOf): T {
  if (held === "f32") return tree;
  return mapParameters(tree, (parameter, path) => {
    if (held === "f16") return halved(parameter, path);
    const chosen = scheme(path, parameter.shape, held);
    if (chosen === undefined) return parameter;
    const shape = parameter.shape as [number, number];
    return quantisedParameter(shape, { ...chosen, ...quantise(parameter.data, shape, chosen, path) });
  }) as T;
}

/** The parameter with every number rounded to float16. */
function halved(parameter: Parameter, path: string): Parameter {
  const data = fromFloat16(toFloat16(parameter.data));
  const odd = data.findIndex((x) => !Number.isFinite(x));
  if (odd >= 0)
    throw new UsageError(
      `${path} has ${parameter.data[odd]}, which cannot be held in 16 bits`,
      "keep the model in float32, or take weights that are finite",
    );
  return { shape: parameter.shape, data, trained: false, decay: parameter.decay };
}
