/**
 * A walk over the bytes of a message before the protobuf library makes objects of them: whatever passes is of fields we
 * know, has what its kind of message needs, and becomes objects of at most some hundred times the file's size. Nothing is
 * allocated for a length that is only claimed.
 */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { OnnxError } from "../errors.js";

const VARINT = 0;
const LENGTH = 2;
const FIXED32 = 5;

/** Fields without which a message means nothing; they also keep a file of empty messages from growing in memory. */
const NEEDED: Readonly<Record<string, readonly number[]>> = {
  ModelProto: [1, 7, 8],
  OperatorSetIdProto: [2],
  NodeProto: [2, 4],
  AttributeProto: [1, 20],
  TensorProto: [2, 8],
  StringStringEntryProto: [1],
  ValueInfoProto: [1, 2],
  Tensor: [1, 2],
};

/** A tensor with more axes than this is none: no operator takes it. */
const MOST_AXES = 64;

/** How to mend a file that is cut off or contradicts itself. */
export const BROKEN = "fetch or write the file again; nothing of it was used";
/** How to go on with a file that other programs wrote. */
export const FOREIGN = "this reader takes what flamingo-ts writes; give other files to an ONNX runtime as they are";

/**
 * Walks all of a message.
 * @throws {OnnxError} with the byte at which the file is cut off, broken, or of a kind not read here.
 */
export function scanWire(bytes: Uint8Array, schema: DescMessage): void {
  new Scan(bytes).message(schema, bytes.length);
}

class Scan {
  readonly #bytes: Uint8Array;
  readonly #fields = new Map<DescMessage, ReadonlyMap<number, DescField>>();
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Messages of the schema hold none of their own kind, so this is never deeper than the schema. */
  message(schema: DescMessage, end: number): void {
    const fields = this.#fieldsOf(schema);
    let [seen, count] = [0, 0];
    while (this.#at < end) {
      const from = this.#at;
      if (schema.name === "TensorShapeProto" && ++count > MOST_AXES)
        throw new OnnxError(`the shape before byte ${from} has more than ${MOST_AXES} axes`, BROKEN);
      const tag = this.#varint(end, 5);
      const [number, wire] = [Math.floor(tag / 8), tag % 8];
      const field = fields.get(number);
      if (field === undefined)
        throw new OnnxError(`${schema.name} has a field ${number} at byte ${from}, which is not read here`, FOREIGN);
      if (field.fieldKind !== "list" && seen & (1 << number))
        throw new OnnxError(`${schema.name} has two ${field.name} at byte ${from}, where one is expected`, BROKEN);
      seen |= 1 << number;
      this.#field(schema, field, wire, end, from);
    }
    const missing = NEEDED[schema.name]?.find((number) => !(seen & (1 << number)));
    if (missing !== undefined)
      throw new OnnxError(`${schema.name} ends at byte ${end} without its ${fields.get(missing)!.name}`, BROKEN);
    for (const oneof of schema.oneofs)
      if (oneof.fields.filter(({ number }) => seen & (1 << number)).length !== 1)
        throw new OnnxError(`${schema.name} ends at byte ${end} without exactly one ${oneof.name}`, BROKEN);
  }

  #field(schema: DescMessage, field: DescField, wire: number, end: number, from: number): void {
    const scalar = field.fieldKind === "scalar" || field.fieldKind === "list" ? field.scalar : undefined;
    const long = scalar === undefined || scalar === ScalarType.STRING || scalar === ScalarType.BYTES;
    const single = scalar === ScalarType.FLOAT ? FIXED32 : VARINT;
    if (wire !== LENGTH && (long || wire !== single))
      throw new OnnxError(`${schema.name}.${field.name} at byte ${from} has the wire type ${wire}`, BROKEN);
    if (wire !== LENGTH) {
      this.#number(single, end);
      return;
    }
    if (!long && field.fieldKind !== "list")
      throw new OnnxError(
        `${schema.name}.${field.name} at byte ${from} is a list, where one number is expected`,
        BROKEN,
      );
    const length = this.#varint(end, 5);
    if (length > end - this.#at)
      throw new OnnxError(
        `${schema.name}.${field.name} at byte ${from} is to have ${length} bytes, but ${end - this.#at} are left`,
        BROKEN,
      );
    const stop = this.#at + length;
    const message = field.fieldKind === "message" || field.fieldKind === "list" ? field.message : undefined;
    if (message !== undefined) this.message(message, stop);
    else if (long) this.#at = stop;
    else while (this.#at < stop) this.#number(single, stop);
  }

  #number(wire: typeof VARINT | typeof FIXED32, end: number): void {
    if (wire === VARINT) {
      this.#varint(end, 10);
      return;
    }
    if (end - this.#at < 4) throw new OnnxError(`the file is cut off inside a number at byte ${this.#at}`, BROKEN);
    this.#at += 4;
  }

  /** A number of seven bits a byte; exact up to 2^35, which tags and lengths never pass. */
  #varint(end: number, longest: number): number {
    const from = this.#at;
    let value = 0;
    for (let i = 0; i < longest; i++) {
      if (this.#at >= end) throw new OnnxError(`the file is cut off inside a number at byte ${from}`, BROKEN);
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 127) * 2 ** (7 * i);
      if (byte < 128) return value;
    }
    throw new OnnxError(`the number at byte ${from} has more than ${longest} bytes`, BROKEN);
  }

  #fieldsOf(schema: DescMessage): ReadonlyMap<number, DescField> {
    const known = this.#fields.get(schema);
    if (known !== undefined) return known;
    const fields = new Map(schema.fields.map((field) => [field.number, field]));
    this.#fields.set(schema, fields);
    return fields;
  }
}
