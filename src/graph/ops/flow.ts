/** Ops that change no number, only how gradients flow: stopping them, and computing a block again for them. */
import { nodesLeadingTo, pullback } from "../gradients.js";
import { apply, type InputGradient, type Node, type Op, type Value } from "../value.js";

/** A part of the graph, as it was built. */
export interface Block {
  /** What it is made of: its inputs, then whatever else its nodes read from outside. */
  readonly externals: readonly Value[];
  /** How many of those are its inputs. */
  readonly inputs: number;
  /** The nodes that depend on an input, each after those it reads. */
  readonly nodes: readonly Node[];
  readonly result: Value;
}

export const flowOps = {
  StopGradient: {
    name: "StopGradient",
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
    types: ([x]) => [{ dtype: x!.dtype, axes: x!.axes }],
    emit: (emit, { inputs: [x, signal], outputs: [y] }) => {
      const names = { flat: emit.fresh("flat"), entry: emit.fresh("entry"), odd: emit.fresh("odd") };
      const [sizes, same] = [emit.fresh("sizes"), emit.integers(x!.axes.map(() => 0))];
      emit.node("Reshape", [emit.nameOf(signal!), emit.integers([-1])], [names.flat]);
      emit.node("Gather", [names.flat, emit.constant("int64", 0)], [names.entry], { axis: 0 });
      emit.node("IsNaN", [names.entry], [names.odd]);
      emit.node("Where", [names.odd, same, same], [sizes]);
      emit.node("Reshape", [emit.nameOf(x!), sizes], [emit.nameOf(y!)]);
    },
    gradient: (g): InputGradient[] => [() => g, null],
  } satisfies Op<null>,

  /** The first input, a block's result, whose gradient is that of the block computed again from the other inputs. */
  Checkpoint: {
    name: "Checkpoint",
    types: ([result]) => [{ dtype: result!.dtype, axes: result!.axes }],
    emit: (emit, { inputs: [result], outputs: [y] }) =>
      emit.node("Identity", [emit.nameOf(result!)], [emit.nameOf(y!)]),
    gradient: (g, { inputs: [, ...actual] }, block, wants): InputGradient[] => {
      const again = new Map<Value, Value>();
      block.externals.forEach((x, i) => {
        again.set(x, i < block.inputs ? apply(flowOps.After, [actual[i]!, g], null) : actual[i]!);
      });
      const nodes = rebuilt(block.nodes, again);
      const wanted = block.externals.filter((_, i) => wants(actual[i]!));
      const found = pullback(
        nodes,
        new Map([[again.get(block.result)!, g]]),
        wanted.map((x) => again.get(x)!),
      );
      const gradients = new Map(wanted.map((x, i) => [x, found[i]]));
      return [
        null,
        ...block.externals.map((x) => {
          const gradient = gradients.get(x);
          return gradient === undefined ? null : () => gradient;
        }),
      ];
    },
  } satisfies Op<Block>,
};

/** Copies of nodes that read what `again` has instead of what they read; `again` gains what they make. */
function rebuilt(nodes: readonly Node[], again: Map<Value, Value>): Node[] {
  return nodes.map((node) => {
    const outputs: Value[] = [];
    const copy: Node = { ...node, inputs: node.inputs.map((x) => again.get(x) ?? x), outputs };
    node.outputs.forEach((value, output) => {
      outputs.push({ ...value, source: { kind: "op", node: copy, output } });
      again.set(value, outputs[output]!);
    });
    return copy;
  });
}

/** The same numbers with the same axes, which gradients take for a constant. */
export function stopGradient(x: Value): Value {
  return apply(flowOps.StopGradient, [x], null);
}

/**
 * `f(...inputs)`, of which nothing but the inputs and the result is kept for the gradient: when that is asked for, the
 * block is computed again. It costs one more forward pass of the block, and saves the memory of all that is in it.
 * What `f` reads beside its inputs, such as parameters, has its gradient too, and is kept.
 * @returns  the result of `f`, with its axes
 * @source arXiv:1604.06174
 */
export function checkpoint(f: (...inputs: Value[]) => Value, inputs: readonly Value[]): Value {
  const result = f(...inputs);
  const inside = new Set<Value>(inputs);
  const nodes = nodesLeadingTo([result]).filter((node) => {
    const depends = node.inputs.some((x) => inside.has(x));
    if (depends) for (const y of node.outputs) inside.add(y);
    return depends;
  });
  if (nodes.length === 0) return result;
  const outside = nodes.flatMap((node) => node.inputs).filter((x) => !inside.has(x));
  const externals = [...new Set([...inputs, ...outside])];
  return apply(flowOps.Checkpoint, [result, ...externals], { externals, inputs: inputs.length, nodes, result });
}
