/** A graph as an ONNX file: its structure, and that as bytes. */
import { type Axis, describeAxes } from "../axes.js";
import { ARRAYS, type ArrayOf, type DType } from "../dtype.js";
import { GraphError } from "../errors.js";
import type { Graph } from "../graph.js";
import { describe, type Emitter, type Value } from "../value.js";
import { encodeOnnx } from "./encode.js";
import {
  type Attribute,
  bytesOf,
  type ExternalBytes,
  type Initialiser,
  IR_VERSION,
  locationFault,
  type OnnxModel,
  type OnnxNode,
  OPSETS,
  STORED_TYPE,
} from "./model.js";

/**
 * Where the numbers of a frozen parameter are: in memory, in its element type, or in another file at an offset (a
 * safetensors file will do), of the parameter's type unless told. 16-bit numbers are widened when the graph is compiled.
 */
export type Weight =
  | { readonly data: Float32Array | Uint16Array | Uint8Array }
  | (ExternalBytes & { readonly dtype?: "float32" | "float16" | "bfloat16" | "uint8" });

/**
 * Writes a graph as ONNX (opset 21, plus the `com.microsoft` domain of ONNX Runtime for fused products).
 *
 * @param graph  axis names without a size reach the file as `dim_param`, all of them as denotations; labels of values
 *   become their names
 * @param weights  the numbers of every frozen parameter by its path
 * @throws {GraphError} if a frozen parameter has no weight or one of the wrong size, or if the file would have 2 GB
 */
export function writeOnnx(graph: Graph, weights: ReadonlyMap<string, Weight>): Uint8Array {
  return encodeOnnx(onnxModel(graph, weights));
}

/**
 * What the file of a graph says, as plain data.
 * @param weights  the numbers of every frozen parameter by its path; they are not copied
 * @throws {GraphError} if a frozen parameter has no weight or one of the wrong size
 */
export function onnxModel(graph: Graph, weights: ReadonlyMap<string, Weight>): OnnxModel {
  const taken = new Names();
  const names = nameValues(graph, taken);
  const readValues = new Set([
    ...graph.nodes.flatMap((node) => node.op.reads?.(node, node.attributes) ?? node.inputs),
    ...graph.outputs.values(),
  ]);
  const writer = new Writer(names, taken, readValues);
  for (const [path, value] of graph.frozen) {
    writer.current = names.get(value)!;
    writer.weight(value, weights.get(path), path);
  }
  for (const value of graph.constants) {
    if (value.source.kind === "constant") writer.tensor(names.get(value)!, value.dtype, value.axes, value.source.data);
  }
  for (const node of graph.nodes) {
    writer.current = names.get(node.outputs[0]!)!;
    node.op.emit(writer, node, node.attributes);
  }
  for (const [name, value] of graph.outputs) {
    if (names.get(value) !== name) writer.node("Identity", [names.get(value)!], [name]);
  }
  const read = new Set(writer.nodes.flatMap(({ inputs }) => inputs));
  return {
    irVersion: IR_VERSION,
    producer: "flamingo-ts",
    opsets: new Map(
      [...OPSETS].filter(([domain]) => domain === "" || writer.nodes.some((node) => node.domain === domain)),
    ),
    inputs: new Map(
      [...graph.inputs].map(([name, { dtype, axes }]) => [name, { dtype, axes, unread: !read.has(name) }]),
    ),
    outputs: new Map([...graph.outputs].map(([name, { dtype, axes }]) => [name, { dtype, axes }])),
    initialisers: writer.initialisers,
    nodes: writer.nodes,
  };
}

/** The names in a file, none of which is given twice. */
class Names {
  readonly #used = new Set<string>([""]);
  readonly #next = new Map<string, number>();

  /** A name that was chosen outside; false if it is taken. */
  take(name: string): boolean {
    if (this.#used.has(name)) return false;
    this.#used.add(name);
    return true;
  }

  /** The name that is wished for, or with a number behind it the first that is free. */
  free(wish: string): string {
    let name = wish;
    let next = this.#next.get(wish) ?? 1;
    while (!this.take(name)) name = `${wish}#${next++}`;
    this.#next.set(wish, next);
    return name;
  }
}

/** One name a value: inputs and parameters keep theirs, others take their label, made unique. */
function nameValues(graph: Graph, taken: Names): Map<Value, string> {
  const names = new Map<Value, string>();
  const give = (value: Value, wish: string) => names.set(value, taken.free(wish));
  for (const name of graph.outputs.keys()) taken.take(name);
  for (const [name, value] of [...graph.inputs, ...graph.frozen]) {
    if (!taken.take(name))
      throw new GraphError(
        `${name} is ${graph.outputs.has(name) ? "an output and an input" : "an input and a frozen parameter"}`,
        "give one of them another name",
      );
    names.set(value, name);
  }
  for (const value of graph.constants) give(value, "constant");
  for (const [name, value] of graph.outputs) if (!names.has(value)) names.set(value, name);
  for (const node of graph.nodes) {
    node.outputs.forEach((value, i) => {
      if (!names.has(value)) give(value, value.label ?? (i === 0 ? node.op.name : `${node.op.name}.${i}`));
    });
  }
  return names;
}

class Writer implements Emitter {
  readonly nodes: OnnxNode[] = [];
  readonly initialisers = new Map<string, Initialiser>();
  /** Name of the value being made: the prefix of its intermediates. */
  current = "";
  readonly #names: ReadonlyMap<Value, string>;
  readonly #taken: Names;
  readonly #read: ReadonlySet<Value>;
  readonly #constants = new Map<string, string>();
  #count = 0;

