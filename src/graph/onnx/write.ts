/** A graph as the bytes of an ONNX file. */
import { create, toBinary } from "@bufbuild/protobuf";
import { type Axis, describeAxes } from "../axes.js";
import { ARRAYS, type ArrayOf, type DType, ONNX_TYPE } from "../dtype.js";
import { GraphError } from "../errors.js";
import type { Graph } from "../graph.js";
import { describe, type Emitter, type Type, type Value } from "../value.js";
import {
  type AttributeProto,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from "./onnx.generated.js";

/** Where the bytes of a frozen parameter are, in its element type: in memory, or in another file at an offset (a safetensors file will do). */
export type Weight =
  | { readonly data: Float32Array | Uint16Array }
  | { readonly location: string; readonly offset: number; readonly length: number };

const OPSET = 21n;
const IR_VERSION = 10n;

/**
 * Writes a graph as ONNX (opset 21, plus the `com.microsoft` domain of ONNX Runtime for fused products).
 *
 * @param graph  axis names without a size reach the file as `dim_param`; labels of values become their names
 * @param weights  bytes of every frozen parameter by its path
 * @throws {GraphError} if a frozen parameter has no weight or one of the wrong size
 */
export function writeOnnx(graph: Graph, weights: ReadonlyMap<string, Weight>): Uint8Array {
  const names = nameValues(graph);
  const writer = new Writer(names);
  for (const [path, value] of graph.frozen) writer.weight(names.get(value)!, value, weights.get(path), path);
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
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: "flamingo-ts",
    opsetImport: [
      { domain: "", version: OPSET },
      { domain: "com.microsoft", version: 1n },
    ],
    graph: create(GraphProtoSchema, {
      name: "flamingo",
      node: writer.nodes,
      initializer: writer.initializers,
      input: [...graph.inputs].map(([name, value]) => create(ValueInfoProtoSchema, { name, type: typeProto(value) })),
      output: [...graph.outputs].map(([name, value]) => create(ValueInfoProtoSchema, { name, type: typeProto(value) })),
    }),
  });
  return toBinary(ModelProtoSchema, model);
}

/** One name a value: inputs and parameters keep theirs, others take their label, made unique. */
function nameValues(graph: Graph): Map<Value, string> {
  const names = new Map<Value, string>();
  const used = new Set<string>(["", ...graph.outputs.keys()]);
  const give = (value: Value, wish: string) => {
    let name = wish;
    for (let i = 1; used.has(name); i++) name = `${wish}#${i}`;
    used.add(name);
    names.set(value, name);
  };
  for (const [name, value] of [...graph.inputs, ...graph.frozen]) {
    if (used.has(name)) throw new GraphError(`${name} is an output and an input`, "give the output another name");
    give(value, name);
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
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  /** Name of the value being made: the prefix of its intermediates. */
  current = "";
  readonly #names: ReadonlyMap<Value, string>;
  readonly #constants = new Map<string, string>();
  #count = 0;

  constructor(names: ReadonlyMap<Value, string>) {
    this.#names = names;
  }

  nameOf = (value: Value): string => {
    const name = this.#names.get(value);
    if (name === undefined)
      throw new GraphError(`${describe(value)} is not part of this graph`, "reach it from an output");
    return name;
  };

  fresh(hint: string): string {
    return `${this.current}/${hint}:${this.#count++}`;
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
    this.nodes.push(
      create(NodeProtoSchema, {
        opType: type,
        domain,
        name: outputs[0] ?? "",
        input: [...inputs],
        output: [...outputs],
        attribute: Object.entries(attributes).map(([name, value]) => attributeProto(name, value)),
      }),
    );
  }

  tensor(name: string, dtype: DType, axes: readonly Axis[], data: ArrayOf): void {
    this.initializers.push(
      create(TensorProtoSchema, {
        name,
        dataType: ONNX_TYPE[dtype],
        dims: axes.map(({ size }) => BigInt(size!)),
        rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      }),
    );
  }

  weight(name: string, value: Value, weight: Weight | undefined, path: string): void {
    const count = value.axes.reduce((product, { size }) => product * size!, 1);
    if (weight === undefined)
      throw new GraphError(`no weight for the frozen parameter ${path}`, "give every frozen parameter its numbers");
    const { BYTES_PER_ELEMENT: bytes } = ARRAYS[value.dtype];
    const held = ("data" in weight ? weight.data.byteLength : weight.length) / bytes;
    if (held !== count)
      throw new GraphError(
        `${path} has ${held} numbers for axes ${describeAxes(value.axes)}`,
        "give the parameter its own shape",
      );
    if ("data" in weight) {
      this.tensor(name, value.dtype, value.axes, weight.data);
      return;
    }
    const entries = { location: weight.location, offset: `${weight.offset}`, length: `${weight.length}` };
    this.initializers.push(
      create(TensorProtoSchema, {
        name,
        dataType: ONNX_TYPE[value.dtype],
        dims: value.axes.map(({ size }) => BigInt(size!)),
        dataLocation: 1,
        externalData: Object.entries(entries).map(([key, text]) => ({ key, value: text })),
      }),
    );
  }

  #shared(dtype: DType, sizes: readonly number[], values: readonly number[]): string {
    if (dtype === "float16")
      throw new GraphError(
        `${this.current} computes in float16, which only stores numbers`,
        "cast it to float32 first",
      );
    const key = `${dtype}[${sizes}]:${values}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = `number:${this.#constants.size}`;
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

function attributeProto(name: string, value: number | string | readonly number[] | { float: number }): AttributeProto {
  if (typeof value === "number") return create(AttributeProtoSchema, { name, type: 2, i: BigInt(value) });
  if (typeof value === "string")
    return create(AttributeProtoSchema, { name, type: 3, s: new TextEncoder().encode(value) });
  if ("float" in value) return create(AttributeProtoSchema, { name, type: 1, f: value.float });
  return create(AttributeProtoSchema, { name, type: 7, ints: value.map(BigInt) });
}

function typeProto({ dtype, axes }: Type) {
  return create(TypeProtoSchema, {
    value: {
      case: "tensorType",
      value: {
        elemType: ONNX_TYPE[dtype],
        shape: {
          dim: axes.map(({ name, size }) => ({
            value:
              size === undefined
                ? { case: "dimParam" as const, value: name }
                : { case: "dimValue" as const, value: BigInt(size) },
            denotation: name,
          })),
        },
      },
    },
  });
}
