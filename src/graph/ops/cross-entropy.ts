/** The training loss. */
import { mergeAxes } from "../axes.js";
import { GraphError } from "../errors.js";
import {
  applyAll,
  constant,
  type Emitter,
  type InputGradient,
  type Node,
  type Op,
  scalar,
  type Value,
} from "../value.js";
import { addAlong } from "./along.js";
import { exp, mul, notEqual, sub, where } from "./elementwise.js";
import { reshape } from "./shape.js";

/** How targets are read. */
export interface CrossEntropyOptions {
  /** The share of each target that is spread evenly over the vocabulary, from 0 to 1. */
  readonly smoothing: number;
  /** The target of rows that have none: their loss and their gradient are 0. */
  readonly ignored: number | undefined;
}

/**
 * The log-softmax along the last axis, and of it what each target has: not ONNX's SoftmaxCrossEntropyLoss, for which the
 * engine turns all logits to put the vocabulary before the last axis, and back.
 */
function emitLoss(emit: Emitter, { inputs, outputs }: Node, { smoothing, ignored }: CrossEntropyOptions): void {
  const [logits, target] = inputs.map(emit.nameOf);
  const [loss, logProbability] = outputs.map(emit.nameOf);
  const whole = (value: number) => emit.constant(inputs[1]!.dtype, value);
  const step = (type: string, from: readonly string[], attributes = {}) => {
    const result = emit.fresh(type);
    emit.node(type, from, [result], attributes);
    return result;
  };
  emit.node("LogSoftmax", [logits!], [logProbability!], { axis: -1 });
  const none = ignored === undefined ? undefined : step("Equal", [target!, whole(ignored)]);
  const column = step("Unsqueeze", [
    none === undefined ? target! : step("Where", [none, whole(0), target!]),
    emit.integers([1]),
  ]);
  const own = step("Squeeze", [step("GatherElements", [logProbability!, column], { axis: 1 }), emit.integers([1])]);
  const blend = () => {
    const even = step("ReduceMean", [logProbability!, emit.integers([-1])], { keepdims: 0 });
    return step("Add", [step("Mul", [own, emit.scalar(1 - smoothing)]), step("Mul", [even, emit.scalar(smoothing)])]);
  };
  const likelihood = smoothing === 0 ? own : blend();
  const counted = none === undefined ? likelihood : step("Where", [none, emit.scalar(0), likelihood]);
  emit.node("Neg", [counted], [loss!]);
}

export const crossEntropyOps = {
  /** Negative log-likelihood of each row's target; by-product: the log-probabilities. */
  CrossEntropy: {
    name: "CrossEntropy",
    takes: ["real", "index"],
    types: ([logits, target], { smoothing, ignored }) => {
      if (logits!.axes.length !== 2 || target!.axes.length !== 1)
        throw new GraphError("logits are [rows, vocabulary] and targets [rows]", "flatten batch and text to rows");
      if (ignored !== undefined && !Number.isSafeInteger(ignored))
        throw new GraphError(`${ignored} as the ignored target`, "give a whole number");
      if (!(smoothing >= 0 && smoothing <= 1))
        throw new GraphError(`a smoothing of ${smoothing}`, "give a share from 0 to 1");
      if (smoothing !== 0 && logits!.axes[1]!.size === undefined)
        throw new GraphError("smoothing over a vocabulary of unknown size", "fix the size of the vocabulary's axis");
      const rows = mergeAxes(logits!.axes[0]!, target!.axes[0]!);
      return [
        { dtype: "float32", axes: [rows] },
        { dtype: "float32", axes: [rows, logits!.axes[1]!] },
      ];
    },
    emit: emitLoss,
    gradient: (
      g,
      { inputs: [logits, target], outputs: [loss, logProbability] },
      { smoothing, ignored },
    ): InputGradient[] => [
      () => {
        const column = reshape(target!, [...loss!.axes, 1]);
        const all = reshape(g, [...loss!.axes, 1]);
        const kept = ignored === undefined ? undefined : notEqual(column, whole(ignored, target!));
        const each = kept === undefined ? all : where(kept, all, scalar(0));
        const at = kept === undefined ? column : where(kept, column, whole(0, target!));
        const probability = exp(logProbability!);
        const even = smoothing / logits!.axes[1]!.size!;
        const fromEven = smoothing === 0 ? probability : sub(probability, scalar(even));
        return addAlong(mul(fromEven, each), at, mul(each, scalar(smoothing - 1)), 1);
      },
      null,
    ],
  } satisfies Op<CrossEntropyOptions>,
};

/** A whole number of the element type of `like`. */
function whole(number: number, like: Value): Value {
  return constant(like.dtype === "int64" ? BigInt64Array.of(BigInt(number)) : Int32Array.of(number), [
    { name: "", size: 1 },
  ]);
}

/**
 * Negative log-likelihood in nats of each target, and every log-probability. Rows are left out of a mean by weights:
 * multiply the losses by a mask, or give such rows the target `ignored`.
 * @param logits  [rows, vocabulary]
 * @param target  [rows] int32 or int64
 * @param smoothing  the share of each target that is spread over the vocabulary (arXiv:1512.00567, section 7)
 * @param ignored  the target of rows that have none
 * @returns  `loss` [rows]; `logProbability` [rows, vocabulary], which carries no gradient
 */
export function crossEntropy(
  logits: Value,
  target: Value,
  { smoothing = 0, ignored }: Partial<CrossEntropyOptions> = {},
): { loss: Value; logProbability: Value } {
  const [loss, logProbability] = applyAll(crossEntropyOps.CrossEntropy, [logits, target], { smoothing, ignored });
  return { loss: loss!, logProbability: logProbability! };
}
