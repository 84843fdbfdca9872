/** Softmax and normalisation. */
import { describeAxes, position, sizesOf } from "../axes.js";
import { GraphError } from "../errors.js";
import { apply, describe, type Op, scalar, type Value } from "../value.js";
import { add, div, exp, mul, sqrt, sub } from "./elementwise.js";
import { mean, sum, sumLike } from "./reduce.js";
import { reshape } from "./shape.js";

export const normaliseOps = {
  Softmax: {
    name: "Softmax",
    types: ([x]) => [{ dtype: x!.dtype, axes: x!.axes }],
    emit: (emit, { inputs: [x], outputs: [y] }, { at }) =>
      emit.node("Softmax", [emit.nameOf(x!)], [emit.nameOf(y!)], { axis: at }),
    gradient: (g, { outputs: [y] }, { at }) => [
      () => {
        const weighted = mul(g, y!);
        return sub(weighted, mul(y!, sum(weighted, [at], true)));
      },
    ],
  } satisfies Op<{ at: number }>,

  LogSoftmax: {
    name: "LogSoftmax",
    types: ([x]) => [{ dtype: x!.dtype, axes: x!.axes }],
    emit: (emit, { inputs: [x], outputs: [y] }, { at }) =>
      emit.node("LogSoftmax", [emit.nameOf(x!)], [emit.nameOf(y!)], { axis: at }),
    gradient: (g, { outputs: [y] }, { at }) => [() => sub(g, mul(exp(y!), sum(g, [at], true)))],
  } satisfies Op<{ at: number }>,

  /** Over the last axis; by-products: mean and reciprocal deviation, reused by the gradient. */
  LayerNorm: {
    name: "LayerNorm",
    types: ([x, gain, offset]) => {
      checkChannels(x!, [gain!, offset!]);
      const statistics = { dtype: x!.dtype, axes: [...x!.axes.slice(0, -1), { name: "", size: 1 }] };
      return [{ dtype: x!.dtype, axes: x!.axes }, statistics, statistics];
    },
    emit: (emit, { inputs, outputs }, { epsilon }) =>
      emit.node("LayerNormalization", inputs.map(emit.nameOf), outputs.map(emit.nameOf), {
        axis: -1,
        epsilon: { float: epsilon },
      }),
    gradient: (g, { inputs: [x, gain, offset], outputs: [, centre, reciprocal] }) => {
      const normal = () => mul(sub(x!, centre!), reciprocal!);
      return [
        () => {
          const scaled = mul(g, gain!);
          const unit = normal();
          const correction = add(mean(scaled, [-1], true), mul(unit, mean(mul(scaled, unit), [-1], true)));
          return mul(reciprocal!, sub(scaled, correction));
        },
        () => sumLike(mul(g, normal()), gain!),
        () => sumLike(g, offset!),
      ];
    },
  } satisfies Op<{ epsilon: number }>,

  /**
   * Over the last axis, without a mean; by-product: the root of the mean square. ONNX Runtime fuses these nodes where
   * nothing else reads it.
   */
  RmsNorm: {
    name: "RmsNorm",
    types: ([x, gain]) => {
      checkChannels(x!, [gain!]);
      const root = { dtype: x!.dtype, axes: [...x!.axes.slice(0, -1), { name: "", size: 1 }] };
      return [{ dtype: x!.dtype, axes: x!.axes }, root];
    },
    emit: (emit, { inputs: [x, gain], outputs: [y, root] }, { epsilon }) => {
      const names = { square: emit.fresh("square"), mean: emit.fresh("mean"), safe: emit.fresh("safe") };
      const unit = emit.fresh("unit");
      emit.node("Pow", [emit.nameOf(x!), emit.constant(x!.dtype, 2)], [names.square]);
      emit.node("ReduceMean", [names.square, emit.integers([-1])], [names.mean], { keepdims: 1 });
      emit.node("Add", [names.mean, emit.constant(x!.dtype, epsilon)], [names.safe]);
      emit.node("Sqrt", [names.safe], [emit.nameOf(root!)]);
      emit.node("Div", [emit.nameOf(x!), emit.nameOf(root!)], [unit]);
      emit.node("Mul", [unit, emit.nameOf(gain!)], [emit.nameOf(y!)]);
    },
    gradient: (g, { inputs: [x, gain], outputs: [, root] }) => [
      () => {
        const scaled = mul(g, gain!);
        const unit = div(x!, root!);
        return div(sub(scaled, mul(unit, mean(mul(scaled, unit), [-1], true))), root!);
      },
      () => sumLike(mul(g, div(x!, root!)), gain!),
    ],
  } satisfies Op<{ epsilon: number }>,
};

function checkChannels(x: Value, each: readonly Value[]): void {
  const width = x.axes.at(-1);
  if (width === undefined) throw new GraphError("a scalar has no last axis to normalise", "give it one by unsqueeze");
  for (const { axes } of each)
    if (axes.length !== 1 || axes[0]!.size !== width.size)
      throw new GraphError(
        `a gain or offset ${describeAxes(axes)} for a last axis of ${width.size}`,
        "give one gain and one offset a channel",
      );
}

/** Softmax over one axis (negative counts from the end), along which it sums to 1: the same axes. */
export const softmax = (x: Value, at = -1): Value => apply(normaliseOps.Softmax, [x], { at: position(x, at) });

/** Logarithm of the softmax over one axis (negative counts from the end): the same axes. */
export const logSoftmax = (x: Value, at = -1): Value => apply(normaliseOps.LogSoftmax, [x], { at: position(x, at) });

/**
 * Layer normalisation over the last axis of `x` [.., width]: `gain` and `offset` are [width].
 * @source arXiv:1607.06450
 */
export const layerNorm = (x: Value, gain: Value, offset: Value, epsilon: number): Value =>
  apply(normaliseOps.LayerNorm, [x, gain, offset], { epsilon });

/** x / sqrt(mean of its squares + epsilon), over the last axis, times `gain` `[width]`. @source arXiv:1910.07467 */
export const rmsNorm = (x: Value, gain: Value, epsilon: number): Value =>
  apply(normaliseOps.RmsNorm, [x, gain], { epsilon });

/**
 * Normalises neighbouring channels together, over all positions of a picture.
 * @param x  [pictures, ..positions, channels]; only `pictures` may be of unknown size
 * @param groups  a divisor of the channels; one group a channel is instance normalisation
 * @param gain  [channels], and so is `offset`
 * @source arXiv:1803.08494
 */
export function groupNorm(x: Value, groups: number, gain: Value, offset: Value, epsilon: number): Value {
  checkChannels(x, [gain, offset]);
  const [pictures, ...rest] = x.axes;
  const sizes = sizesOf(rest, () => describe(x));
  const channels = sizes.pop()!;
  if (channels % groups !== 0)
    throw new GraphError(`${groups} groups of the ${channels} channels of ${describe(x)}`, "take a divisor of them");
  const positions = sizes.reduce((p, n) => p * n, 1);
  const grouped = reshape(x, [pictures!, positions, groups, channels / groups]);
  const centred = sub(grouped, mean(grouped, [1, 3], true));
  const deviation = sqrt(add(mean(mul(centred, centred), [1, 3], true), scalar(epsilon)));
  return add(mul(reshape(div(centred, deviation), x.axes), gain), offset);
}
