/** A graph: named outputs, and what they need from outside. */
import { GraphError } from "./errors.js";
import { nodesLeadingTo } from "./gradients.js";
import { describe, type Node, type Value } from "./value.js";

/** A frozen graph, ready to be written or run. */
export interface Graph {
  /** Nodes in an order in which each follows its inputs. */
  readonly nodes: readonly Node[];
  /** What is fed at every run, trained parameters included (under their paths). */
  readonly inputs: ReadonlyMap<string, Value>;
  /** Frozen parameters: constants of the compiled graph. */
  readonly frozen: ReadonlyMap<string, Value>;
  readonly constants: readonly Value[];
  readonly outputs: ReadonlyMap<string, Value>;
}

/**
 * The graph that computes `outputs`, tensors of any axes, under the names they are to have.
 * @param expected  inputs that callers mean to feed
 * @throws {GraphError} if there is no output or one without a name, an expected input is read by no output, or two
 *   inputs have one name
 */
export function graph(outputs: Record<string, Value>, expected: readonly Value[] = []): Graph {
  const values = Object.values(outputs);
  if (values.length === 0 || "" in outputs)
    throw new GraphError(
      values.length === 0 ? "a graph without outputs" : `${describe(outputs[""]!)} as an output without a name`,
      "give every output by a name: that is what it is fetched by",
    );
  const nodes = nodesLeadingTo(values);
  const inputs = new Map<string, Value>();
  const frozen = new Map<string, Value>();
  const constants = new Set<Value>();
  const take = (into: Map<string, Value>, name: string, value: Value) => {
    const other = into.get(name);
    if (other !== undefined && other !== value)
      throw new GraphError(`two different inputs are called ${name}`, "make each input once and pass it on");
    into.set(name, value);
  };
  for (const value of [...nodes.flatMap((node) => node.inputs), ...values]) {
    const { source } = value;
    if (source.kind === "input") take(inputs, source.name, value);
    else if (source.kind === "parameter") take(source.trained ? inputs : frozen, source.path, value);
    else if (source.kind === "constant") constants.add(value);
  }
  const read = new Set([...inputs.values(), ...frozen.values()]);
  const unused = expected.filter((value) => !read.has(value));
  if (unused.length > 0)
    throw new GraphError(
      `no output reads ${unused.map(describe).join(", ")}; read are ${[...inputs.keys()].join(", ") || "no inputs"}`,
      "leave out what is not read, or make an output depend on it",
    );
  return { nodes, inputs, frozen, constants: [...constants], outputs: new Map(Object.entries(outputs)) };
}

/**
 * The part of a graph that computes some of its outputs.
 * @throws {GraphError} if there is no output of a name
 */
export function subgraph(from: Graph, names: readonly string[]): Graph {
  const missing = names.filter((name) => !from.outputs.has(name));
  if (missing.length > 0)
    throw new GraphError(
      `no output is called ${missing.join(", ")}; there are ${[...from.outputs.keys()].join(", ")}`,
      "ask for outputs by the names under which they were given to the graph",
    );
  return graph(Object.fromEntries(names.map((name) => [name, from.outputs.get(name)!])));
}
