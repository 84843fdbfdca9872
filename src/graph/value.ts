/**
 * Symbolic tensors. A `Value` is one output of a `Node`; nodes are immutable and know only what they were made of, so a
 * graph is nothing but the values one keeps. Nothing here computes: `runtime` runs what `onnx` writes.
 */
import { type Axis, checkAxes, describeAxes, sizesOf } from "./axes.js";
import { ARRAYS, type ArrayOf, type DType, KINDS, type Kind } from "./dtype.js";
import { GraphError } from "./errors.js";

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

/** One use of an op. `outputs[0]` is the result; further outputs are by-products, unless its gradient takes them all. */
export interface Node {
  // biome-ignore lint/suspicious/noExplicitAny: a node holds any op with the attributes that op was given
  readonly op: Op<any>;
  readonly inputs: readonly Value[];
  readonly attributes: unknown;
  readonly outputs: readonly Value[];
}

/** The gradient of a node's result with respect to one input, built only when somebody needs it; null: it has none. */
export type InputGradient = (() => Value) | null;

/** The rule of an op of which every output carries a gradient: undefined for those on which the loss does not depend. */
export type GradientOfAll<Attributes> = (
  gradients: readonly (Value | undefined)[],
  node: Node,
  attributes: Attributes,
  wants: (input: Value) => boolean,
) => readonly InputGradient[];

/**
 * An op is one object: how its types follow from its inputs', which ONNX nodes it becomes, and its gradient, or the
 * reason there is none.
 */
export interface Op<Attributes> {
  readonly name: string;
  /**
   * What each input may hold, the last for all further ones; `real` if left out. Inputs of one kind, unless it is `index` or `any`,
   * are of one element type.
   */
  readonly takes?: readonly Kind[];
  /** Types of the outputs. Throws a `GraphError` when the inputs do not fit together. */
  types(inputs: readonly Value[], attributes: Attributes): readonly Type[];
  /**
   * What the ONNX nodes read, where that is not the inputs: a product with a quantised matrix reads what that matrix is
   * made of.
   */
  reads?(node: Node, attributes: Attributes): readonly Value[];
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
    | { readonly all: GradientOfAll<Attributes> }
    | { readonly none: string };
}

/** What an op may ask of the writer of an ONNX file. */
export interface Emitter {
  /** Name of a value in the file. */
  nameOf(value: Value): string;
  /** Whether any node or output of the graph reads a value: what nobody reads need not be made. */
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

/**
 * Uses an op: asks its `types`, makes the node and gives all its outputs, of the axes that `types` says.
 * @throws {GraphError} if the inputs do not fit together, with the op, the inputs and the caller's line
 */
export function applyAll<A>(op: Op<A>, inputs: readonly Value[], attributes: A): readonly Value[] {
  let types: readonly Type[];
  try {
    checkKinds(op.takes ?? ["real"], inputs);
    types = op.types(inputs, attributes);
    for (const { axes } of types) checkAxes(axes);
  } catch (error) {
    throw error instanceof GraphError ? error.in(`${op.name}(${inputs.map(describe).join(", ")})`) : error;
  }
  const outputs: Value[] = [];
  const node: Node = { op, inputs, attributes, outputs };
  types.forEach((type, output) => {
    outputs.push({ ...type, source: { kind: "op", node, output }, label: undefined });
  });
  return outputs;
}

/** Every input is of an element type that the op takes, so that nothing is refused only when it is compiled. */
function checkKinds(takes: readonly Kind[], inputs: readonly Value[]): void {
  const seen = new Map<Kind, DType>();
  inputs.forEach(({ dtype }, i) => {
    const kind = takes[Math.min(i, takes.length - 1)]!;
    const allowed: readonly DType[] = KINDS[kind];
    if (!allowed.includes(dtype))
      throw new GraphError(
        `${dtype} where ${allowed.join(" or ")} is wanted`,
        "cast it first, or compare it with something",
      );
    const before = kind === "index" || kind === "any" ? dtype : (seen.get(kind) ?? dtype);
    if (before !== dtype) throw new GraphError(`${before} meets ${dtype}`, "cast one of them");
    seen.set(kind, dtype);
  });
}

/** Uses an op and gives its result, of the axes that its `types` says. @throws {GraphError} as `applyAll` */
export function apply<A>(op: Op<A>, inputs: readonly Value[], attributes: A): Value {
  return applyAll(op, inputs, attributes)[0]!;
}

/**
 * A tensor fed at every run.
 * @param axes  as `axes` makes them: `axes("batch", axis("width", 3))` is [batch, width 3]
 * @throws {GraphError} for an empty name, or an axis of neither size nor name
 */
export function input(name: string, dtype: DType, axes: readonly Axis[]): Value {
  checkOutside("an input", name, axes);
  return { dtype, axes, source: { kind: "input", name }, label: name };
}

/**
 * A parameter of the model, a tensor of the axes given: fed at every run when trained, written into the graph as a constant when frozen. One of
 * float16 takes half the room in the file; ops compute in float32, so `cast` it first. One of uint8 holds packed numbers
 * for `dequantise`.
 * @param path  its name, in the graph and in files of weights
 * @param axes  all of them have sizes
 */
export function parameter(
  path: string,
  axes: readonly Axis[],
  trained: boolean,
  dtype: "float32" | "float16" | "uint8" = "float32",
): Value {
  checkOutside("a parameter", path, axes);
  if (trained && dtype === "uint8")
    throw new GraphError(`a trained parameter ${path} of uint8`, "freeze it, or hold it in float32");
  return { dtype, axes, source: { kind: "parameter", path, trained }, label: path };
}

/** What comes from outside has a name, and axes that can be fed. */
function checkOutside(what: string, name: string, axes: readonly Axis[]): void {
  if (name === "") throw new GraphError(`${what} without a name`, "name it: that is what it is fed by");
  try {
    checkAxes(axes);
  } catch (error) {
    throw error instanceof GraphError ? error.in(`${what} ${name}`) : error;
  }
}

/**
 * A tensor of numbers written in the graph, row-major; their element type is that of the array.
 * @param axes  the axes, all with sizes, which multiply to the length of `data`
 * @throws {GraphError} if they do not
 */
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

/** One float32 number: a scalar, without axes. */
export function scalar(value: number): Value {
  return constant(Float32Array.of(value), []);
}

/**
 * The same value, with the same axes, under a name for people. Naming the result of an op renames the node's output in place: the graph is
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
