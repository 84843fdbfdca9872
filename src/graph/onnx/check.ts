/** Whether the parts of an ONNX model fit together: every name made once, before it is used, and used. */
import { OnnxError } from "../errors.js";
import type { OnnxModel, OnnxNode } from "./model.js";

const MEND = "write the graph again; what another program changed in the file does not fit together";

/** How many nodes of a circle are named. */
const TOLD = 8;

/**
 * Holds a model against what ONNX asks of a graph.
 * @throws {OnnxError} for a name that is made twice or never, nodes that are in a circle or out of order, an output that
 *   nothing makes, an input that nothing uses (unless the file says so of it), a domain that is not declared.
 */
export function checkModel(model: OnnxModel): void {
  const makers = makersIn(model);
  const made = new Set([...model.inputs.keys(), ...model.initialisers.keys()]);
  const used = new Set(model.outputs.keys());
  model.nodes.forEach((node, i) => {
    if (!model.opsets.has(node.domain))
      throw new OnnxError(`${told(node)} is of the domain "${node.domain}", of which the file gives no version`, MEND);
    for (const name of node.inputs) {
      if (name === "") continue;
      used.add(name);
      if (!made.has(name)) throw unmade(node, name, model.nodes.slice(i));
    }
    for (const name of node.outputs) if (name !== "") made.add(name);
  });
  for (const name of model.outputs.keys())
    if (!makers.has(name)) throw new OnnxError(`the output ${name} is made by nothing in the file`, MEND);
  for (const [name, { unread }] of model.inputs)
    if (!unread && !used.has(name)) throw new OnnxError(`the input ${name} is used by nothing in the file`, MEND);
}

/** What makes each name. */
function makersIn({ inputs, initialisers, nodes }: OnnxModel): ReadonlyMap<string, string> {
  const makers = new Map<string, string>();
  const make = (name: string, by: string) => {
    const other = makers.get(name);
    if (other !== undefined) throw new OnnxError(`the name ${name} is that of ${other} and of ${by}`, MEND);
    makers.set(name, by);
  };
  for (const name of inputs.keys()) make(name, "an input");
  for (const name of initialisers.keys()) make(name, "an initialiser");
  for (const node of nodes) for (const name of node.outputs) if (name !== "") make(name, told(node));
  return makers;
}

/** Why a node reads a name that nothing before it makes: a circle, an order that is wrong, or nothing makes it at all. */
function unmade(node: OnnxNode, name: string, later: readonly OnnxNode[]): OnnxError {
  const makers = new Map(later.flatMap((one) => one.outputs.map((output) => [output, one] as const)));
  if (!makers.has(name)) return new OnnxError(`${told(node)} reads ${name}, which nothing in the file makes`, MEND);
  const circle = circleIn(later, makers);
  if (circle !== undefined) {
    const more = circle.length > TOLD ? `, and so on through ${circle.length - 1} nodes` : "";
    const some = circle.slice(0, TOLD).map(told).join(", which waits for ");
    return new OnnxError(`the nodes are in a circle: ${some}${more}`, MEND);
  }
  return new OnnxError(`${told(node)} reads ${name}, which only a later node makes`, MEND);
}

/** Nodes of which each waits for the next and the last for the first, the first being named again at the end. */
function circleIn(nodes: readonly OnnxNode[], makers: ReadonlyMap<string, OnnxNode>): OnnxNode[] | undefined {
  const waiting = new Map(nodes.map((node) => [node, 0]));
  const readers = new Map<OnnxNode, OnnxNode[]>(nodes.map((node) => [node, []]));
  for (const node of nodes)
    for (const name of node.inputs) {
      const maker = makers.get(name);
      if (maker === undefined) continue;
      readers.get(maker)!.push(node);
      waiting.set(node, waiting.get(node)! + 1);
    }
  const ready = nodes.filter((node) => waiting.get(node) === 0);
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    waiting.delete(node);
    for (const reader of readers.get(node)!) {
      const left = waiting.get(reader)! - 1;
      waiting.set(reader, left);
      if (left === 0) ready.push(reader);
    }
  }
  const walk: OnnxNode[] = [];
  const places = new Map<OnnxNode, number>();
  let node = waiting.keys().next().value;
  while (node !== undefined) {
    const before = places.get(node);
    if (before !== undefined) return [...walk.slice(before), node];
    places.set(node, walk.length);
    walk.push(node);
    const inputs: readonly string[] = node.inputs;
    node = inputs.map((name) => makers.get(name)).find((maker) => maker !== undefined && waiting.has(maker));
  }
  return undefined;
}

const told = ({ type, name, outputs }: OnnxNode): string => `${type} ${name === "" ? (outputs[0] ?? "") : name}`;
