/** Layers as functions `(params, x) -> x`, each beside the function that initialises its parameters. */
import {
  add,
  axes,
  axis,
  constant,
  dequantise,
  gelu,
  geluTanh,
  layerNorm,
  matmul,
  mul,
  named,
  parameter,
  quantisedShapes,
  quickGelu,
  relu,
  reshape,
  rmsNorm,
  silu,
  slice,
  softmax,
  squaredRelu,
  transpose,
  type Value,
} from "../graph/index.js";
import { type Random, Undrawn } from "../random.js";
import { mapParameters, type Parameter, parameterOf, type Quantised, sizeOf, type WithLeaves } from "./parameters.js";

/** A tree's parameters as values of a graph, each named by its path under `root`. */
export function bind<T>(tree: T, root: string): WithLeaves<T, Value> {
  return mapParameters(
    tree,
    ({ shape, trained, quantised }, path) =>
      quantised === undefined ? parameter(path, axes(...shape), trained) : bindQuantised(path, shape, quantised),
    root,
  );
}

/** A quantised matrix: what it is made of are the parameters, `PATH.packed` and `PATH.scales`. */
function bindQuantised(path: string, shape: readonly number[], quantised: Quantised): Value {
  const { packed, scales } = quantisedShapes(shape as [number, number], quantised);
  const { bits, block, activations } = quantised;
  const matrix = dequantise(
    parameter(`${path}.packed`, axes(...packed), false, "uint8"),
    parameter(`${path}.scales`, axes(...scales), false),
    { bits, block, activations, inner: axis("", shape[0]!) },
  );
  return named(matrix, path);
}

/** Normal numbers of a given deviation: a trained parameter of that shape. */
export function normal(random: Random, shape: readonly number[], deviation: number, decay = true): Parameter {
  if (random instanceof Undrawn) return parameterOf(shape, decay, () => new Float32Array(sizeOf(shape)));
  const data = new Float32Array(sizeOf(shape));
  random.normals(data, deviation);
  return parameterOf(shape, decay, () => data);
}

/** The same number everywhere; without weight decay, as suits gains, offsets and gates. */
export function filled(shape: readonly number[], value: number): Parameter {
  return parameterOf(shape, false, () => new Float32Array(sizeOf(shape)).fill(value));
}

/** Parameters of a linear map, with an offset or without. */
export interface Linear<Leaf> {
  /** [in, out] */
  readonly weight: Leaf;
  /** [out] */
  readonly offset?: Leaf;
}

/** Deviation `gain / sqrt(in)`: keeps the variance of its input when `gain` is 1. */
export function initLinear(random: Random, from: number, to: number, gain = 1): Linear<Parameter> {
  return { weight: normal(random, [from, to], gain / Math.sqrt(from)) };
}

/** A linear map with an offset, which is 0, unless none is wanted. */
export function initAffine(random: Random, from: number, to: number, offset = true, gain = 1): Linear<Parameter> {
  return { ...initLinear(random, from, to, gain), ...(offset ? { offset: filled([to], 0) } : {}) };
}

/** `[..., in]` to `[..., out]`, plus the offset where there is one. */
export function linear({ weight, offset }: Linear<Value>, x: Value): Value {
  const y = matmul(x, weight);
  return offset === undefined ? y : add(y, offset);
}

/** How a layer is normalised: `layer` by mean and deviation, `rms` by the root mean square alone. */
export interface NormConfig {
  readonly kind: "layer" | "rms";
  readonly epsilon: number;
  /** Whether a learnt number is added to each channel. */
  readonly offset: boolean;
}

/** GPT-2's. */
export const LAYER_NORM: NormConfig = { kind: "layer", epsilon: 1e-5, offset: true };

/** Parameters of a normalisation, both [width]. */
export interface Norm<Leaf> {
  readonly gain: Leaf;
  readonly offset?: Leaf;
}

/** Gain 1 and offset 0, both [width]. */
export function initNorm(width: number, { offset } = LAYER_NORM): Norm<Parameter> {
  return { gain: filled([width], 1), ...(offset ? { offset: filled([width], 0) } : {}) };
}

/** Normalisation of `x` [.., width] over the last axis. */
export function norm({ gain, offset }: Norm<Value>, x: Value, { kind, epsilon } = LAYER_NORM): Value {
  if (kind === "rms") {
    const normal = rmsNorm(x, gain, epsilon);
    return offset === undefined ? normal : add(normal, offset);
  }
  const width = gain.axes[0]!;
  return layerNorm(x, gain, offset ?? constant(new Float32Array(width.size!), [width]), epsilon);
}

/** Activations by the names that configurations use. */
export const ACTIVATIONS = { gelu, geluTanh, quickGelu, relu, squaredRelu } as const;
/** A name among `ACTIVATIONS`. */
export type Activation = keyof typeof ACTIVATIONS;

