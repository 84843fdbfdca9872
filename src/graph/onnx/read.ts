/** The bytes of an ONNX file back as its structure. */
import { fromBinary } from "@bufbuild/protobuf";
import { type Axis, describeAxes } from "../axes.js";
import { type DType, ONNX_TYPE } from "../dtype.js";
import { OnnxError } from "../errors.js";
import { checkModel } from "./check.js";
import { ATTRIBUTE_TYPE, UNREAD } from "./encode.js";
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
  type StoredType,
} from "./model.js";
import {
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "./onnx.generated.js";
import { BROKEN, FOREIGN, scanWire } from "./wire.js";

const NEWER = "update flamingo-ts, or give the file to an ONNX runtime as it is";

/**
 * Reads what `writeOnnx` wrote: a description that can be looked through, changed and encoded again, byte for byte. It
 * holds no values with gradients, for the file no longer says of which of our ops a node is part; to run it, give the
 * bytes to a runtime. Inline numbers are views of `bytes`, numbers in other files are not touched.
 *
 * @throws {OnnxError} for a file that is cut off, contradicts itself, is of a newer version of the format or of an
 *   operator set, or holds what this library never writes. Nothing larger than the file itself, times a constant, is
 *   allocated before that is known.
 */
export function readOnnx(bytes: Uint8Array): OnnxModel {
  const proto = decode(bytes);
  const graph = proto.graph!;
  const irVersion = Number(proto.irVersion);
  if (irVersion < 1 || irVersion > IR_VERSION)
    throw new OnnxError(`the file is of ONNX's IR version ${irVersion}; up to ${IR_VERSION} is read`, NEWER);
  const names = namesOfAxes(graph);
  const model: OnnxModel = {
    irVersion,
    producer: proto.producerName,
    opsets: opsetsOf(proto),
    inputs: byName("inputs", graph.input, (value) => ({ ...typeOf(value), unread: value.docString === UNREAD })),
    outputs: byName("outputs", graph.output, typeOf),
    initialisers: byName("initialisers", graph.initializer, (tensor) => initialiserOf(tensor, names)),
    nodes: graph.node.map(nodeOf),
  };
  checkModel(model);
  return model;
}

function decode(bytes: Uint8Array): ModelProto {
  scanWire(bytes, ModelProtoSchema);
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new OnnxError(`the file is no ONNX: ${(cause as Error).message}`, BROKEN, { cause });
  }
}

function opsetsOf({ opsetImport }: ModelProto): Map<string, number> {
  return byName(
    "operator sets",
    opsetImport.map(({ domain, version }) => ({ name: domain, version: Number(version) })),
    ({ name, version }) => {
      const newest = OPSETS.get(name);
      if (newest === undefined) throw new OnnxError(`the file uses operators of the domain "${name}"`, FOREIGN);
      if (version < 1 || version > newest)
        throw new OnnxError(
          `the file is of version ${version} of the operators of "${name}"; up to ${newest} is read`,
          NEWER,
        );
      return version;
    },
  );
}

function byName<Proto extends { readonly name: string }, Read>(
  what: string,
  protos: readonly Proto[],
  read: (proto: Proto) => Read,
): Map<string, Read> {
  const found = new Map<string, Read>();
  for (const proto of protos) {
    if (found.has(proto.name)) throw new OnnxError(`two ${what} are called "${proto.name}"`, BROKEN);
    found.set(proto.name, read(proto));
  }
  return found;
}

function typeOf({ name, type }: ValueInfoProto): { dtype: DType; axes: Axis[] } {
  const { elemType, shape } = type!.value.value!;
  const dtype = (Object.keys(ONNX_TYPE) as DType[]).find((key) => ONNX_TYPE[key] === elemType);
  if (dtype === undefined)
    throw new OnnxError(`${name} is of the element type ${elemType}, which is not read here`, FOREIGN);
  return {
    dtype,
    axes: shape!.dim.map(({ value, denotation }) => {
      if (value.case === "dimValue") return { name: denotation, size: sizeOf(name, value.value) };
      const axis = value.case === "dimParam" ? value.value : "";
      if (axis === "") throw new OnnxError(`${name} has an axis of neither size nor name`, FOREIGN);
      return { name: axis, size: undefined };
    }),
  };
}

