/** Softmax, normalisation and the training loss. */
import { describeAxes, mergeAxes } from "../axes.js";
import { GraphError } from "../errors.js";
import { apply, applyAll, type InputGradient, type Op, type Value } from "../value.js";
import { add, exp, mul, neg, sub } from "./elementwise.js";
import { mean, sum, sumLike } from "./reduce.js";
import { reshape } from "./shape.js";

export const normaliseOps = {
  /** Over the last axis. */
  Softmax: {
    name: "Softmax",
    types: ([x]) => [{ dtype: x!.dtype, axes: x!.axes }],
    emit: (emit, { inputs: [x], outputs: [y] }) =>
      emit.node("Softmax", [emit.nameOf(x!)], [emit.nameOf(y!)], { axis: -1 }),
    gradient: (g, { outputs: [y] }) => [
      () => {
        const weighted = mul(g, y!);
        return sub(weighted, mul(y!, sum(weighted, [-1], true)));
      },
    ],
  } satisfies Op<null>,

  /** Over the last axis. */
  LogSoftmax: {
    name: "LogSoftmax",
    types: ([x]) => [{ dtype: x!.dtype, axes: x!.axes }],
    emit: (emit, { inputs: [x], outputs: [y] }) =>
      emit.node("LogSoftmax", [emit.nameOf(x!)], [emit.nameOf(y!)], { axis: -1 }),
    gradient: (g, { outputs: [y] }) => [() => sub(g, mul(exp(y!), sum(g, [-1], true)))],
  } satisfies Op<null>,

  /** Over the last axis; by-products: mean and reciprocal deviation, reused by the gradient. */
  LayerNorm: {
    name: "LayerNorm",
    types: ([x, gain, offset]) => {
      const width = x!.axes.at(-1)!;
      for (const { axes } of [gain!, offset!])
        if (axes.length !== 1 || axes[0]!.size !== width.size)
          throw new GraphError(
            `a gain or offset ${describeAxes(axes)} for a last axis of ${width.size}`,
            "give one gain and one offset a channel",
          );
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

  /** Negative log-likelihood of each row's target; by-product: the log-probabilities. */
  CrossEntropy: {
    name: "CrossEntropy",
    types: ([logits, target]) => {
      if (logits!.axes.length !== 2 || target!.axes.length !== 1)
        throw new GraphError("logits are [rows, vocabulary] and targets [rows]", "flatten batch and text to rows");
      const rows = mergeAxes(logits!.axes[0]!, target!.axes[0]!);
      return [
        { dtype: "float32", axes: [rows] },
        { dtype: "float32", axes: [rows, logits!.axes[1]!] },
      ];
    },
    emit: (emit, { inputs, outputs }) =>
      emit.node("SoftmaxCrossEntropyLoss", inputs.map(emit.nameOf), outputs.map(emit.nameOf), { reduction: "none" }),
    gradient: (g, { inputs: [, target], outputs: [loss, logProbability] }): InputGradient[] => [
      () => {
        const each = reshape(g, [...loss!.axes, 1]);
        return addAtIndex(mul(exp(logProbability!), each), target!, neg(each));
      },
      null,
    ],
  } satisfies Op<null>,

  /** Adds one number a row at that row's column: no column is hit twice, so no two threads meet. */
  AddAtIndex: {
    name: "AddAtIndex",
    types: ([x]) => [{ dtype: x!.dtype, axes: x!.axes }],
    emit: (emit, { inputs: [x, index, added], outputs: [y] }) => {
      const columns = emit.fresh("columns");
      emit.node("Unsqueeze", [emit.nameOf(index!), emit.integers([1])], [columns]);
      emit.node("ScatterElements", [emit.nameOf(x!), columns, emit.nameOf(added!)], [emit.nameOf(y!)], {
        axis: 1,
        reduction: "add",
      });
    },
    gradient: { none: "used inside gradients only, and second derivatives are not built" },
  } satisfies Op<null>,
};

/** Softmax over the last axis. */
export const softmax = (x: Value): Value => apply(normaliseOps.Softmax, [x], null);

/** Logarithm of the softmax over the last axis. */
export const logSoftmax = (x: Value): Value => apply(normaliseOps.LogSoftmax, [x], null);

/** Layer normalisation over the last axis: `gain` and `offset` are `[width]`. */
export const layerNorm = (x: Value, gain: Value, offset: Value, epsilon: number): Value =>
  apply(normaliseOps.LayerNorm, [x, gain, offset], { epsilon });

/**
 * Negative log-likelihood in nats of each target, and every log-probability.
 * @param logits  [rows, vocabulary]
 * @param target  [rows] int32 or int64
 */
export function crossEntropy(logits: Value, target: Value): { loss: Value; logProbability: Value } {
  const [loss, logProbability] = applyAll(normaliseOps.CrossEntropy, [logits, target], null);
  return { loss: loss!, logProbability: logProbability! };
}

/** `x[row, index[row]] += added[row]` for `x` `[rows, columns]`, `index` `[rows]`, `added` `[rows, 1]`. */
function addAtIndex(x: Value, index: Value, added: Value): Value {
  return apply(normaliseOps.AddAtIndex, [x, index, added], null);
}
