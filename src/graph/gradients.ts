/** The reverse walk: from a scalar back to the values one asks for, through each op's own rule. */
import { GraphError } from "./errors.js";
import { add } from "./ops/elementwise.js";
import { constant, describe, type InputGradient, type Node, type Value } from "./value.js";

/**
 * Gradients of a scalar with respect to some values. Nothing is built on paths that do not lead to one of them, so a
 * frozen parameter costs nothing.
 *
 * @param loss  a scalar
 * @param wanted  usually the trained parameters
 * @returns  for each wanted value a value of the same axes
 * @throws {GraphError} if the loss is not a scalar of float32, a wanted value is no real number, or the loss does not depend on a wanted value, or depends on it through an op
 *   without a gradient (the message gives the op's reason) or a by-product: a silent zero would leave a parameter
 *   untrained, or trained on part of its slope.
 */
export function gradients(loss: Value, wanted: readonly Value[]): Value[] {
  if (loss.axes.length !== 0) throw new GraphError(`the gradient of ${describe(loss)}`, "reduce it to a scalar first");
  if (loss.dtype !== "float32")
    throw new GraphError(
      `the gradient of ${describe(loss)}, which is not of float32`,
      "cast what it is made of to float32",
    );
  for (const value of wanted)
    if (!value.dtype.startsWith("float"))
      throw new GraphError(
        `the gradient with respect to ${describe(value)}, which holds no real numbers`,
        "ask for that of a float32 value: of the table that an index looks up, not of the index",
      );
  const found = pullback(nodesLeadingTo([loss]), new Map([[loss, constant(Float32Array.of(1), [])]]), wanted);
  return wanted.map((value, i) => {
    const gradient = found[i];
    if (gradient === undefined)
      throw new GraphError(
        `the loss does not depend on ${describe(value)}`,
        "leave it out of the trained parameters, or use it",
      );
    return gradient;
  });
}

/**
 * Carries gradients back through some nodes.
 * @param nodes  each after those it reads
 * @param from  the gradient of each result one starts from
 * @returns  for each wanted value its gradient; undefined if no slope leads there
 */
export function pullback(
  nodes: readonly Node[],
  from: ReadonlyMap<Value, Value>,
  wanted: readonly Value[],
): (Value | undefined)[] {
  const reaches = new Set<Value>(wanted);
  for (const node of nodes) if (node.inputs.some((x) => reaches.has(x))) for (const y of node.outputs) reaches.add(y);

  const kept = new Set(wanted);
  const gathered = new Map(from);
  for (const node of nodes.toReversed()) {
    const found = node.outputs.map((y) => gathered.get(y));
    if (found.every((gradient) => gradient === undefined) || !node.inputs.some((x) => reaches.has(x))) continue;
    for (const y of node.outputs) if (!kept.has(y)) gathered.delete(y);
    const toInputs = gradientsOf(node, found, (x) => reaches.has(x));
    node.inputs.forEach((x, i) => {
      const build = toInputs[i];
      if (!reaches.has(x) || build === null || build === undefined) return;
      const more = build();
      const before = gathered.get(x);
      gathered.set(x, before === undefined ? more : add(before, more));
    });
  }
  return wanted.map((value) => gathered.get(value));
}

/** What an op's rule says of the gradients of its inputs, given those of its outputs. */
function gradientsOf(
  node: Node,
  found: readonly (Value | undefined)[],
  wants: (input: Value) => boolean,
): readonly InputGradient[] {
  const { op, outputs, attributes } = node;
  const rule = op.gradient;
  if ("none" in rule)
    throw new GraphError(
      `${describe(outputs[0]!)} has no gradient: ${rule.none}`,
      "keep it off the path from the trained parameters to the loss",
    );
  if ("all" in rule) return rule.all(found, node, attributes, wants);
  const byProduct = outputs.find((_, i) => i > 0 && found[i] !== undefined);
  if (byProduct !== undefined)
    throw new GraphError(
      `the loss depends on ${describe(byProduct)}, a by-product of ${op.name} that carries no gradient`,
      "compute it with ops of its own",
    );
  return rule(found[0]!, node, attributes, wants);
}

/** The nodes that some values are made of, each after its inputs; not those that only `given` values are made of. */
export function nodesLeadingTo(values: readonly Value[], given: ReadonlySet<Value> = new Set()): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const pending: { node: Node; next: number }[] = [];
  const enter = (value: Value) => {
    if (value.source.kind !== "op" || given.has(value) || seen.has(value.source.node)) return;
    seen.add(value.source.node);
    pending.push({ node: value.source.node, next: 0 });
  };
  for (const value of values) {
    enter(value);
    while (pending.length > 0) {
      const top = pending.at(-1)!;
      const child = top.node.inputs[top.next++];
      if (child !== undefined) enter(child);
      else order.push(pending.pop()!.node);
    }
  }
  return order;
}
