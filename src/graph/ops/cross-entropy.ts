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
 * (1 - smoothing) of the target's loss and `smoothing` of the mean over the vocabulary, 0 where the target is ignored.
 */
function emitSmoothed(emit: Emitter, node: Node, { smoothing, ignored }: CrossEntropyOptions, sharp: string): void {
  const [loss, logProbability] = node.outputs;
  const names = { mean: emit.fresh("mean"), even: emit.fresh("even"), kept: emit.fresh("kept") };
  emit.node("ReduceMean", [emit.nameOf(logProbability!), emit.integers([-1])], [names.mean], { keepdims: 0 });
  emit.node("Mul", [names.mean, emit.scalar(smoothing)], [names.even]);
  emit.node("Mul", [sharp, emit.scalar(1 - smoothing)], [names.kept]);
  const all = ignored === undefined ? emit.nameOf(loss!) : emit.fresh("all");
  emit.node("Sub", [names.kept, names.even], [all]);
  if (ignored === undefined) return;
  const none = emit.fresh("none");
  emit.node("Equal", [emit.nameOf(node.inputs[1]!), emit.constant(node.inputs[1]!.dtype, ignored)], [none]);
  emit.node("Where", [none, emit.scalar(0), all], [emit.nameOf(loss!)]);
}

export const crossEntropyOps = {
  /** Negative log-likelihood of each row's target; by-product: the log-probabilities. */
  CrossEntropy: {
    name: "CrossEntropy",
    types: ([logits, target], { smoothing }) => {
      if (logits!.axes.length !== 2 || target!.axes.length !== 1)
        throw new GraphError("logits are [rows, vocabulary] and targets [rows]", "flatten batch and text to rows");
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
    emit: (emit, node, targets) => {
      const [loss, logProbability] = node.outputs.map(emit.nameOf);
      const sharp = targets.smoothing === 0 ? loss! : emit.fresh("sharp");
      emit.node("SoftmaxCrossEntropyLoss", node.inputs.map(emit.nameOf), [sharp, logProbability!], {
        reduction: "none",
        ...(targets.ignored === undefined ? {} : { ignore_index: targets.ignored }),
      });
      if (targets.smoothing !== 0) emitSmoothed(emit, node, targets, sharp);
    },
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