  constructor(names: ReadonlyMap<Value, string>, taken: Names, read: ReadonlySet<Value>) {
    this.#names = names;
    this.#taken = taken;
    this.#read = read;
  }

  nameOf = (value: Value): string => {
    const name = this.#names.get(value);
    if (name === undefined)
      throw new GraphError(`${describe(value)} is not part of this graph`, "reach it from an output");
    return name;
  };

  isRead(value: Value): boolean {
    return this.#read.has(value);
  }

  fresh(hint: string): string {
    return this.#taken.free(`${this.current}/${hint}:${this.#count++}`);
  }

  integers(values: readonly number[]): string {
    return this.#shared("int64", [values.length], values);
  }

  floats(values: readonly number[]): string {
    return this.#shared("float32", [values.length], values);
  }

  scalar(value: number): string {
    return this.#shared("float32", [], [value]);
  }

  constant(dtype: DType, value: number): string {
    return this.#shared(dtype, [], [value]);
  }

  node(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Record<string, number | string | readonly number[] | { float: number }> = {},
    domain = "",
  ): void {
    this.nodes.push({
      name: outputs[0] ?? "",
      type,
      domain,
      inputs,
      outputs,
      attributes: new Map(Object.entries(attributes).map(([key, value]) => [key, attributeOf(value)])),
    });
  }

  tensor(name: string, dtype: DType, axes: readonly Axis[], numbers: ArrayOf): void {
    const data = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    this.initialisers.set(name, { dtype, axes, data });
  }

  weight(value: Value, weight: Weight | undefined, path: string): void {
    const count = value.axes.reduce((product, { size }) => product * size!, 1);
    if (weight === undefined)
      throw new GraphError(`no weight for the frozen parameter ${path}`, "give every frozen parameter its numbers");
    const dtype = "data" in weight ? value.dtype : (weight.dtype ?? value.dtype);
    const held = ("data" in weight ? weight.data.byteLength : weight.length) / bytesOf(dtype);
    if (held !== count)
      throw new GraphError(
        `${path} has ${held} numbers for axes ${describeAxes(value.axes)}`,
        "give the parameter its own shape",
      );
    if ("data" in weight) {
      this.tensor(this.current, value.dtype, value.axes, weight.data);
      return;
    }
    const { location, offset, length } = weight;
    const fault = locationFault(location);
    if (fault !== undefined)
      throw new GraphError(
        `the weights of ${path} are to be in "${location}", which ${fault}`,
        "put that file beside the .onnx and name it from there",
      );
    const stored = dtype === value.dtype ? this.current : this.fresh("stored");
    this.initialisers.set(stored, { dtype, axes: value.axes, data: { location, offset, length } });
    if (stored !== this.current) this.node("Cast", [stored], [this.current], { to: STORED_TYPE[value.dtype] });
  }

  #shared(dtype: DType, sizes: readonly number[], values: readonly number[]): string {
    if (dtype === "float16")
      throw new GraphError(
        `${this.current} computes in float16, which only stores numbers`,
        "cast it to float32 first",
      );
    const whole = !dtype.startsWith("float");
    const odd = whole ? values.find((value) => !Number.isSafeInteger(value)) : undefined;
    if (odd !== undefined)
      throw new GraphError(
        `${this.current} computes in ${dtype}, in which there is no ${odd}`,
        "cast it to float32 first",
      );
    const key = `${dtype}[${sizes}]:${values}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.#taken.free(`number:${this.#constants.size}`);
    const data =
      dtype === "int64" ? BigInt64Array.from(values, BigInt) : ARRAYS[dtype].from(values as number[] & bigint[]);
    this.tensor(
      name,
      dtype,
      sizes.map((size) => ({ name: "", size })),
      data,
    );
    this.#constants.set(key, name);
    return name;
  }
}

function attributeOf(value: number | string | readonly number[] | { float: number }): Attribute {
  if (typeof value === "number") return { kind: "int", value: BigInt(value) };
  if (typeof value === "string") return { kind: "string", value };
  if ("float" in value) return { kind: "float", value: value.float };
  return { kind: "ints", value: value.map(BigInt) };
}
