/** Ops that change no number, only how gradients flow: stopping them, and computing a block again for them. */
import { nodesLeadingTo, pullback } from "../gradients.js";
import { apply, applyAll, type InputGradient, type Node, type Op, type Value } from "../value.js";

/** A part of the graph, as it was built. */
export interface Block {
  /** What it is made of: its inputs, then whatever else its nodes read from outside. */
  readonly externals: readonly Value[];
  /** How many of those are its inputs. */
  readonly inputs: number;
  /** The nodes that depend on an input, each after those it reads. */
  readonly nodes: readonly Node[];
  /** What of those is used outside, each once. */
  readonly results: readonly Value[];
}

export const flowOps = {
  StopGradient: {
    name: "StopGradient",
    takes: ["any"],
    types: ([x]) => [{ dtype: x!.dtype, axes: x!.axes }],
    emit: (emit, { inputs: [x], outputs: [y] }) => emit.node("Identity", [emit.nameOf(x!)], [emit.nameOf(y!)]),
    gradient: (): InputGradient[] => [null],
  } satisfies Op<null>,

  /**
   * `x`, but not before `signal` is there. ONNX Runtime would take a copy of a node on equal inputs for the same node and
   * keep its first result; behind this op the inputs are others, and come late. It costs no copy: a Reshape to the
   * same sizes, which are chosen between twice the same by an entry of `signal`.
   */
  After: {
    name: "After",
    takes: ["any", "real"],
    types: ([x]) => [{ dtype: x!.dtype, axes: x!.axes }],
    emit: (emit, { inputs: [x, signal], outputs: [y] }) => {
      const names = { flat: emit.fresh("flat"), first: emit.fresh("first"), entry: emit.fresh("entry") };
      const odd = emit.fresh("odd");
      const [sizes, same] = [emit.fresh("sizes"), emit.integers(x!.axes.map(() => 0))];
      emit.node("Reshape", [emit.nameOf(signal!), emit.integers([-1])], [names.flat]);
      emit.node("Slice", [names.flat, emit.integers([0]), emit.integers([1])], [names.first]);
      // A sum, which there is of no entry too.
      emit.node("ReduceSum", [names.first, emit.integers([0])], [names.entry], { keepdims: 0 });
      emit.node("IsNaN", [names.entry], [odd]);
      emit.node("Where", [odd, same, same], [sizes]);
      emit.node("Reshape", [emit.nameOf(x!), sizes], [emit.nameOf(y!)]);
    },
    gradient: (g): InputGradient[] => [() => g, null],
  } satisfies Op<null>,

  /** The first inputs, a block's results, whose gradients are those of the block computed again from the other inputs. */
  Checkpoint: {
    name: "Checkpoint",
    takes: ["any"],
    types: (inputs, { results }) => inputs.slice(0, results.length).map(({ dtype, axes }) => ({ dtype, axes })),
    emit: (emit, { inputs, outputs }) => {
      outputs.forEach((y, i) => {
        emit.node("Identity", [emit.nameOf(inputs[i]!)], [emit.nameOf(y)]);
      });
    },
    gradient: {
      all: (gradients, { inputs }, block, wants): InputGradient[] => {
        const actual = inputs.slice(block.results.length);
        const arrived = gradients.filter((g) => g !== undefined);
        const late = (x: Value) => arrived.reduce((held, g) => apply(flowOps.After, [held, g], null), x);
        const again = new Map<Value, Value>();
        block.externals.forEach((x, i) => {
          again.set(x, i < block.inputs ? late(actual[i]!) : actual[i]!);
        });
        const nodes = rebuilt(block.nodes, again);
        const from = new Map<Value, Value>();
        block.results.forEach((y, i) => {
          const g = gradients[i];
          if (g !== undefined) from.set(again.get(y)!, g);
        });
        const wanted = block.externals.filter((_, i) => wants(actual[i]!));
        const found = pullback(
          nodes,
          from,
          wanted.map((x) => again.get(x)!),
        );
        const toExternals = new Map(wanted.map((x, i) => [x, found[i]]));
        return [
          ...block.results.map(() => null),
          ...block.externals.map((x) => {
            const gradient = toExternals.get(x);
            return gradient === undefined ? null : () => gradient;
          }),
        ];
      },
    },
  } satisfies Op<Block>,
};

/** Copies of nodes that read what `again` has instead of what they read; `again` gains what they make beside that. */
function rebuilt(nodes: readonly Node[], again: Map<Value, Value>): Node[] {
  return nodes.map((node) => {
    const outputs: Value[] = [];
    const copy: Node = { ...node, inputs: node.inputs.map((x) => again.get(x) ?? x), outputs };
    node.outputs.forEach((value, output) => {
      outputs.push({ ...value, source: { kind: "op", node: copy, output } });
      if (!again.has(value)) again.set(value, outputs[output]!);
    });
    return copy;
  });
}

/** The same numbers with the same axes, which gradients take for a constant. */
export function stopGradient(x: Value): Value {
  return apply(flowOps.StopGradient, [x], null);
}

/**
 * `f(...inputs)`, of which nothing but the inputs and the results is kept for the gradient: when that is asked for, the
 * block is computed again, once for all results. It costs one more forward pass of the block, and saves the memory of all
 * that is in it. What `f` reads beside its inputs, such as parameters, has its gradient too, and is kept.
 * @param f  gives one value or several
 * @returns  what `f` gives, with its axes
 * @source arXiv:1604.06174
 */
export function checkpoint<Results extends Value | readonly Value[]>(
  f: (...inputs: Value[]) => Results,
  inputs: readonly Value[],
): Results {
  const given = f(...inputs);
  const all: readonly Value[] = isValue(given) ? [given] : given;
  const inside = new Set<Value>(inputs);
  const made = new Set<Value>();
  const nodes = nodesLeadingTo(all, new Set(inputs)).filter((node) => {
    const depends = node.inputs.some((x) => inside.has(x));
    for (const y of depends ? node.outputs : []) {
      if (!inside.has(y)) made.add(y);
      inside.add(y);
    }
    return depends;
  });
  const results = [...new Set(all.filter((y) => made.has(y)))];
  if (results.length === 0) return given;
  const outside = nodes.flatMap((node) => node.inputs).filter((x) => !inside.has(x));
  const externals = [...new Set([...inputs, ...outside])];
  const block: Block = { externals, inputs: new Set(inputs).size, nodes, results };
  const outputs = applyAll(flowOps.Checkpoint, [...results, ...externals], block);
  const kept = new Map(results.map((y, i) => [y, outputs[i]!]));
  const taken = all.map((y) => kept.get(y) ?? y);
  return (isValue(given) ? taken[0]! : taken) as Results;
}

const isValue = (given: Value | readonly Value[]): given is Value => "source" in given;