/** Parameters of a pre-normalised feed-forward layer. */
export interface FeedForward<Leaf> {
  readonly norm: Norm<Leaf>;
  readonly up: Linear<Leaf>;
  /** Of `swiglu`: what the widened input is multiplied with. */
  readonly gate?: Linear<Leaf>;
  readonly down: Linear<Leaf>;
}

/** What a feed-forward layer does between its maps, and before them. */
export interface FeedForwardConfig {
  readonly activation?: Activation | "swiglu";
  /** A layer normalisation unless told. */
  readonly norm?: NormConfig;
}

/**
 * A feed-forward layer at random.
 * @param gain  factor on the deviation of the last map, smaller in deep stacks.
 */
export function initFeedForward(
  random: Random,
  width: number,
  hidden: number,
  gain = 1,
  { activation, norm: normal = LAYER_NORM }: FeedForwardConfig = {},
): FeedForward<Parameter> {
  return {
    norm: initNorm(width, normal),
    up: initLinear(random.fork("up"), width, hidden),
    ...(activation === "swiglu" ? { gate: initLinear(random.fork("gate"), width, hidden) } : {}),
    down: initLinear(random.fork("down"), hidden, width, gain),
  };
}

/**
 * Normalise, widen, activate, narrow: `[..., width]` to `[..., width]`; the caller adds it to its residual. `swiglu`
 * multiplies what is widened with the SiLU of another map (arXiv:2002.05202).
 */
export function feedForward(
  params: FeedForward<Value>,
  x: Value,
  activation: Activation | "swiglu",
  normal = LAYER_NORM,
): Value {
  const seen = norm(params.norm, x, normal);
  const wide = linear(params.up, seen);
  const active = activation === "swiglu" ? mul(silu(linear(params.gate!, seen)), wide) : ACTIVATIONS[activation](wide);
  return linear(params.down, active);
}

/**
 * `[batch, text, heads x headDim]` to `[batch, heads, text, headDim]`.
 * @param as  another name for the second axis: keys are of the same tokens as queries, but not the same axis of scores
 */
export function splitHeads(x: Value, heads: number, as?: string): Value {
  const [batch, text, width] = x.axes;
  const split = reshape(x, [
    batch!,
    as === undefined ? text! : { ...text!, name: as },
    { name: "heads", size: heads },
    { name: "headDim", size: width!.size! / heads },
  ]);
  return transpose(split, [0, 2, 1, 3]);
}

/** `[batch, heads, text, headDim]` to `[batch, text, heads x headDim]`. */
export function joinHeads(x: Value): Value {
  const [batch, heads, text, headDim] = x.axes;
  return reshape(transpose(x, [0, 2, 1, 3]), [batch!, text!, { name: "width", size: heads!.size! * headDim!.size! }]);
}

/**
 * Scaled dot-product attention.
 * @param query  [batch, heads, text, headDim]
 * @param key  [batch, heads, seen, headDim]
 * @param value  [batch, heads, seen, headDim]
 * @param bias  broadcasts to [batch, heads, text, seen]; added to the scores before the softmax, so a large negative
 *   number hides what is not to be seen
 * @returns  [batch, heads, text, headDim]
 */
export function attend(query: Value, key: Value, value: Value, bias?: Value): Value {
  const headDim = query.axes[3]!.size!;
  const scores = matmul(query, key, { transposeRight: true, scale: 1 / Math.sqrt(headDim) });
  const weights = named(softmax(bias === undefined ? scores : add(scores, bias)), "attention");
  return matmul(weights, value);
}

/** What hides a score: far below any real one, and finite, so that a row with nothing to see stays a number. */
export const HIDDEN = -1e9;

/** Parameters of a causal convolution along the text: `taps` [taps, width], tap 0 for the token itself. */
export interface CausalTaps<Leaf> {
  readonly taps: Leaf;
}

/** The identity, with small random weights on the earlier tokens. */
export function initCausalTaps(random: Random, width: number, taps: number): CausalTaps<Parameter> {
  const data = Float32Array.from({ length: taps * width }, (_, i) => (i < width ? 1 : random.normal() * 0.3));
  return { taps: { shape: [taps, width], data, trained: true, decay: false } };
}

/**
 * Mixes each channel with itself at the few tokens before.
 * @param views  for a lag, what stands that many tokens earlier, [batch, text, width], zeros before the start
 */
export function causalTaps({ taps }: CausalTaps<Value>, views: (lag: number) => Value): Value {
  const [count, width] = taps.axes;
  return Array.from({ length: count!.size! }, (_, lag) =>
    mul(views(lag), reshape(slice(taps, 0, lag, 1), [width!])),
  ).reduce(add);
}
