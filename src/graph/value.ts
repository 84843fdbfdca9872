/**
 * Symbolic tensors. A `Value` is one output of a `Node`; nodes are immutable and know only what they were made of, so a
 * graph is nothing but the values one keeps. Nothing here computes: `runtime` runs what `onnx` writes.
 */
import { type Axis, describeAxes, sizesOf } from "./axes.js";
import { ARRAYS, type ArrayOf, type DType } from "./dtype.js";
import { callerOf, GraphError } from "./errors.js";

/** What a value holds: its element type and its axes, outermost first. */
export interface Type {
  readonly dtype: DType;
  readonly axes: readonly Axis[];
}

/** Where a value comes from: outside the graph, the model's parameters, a number written in the graph, or an op. */
export type Source =
  | { readonly kind: "input"; readonly name: string }
  | { readonly kind: "parameter"; readonly path: string; readonly trained: boolean }
  | { readonly kind: "constant"; readonly data: ArrayOf }
  | { readonly kind: "op"; readonly node: Node; readonly output: number };

/** One tensor of the graph. */
export interface Value extends Type {
  readonly source: Source;
  /** A name for people: it names the node in the ONNX file and in the runtime's complaints. */
  readonly label: string | undefined;
}

/** One use of an op. `outputs[0]` is the result; further outputs are by-products that carry no gradient. */
export interface Node {
  // biome-ignore lint/suspicious/noExplicitAny: a node holds any op with the attributes that op was given
  readonly op: Op<any>;
  readonly inputs: readonly Value[];
  readonly attributes: unknown;
  readonly outputs: readonly Value[];
}

/** The gradient of a node's result with respect to one input, built only when somebody needs it; null: it has none. */
export type InputGradient = (() => Value) | null;

/**
 * An op is one object: how its types follow from its inputs', which ONNX nodes it becomes, and its gradient, or the
 * reason there is none.
 */
export interface Op<Attributes> {
  readonly name: string;
  /** Types of the outputs. Throws a `GraphError` when the inputs do not fit together. */
  types(inputs: readonly Value[], attributes: Attributes): readonly Type[];
  /** Writes the ONNX nodes; `emit` names inputs and outputs. */
  emit(emit: Emitter, node: Node, attributes: Attributes): void;
  readonly gradient:
    | ((
        gradient: Value,
        node: Node,
        attributes: Attributes,
        /** Whether anybody needs the gradient of an input. */
        wants: (input: Value) => boolean,
      ) => readonly InputGradient[])
    | { readonly none: string };
}

/** What an op may ask of the writer of an ONNX file. */
export interface Emitter {
  /** Name of a value in the file. */
  nameOf(value: Value): string;
  /** Whether any node or output of the graph reads a value: a by-product that nobody reads need not be made. */
  isRead(value: Value): boolean;
  /** Name of a fresh intermediate of this node. */
  fresh(hint: string): string;
  /** Name of a constant tensor of int64, as shapes, axes and pads are given. */
  integers(values: readonly number[]): string;
  /** Name of a constant float32 tensor of one axis. */
  floats(values: readonly number[]): string;
  /** Name of a constant scalar of a given element type. */
  constant(dtype: DType, value: number): string;
  /** Name of a constant float32 scalar. */
  scalar(value: number): string;
  /** Adds one ONNX node. */
  node(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes?: Record<string, number | string | readonly number[] | { float: number }>,
    domain?: string,
  ): void;
}

/** Uses an op: checks types and makes the node. The result's label may be given with `named`. */
export function applyAll<A>(op: Op<A>, inputs: readonly Value[], attributes: A): readonly Value[] {
  let types: readonly Type[];
  try {
    types = op.types(inputs, attributes);
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    const line = callerOf(error);
    throw new GraphError(
      `${op.name}(${inputs.map(describe).join(", ")}): ${error.problem}${line === undefined ? "" : `, at ${line}`}`,
      error.mend,
      { cause: error },
    );
  }
  const outputs: Value[] = [];
  const node: Node = { op, inputs, attributes, outputs };
  types.forEach((type, output) => {
    outputs.push({ ...type, source: { kind: "op", node, output }, label: undefined });
  });
  return outputs;
}

/** Uses an op and gives its result. */
export function apply<A>(op: Op<A>, inputs: readonly Value[], attributes: A): Value {
  return applyAll(op, inputs, attributes)[0]!;
}

/** A tensor fed at every run. */
export function input(name: string, dtype: DType, axes: readonly Axis[]): Value {
  return { dtype, axes, source: { kind: "input", name }, label: name };
}

/**
 * A parameter of the model: fed at every run when trained, written into the graph as a constant when frozen. One of
 * float16 takes half the room in the file; ops compute in float32, so `cast` it first.
 */
export function parameter(
  path: string,
  axes: readonly Axis[],
  trained: boolean,
  dtype: "float32" | "float16" = "float32",
): Value {
  return { dtype, axes, source: { kind: "parameter", path, trained }, label: path };
}

/** Numbers written in the graph. */
export function constant(data: ArrayOf, axes: readonly Axis[]): Value {
  const dtype = (Object.keys(ARRAYS) as DType[]).find((name) => data.constructor === ARRAYS[name] && name !== "bool");
  if (dtype === undefined)
    throw new GraphError(`a constant of ${data.constructor.name}`, "give a typed array of a known dtype");
  const count = axes.reduce((product, { size }) => product * (size ?? Number.NaN), 1);
  if (count !== data.length)
    throw new GraphError(
      `a constant of ${data.length} numbers for axes ${describeAxes(axes)}`,
      "give as many numbers as the axes multiply to",
    );
  return { dtype, axes, source: { kind: "constant", data }, label: undefined };
}

/** One float32 number. */
export function scalar(value: number): Value {
  return constant(Float32Array.of(value), []);
}

/**
 * The same value under a name for people. Naming the result of an op renames the node's output in place: the graph is
 * unchanged, and there is no copy at run time.
 */
export function named(value: Value, label: string): Value {
  (value as { label: string | undefined }).label = label;
  return value;
}

/** A value in one line, for messages: `gated.0.scores float32 [batch, heads 8, text, seen]`. */
export function describe(value: Value): string {
  const origin = value.source.kind === "op" ? value.source.node.op.name : value.source.kind;
  return `${value.label ?? origin} ${value.dtype} ${describeAxes(value.axes)}`;
}

/** Sizes of all axes, or an error naming the first that is only known when the graph runs. */
export function fixedSizes(value: Value): number[] {
  return sizesOf(value.axes, () => describe(value));
}
