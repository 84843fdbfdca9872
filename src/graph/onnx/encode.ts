/** The structure of an ONNX file as its bytes. */
import { create, toBinary } from "@bufbuild/protobuf";
import { GraphError } from "../errors.js";
import type { Type } from "../value.js";
import { type Attribute, type Initialiser, type OnnxModel, type OnnxNode, STORED_TYPE } from "./model.js";
import {
  type AttributeProto,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type TypeProto,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "./onnx.generated.js";

/** Numbers inside one file, in bytes: protocol buffers end at 2^31, names and nodes need their part of it. */
const MOST_INLINE = 2_000_000_000;

/** What stands beside an input that no node reads. */
export const UNREAD = "unread: only its sizes mattered when the graph was made";

/** `AttributeProto.AttributeType` of each kind. */
export const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, ints: 7 } as const satisfies Record<
  Attribute["kind"],
  number
>;

/**
 * The bytes of a file. The same model always gives the same bytes.
 * @throws {GraphError} if the numbers inside the file have more than 2 GB: they belong in a file of their own.
 */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  const inline = [...model.initialisers.values()].reduce(
    (sum, { data }) => sum + (data instanceof Uint8Array ? data.byteLength : 0),
    0,
  );
  if (inline > MOST_INLINE)
    throw new GraphError(
      `${inline} bytes of weights inside one ONNX file, which ends at ${MOST_INLINE}`,
      "write the weights to a file beside it",
    );
  const proto = create(ModelProtoSchema, {
    irVersion: BigInt(model.irVersion),
    producerName: model.producer,
    opsetImport: [...model.opsets].map(([domain, version]) => ({ domain, version: BigInt(version) })),
    graph: create(GraphProtoSchema, {
      name: "flamingo",
      node: model.nodes.map(nodeProto),
      initializer: [...model.initialisers].map(([name, initialiser]) => tensorProto(name, initialiser)),
      input: [...model.inputs].map(([name, input]) => valueProto(name, input, input.unread ? UNREAD : "")),
      output: [...model.outputs].map(([name, output]) => valueProto(name, output)),
      valueInfo: [...model.initialisers].flatMap(([name, { dtype, axes }]) =>
        axes.some((axis) => axis.name !== "") ? [valueProto(name, { dtype, axes })] : [],
      ),
    }),
  });
  return toBinary(ModelProtoSchema, proto);
}

function nodeProto({ name, type, domain, inputs, outputs, attributes }: OnnxNode): NodeProto {
  return create(NodeProtoSchema, {
    opType: type,
    domain,
    name,
    input: [...inputs],
    output: [...outputs],
    attribute: [...attributes].map(([key, attribute]) => attributeProto(key, attribute)),
  });
}

function attributeProto(name: string, { kind, value }: Attribute): AttributeProto {
  const type = ATTRIBUTE_TYPE[kind];
  switch (kind) {
    case "int":
      return create(AttributeProtoSchema, { name, type, i: value });
    case "float":
      return create(AttributeProtoSchema, { name, type, f: value });
    case "string":
      return create(AttributeProtoSchema, { name, type, s: new TextEncoder().encode(value) });
    case "ints":
      return create(AttributeProtoSchema, { name, type, ints: [...value] });
  }
}

function tensorProto(name: string, { dtype, axes, data }: Initialiser): TensorProto {
  const head = { name, dataType: STORED_TYPE[dtype], dims: axes.map(({ size }) => BigInt(size!)) };
  if (data instanceof Uint8Array) return create(TensorProtoSchema, { ...head, rawData: data });
  const entries = { location: data.location, offset: `${data.offset}`, length: `${data.length}` };
  return create(TensorProtoSchema, {
    ...head,
    dataLocation: 1,
    externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
  });
}

function valueProto(name: string, type: Type | Omit<Initialiser, "data">, docString = ""): ValueInfoProto {
  return create(ValueInfoProtoSchema, { name, type: typeProto(type), docString });
}

function typeProto({ dtype, axes }: Type | Omit<Initialiser, "data">): TypeProto {
  return create(TypeProtoSchema, {
    value: {
      case: "tensorType",
      value: {
        elemType: STORED_TYPE[dtype],
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
