/** Layers whose shape a configuration decides: linear maps with or without an offset, and norms of either kind. */
import { add, constant, layerNorm, rmsNorm, type Value } from "../graph/index.js";
import type { Random } from "../random.js";
import { filled, type Linear, linear, normal } from "./layers.js";
import type { Parameter } from "./parameters.js";

/** Parameters of a linear map: `weight` [in, out], `offset` [out] where it has one. */
export interface Affine<Leaf> extends Linear<Leaf> {
  readonly offset?: Leaf;
}

/** Deviation `gain / sqrt(in)`, the offset 0 if one is wanted. */
export function initAffine(random: Random, from: number, to: number, offset: boolean, gain = 1): Affine<Parameter> {
  const weight = normal(random, [from, to], gain / Math.sqrt(from));
  return offset ? { weight, offset: filled([to], 0) } : { weight };
}

/** `[..., in]` to `[..., out]`. */
export function affine(params: Affine<Value>, x: Value): Value {
  const y = linear(params, x);
  return params.offset === undefined ? y : add(y, params.offset);
}

/** Which norm: `layer` takes out mean and deviation, `rms` the root of the mean square. */
export interface NormKind {
  readonly kind: "layer" | "rms";
  /** Added to the variance, or to the mean square. */
  readonly epsilon: number;
  /** Whether something is added after the gain; an `rms` norm has nothing. */
  readonly offset: boolean;
}

/** Parameters of a norm of either kind, all [width]. */
export interface Scaling<Leaf> {
  readonly gain: Leaf;
  readonly offset?: Leaf;
}

/** Gain 1, and offset 0 if the kind has one. */
export function initScaling({ kind, offset }: NormKind, width: number): Scaling<Parameter> {
  const gain = filled([width], 1);
  return kind === "layer" && offset ? { gain, offset: filled([width], 0) } : { gain };
}

/** Normalises `x` [.., width] over its last axis. */
export function scaled({ gain, offset }: Scaling<Value>, { kind, epsilon }: NormKind, x: Value): Value {
  if (kind === "rms") return rmsNorm(x, gain, epsilon);
  return layerNorm(x, gain, offset ?? constant(new Float32Array(gain.axes[0]!.size!), gain.axes), epsilon);
}
