/** Layers as functions `(params, x) -> x`, each beside the function that initialises its parameters. */
import {
  type Axis,
  add,
  gelu,
  geluTanh,
  layerNorm,
  matmul,
  mul,
  named,
  parameter,
  relu,
  reshape,
  slice,
  softmax,
  squaredRelu,
  transpose,
  type Value,
} from "../graph/index.js";
import { type Random, Undrawn } from "../random.js";
import { mapParameters, type Parameter, parameterOf, sizeOf, type WithLeaves } from "./parameters.js";

/** A tree's parameters as values of a graph, each named by its path under `root`. */
export function bind<T>(tree: T, root: string): WithLeaves<T, Value> {
  return mapParameters(
    tree,
    ({ shape, trained }, path) =>
      parameter(
        path,
        shape.map((size): Axis => ({ name: "", size })),
        trained,
      ),
    root,
  );
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

/** Parameters of a linear map: `weight` [in, out]. */
export interface Linear<Leaf> {
  readonly weight: Leaf;
}

/** Deviation `gain / sqrt(in)`: keeps the variance of its input when `gain` is 1. */
export function initLinear(random: Random, from: number, to: number, gain = 1): Linear<Parameter> {
  return { weight: normal(random, [from, to], gain / Math.sqrt(from)) };
}

/** `[..., in]` to `[..., out]`, without offset. */
export function linear({ weight }: Linear<Value>, x: Value): Value {
  return matmul(x, weight);
}

/** Parameters of a layer normalisation, both [width]. */
export interface Norm<Leaf> {
  readonly gain: Leaf;
  readonly offset: Leaf;
}

/** Gain 1 and offset 0, both [width]. */
export function initNorm(width: number): Norm<Parameter> {
  return { gain: filled([width], 1), offset: filled([width], 0) };
}

/** Layer normalisation of `x` [.., width] over the last axis, epsilon 1e-5. */
export function norm({ gain, offset }: Norm<Value>, x: Value): Value {
  return layerNorm(x, gain, offset, 1e-5);
}

/** Activations by the names that configurations use. */
export const ACTIVATIONS = { gelu, geluTanh, relu, squaredRelu } as const;
/** A name among `ACTIVATIONS`. */
export type Activation = keyof typeof ACTIVATIONS;

/** Parameters of a pre-normalised feed-forward layer. */
export interface FeedForward<Leaf> {
  readonly norm: Norm<Leaf>;
  readonly up: Linear<Leaf>;
  readonly down: Linear<Leaf>;
}

/**
 * A feed-forward layer at random.
 * @param gain  factor on the deviation of the last map, smaller in deep stacks.
 */
export function initFeedForward(random: Random, width: number, hidden: number, gain = 1): FeedForward<Parameter> {
  return {
    norm: initNorm(width),
    up: initLinear(random.fork("up"), width, hidden),
    down: initLinear(random.fork("down"), hidden, width, gain),
  };
}

/** Normalise, widen, activate, narrow: `[..., width]` to `[..., width]`; the caller adds it to its residual. */
export function feedForward(params: FeedForward<Value>, x: Value, activation: Activation): Value {
  return linear(params.down, ACTIVATIONS[activation](linear(params.up, norm(params.norm, x))));
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