function sizeOf(name: string, size: bigint): number {
  if (size < 0n || size > BigInt(Number.MAX_SAFE_INTEGER))
    throw new OnnxError(`${name} has an axis of size ${size}`, BROKEN);
  return Number(size);
}

/** The names that the axes of initialisers have: their sizes alone stand with the numbers. */
function namesOfAxes({ valueInfo }: GraphProto): ReadonlyMap<string, readonly string[]> {
  return byName("types", valueInfo, ({ type }) => type!.value.value!.shape!.dim.map(({ denotation }) => denotation));
}

function initialiserOf(tensor: TensorProto, names: ReadonlyMap<string, readonly string[]>): Initialiser {
  const { name, dims, dataType, rawData } = tensor;
  const dtype = (Object.keys(STORED_TYPE) as StoredType[]).find((key) => STORED_TYPE[key] === dataType);
  if (dtype === undefined)
    throw new OnnxError(`${name} is of the element type ${dataType}, which is not read here`, FOREIGN);
  const own = names.get(name);
  if (own !== undefined && own.length !== dims.length)
    throw new OnnxError(`${name} has ${dims.length} axes, but names for ${own.length}`, BROKEN);
  const axes = dims.map((size, i): Axis => ({ name: own?.[i] ?? "", size: sizeOf(name, size) }));
  const data = tensor.dataLocation === 0 ? rawData : externalOf(tensor);
  const needed = axes.reduce((product, { size }) => product * size!, bytesOf(dtype));
  if (!Number.isSafeInteger(needed) || data.length !== needed)
    throw new OnnxError(`${name} has ${data.length} bytes, but ${dtype} ${describeAxes(axes)} takes ${needed}`, BROKEN);
  return { dtype, axes, data };
}

function externalOf({ name, rawData, dataLocation, externalData }: TensorProto): ExternalBytes {
  const entries = new Map(externalData.map(({ key, value }) => [key, value]));
  const count = (key: string) => {
    const text = entries.get(key) ?? "";
    const number = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(number))
      throw new OnnxError(`the ${key} of ${name} in another file is "${text}", which is no number of bytes`, BROKEN);
    return number;
  };
  const location = entries.get("location") ?? "";
  if (dataLocation !== 1 || rawData.length > 0 || entries.size !== 3 || externalData.length !== 3)
    throw new OnnxError(`${name} does not say in one way where its numbers are`, FOREIGN);
  const fault = locationFault(location);
  if (fault !== undefined)
    throw new OnnxError(
      `the numbers of ${name} are to be in "${location}", which ${fault}`,
      "take files from those you trust; the weights belong beside the .onnx",
    );
  return { location, offset: count("offset"), length: count("length") };
}

function nodeOf({ name, opType, domain, input, output, attribute }: NodeProto): OnnxNode {
  const attributes = byName(`attributes of ${name || output[0]}`, attribute, attributeOf);
  return { name, type: opType, domain, inputs: input, outputs: output, attributes };
}

function attributeOf({ name, type, f, i, s, ints }: AttributeProto): Attribute {
  switch (type) {
    case ATTRIBUTE_TYPE.float:
      return { kind: "float", value: f };
    case ATTRIBUTE_TYPE.int:
      return { kind: "int", value: i };
    case ATTRIBUTE_TYPE.ints:
      return { kind: "ints", value: ints };
    case ATTRIBUTE_TYPE.string:
      try {
        return { kind: "string", value: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(s) };
      } catch (cause) {
        throw new OnnxError(`the attribute ${name} is no text`, BROKEN, { cause });
      }
    default:
      throw new OnnxError(`the attribute ${name} is of type ${type}, which is not read here`, FOREIGN);
  }
}
