/**
 * Files of named tensors: 8 bytes of header length, a JSON header, the numbers.
 * @source https://github.com/huggingface/safetensors, README, "Format"
 */
import { fromBfloat16, fromFloat16, toFloat16 } from "../half.js";
import type { Bytes } from "./bytes.js";
import { SafetensorsError, UnsavableError } from "./errors.js";

/** Bytes of one number in each format. */
export const DTYPE_BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
} as const;

/** How the numbers of a tensor stand in the file. */
export type Dtype = keyof typeof DTYPE_BYTES;

/** A tensor as it is saved and loaded, row-major: float32, or bytes where the file has bytes (`U8`). */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint8Array;
}

/** Where a tensor stands in its file. */
export interface TensorEntry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Its bytes, counted from the beginning of the file. */
  readonly begin: number;
  readonly end: number;
}

/** What a file says it holds. */
export interface SafetensorsHeader {
  /** In the order of their bytes. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A header may not be longer, in bytes; the reference reader has the same bound. */
const LONGEST_HEADER = 100_000_000;

/**
 * Length of the JSON header, in bytes, from a file's first 8.
 * @throws {SafetensorsError} if the file is shorter than the header it announces, or announces an absurd one.
 */
export function headerLength(first: Uint8Array, fileLength: number): number {
  if (first.length < 8) throw new SafetensorsError(`The file has ${fileLength} bytes, too few for a header.`);
  const length = Number(new DataView(first.buffer, first.byteOffset).getBigUint64(0, true));
  if (length > LONGEST_HEADER || 8 + length > fileLength)
    throw new SafetensorsError(`The header is to have ${length} bytes, but the file has ${fileLength}.`);
  return length;
}

/**
 * Reads the JSON header and checks it: every tensor inside the file, as long as its shape says, next to the one before.
 * @param json  the header's bytes, without the 8 before it.
 * @throws {SafetensorsError} for a header that is not so, or a file that is cut off.
 */
export function parseHeader(json: Uint8Array, fileLength: number): SafetensorsHeader {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch (cause) {
    throw new SafetensorsError("The header is not JSON.", { cause });
  }
  if (!isRecord(header)) throw new SafetensorsError("The header is not a JSON object.");
  const { __metadata__: metadata = {}, ...described } = header;
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === "string"))
    throw new SafetensorsError("The metadata is not an object of strings.");
  const dataStart = 8 + json.length;
  const entries = Object.entries(described)
    .map(([name, description]) => [name, readEntry(name, description, dataStart)] as const)
    .sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let reached = dataStart;
  for (const [name, { begin, end }] of entries) {
    if (begin < reached) throw new SafetensorsError(`The bytes of ${name} overlap those of the tensor before it.`);
    if (begin > reached) throw new SafetensorsError(`There are ${begin - reached} bytes of no tensor before ${name}.`);
    if (end > fileLength) throw new SafetensorsError(`${name} ends at byte ${end}, but the file has ${fileLength}.`);
    reached = end;
  }
  if (reached !== fileLength)
    throw new SafetensorsError(`The tensors end at byte ${reached}, but the file has ${fileLength}.`);
  return { entries: new Map(entries), metadata: metadata as Record<string, string> };
}

/**
 * Reads the header of a file, and of its numbers nothing.
 * @throws {SafetensorsError} with the file's place, for one that is cut off or contradicts itself.
 */
export async function readHeader(file: Bytes): Promise<SafetensorsHeader> {
  const first = await file.read(0, Math.min(8, file.size));
  try {
    const length = headerLength(first, file.size);
    return parseHeader(await file.read(8, 8 + length), file.size);
  } catch (error) {
    throw error instanceof SafetensorsError ? error.in(file.place) : error;
  }
}

/**
 * Float32 numbers from the bytes of a tensor. Where they are float32 already and stand at a multiple of 4 they are a view.
 * Integers beyond 2^24 lose their last digits.
 */
export function toFloat32(dtype: Dtype, bytes: Uint8Array): Float32Array {
  const size = DTYPE_BYTES[dtype];
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const { byteOffset } = aligned;
  const buffer = aligned.buffer as ArrayBuffer;
  const length = bytes.byteLength / size;
  switch (dtype) {
    case "F32":
      return new Float32Array(buffer, byteOffset, length);
    case "F16":
      return fromFloat16(new Uint16Array(buffer, byteOffset, length));
    case "BF16":
      return fromBfloat16(new Uint16Array(buffer, byteOffset, length));
    case "I64":
      return Float32Array.from(new BigInt64Array(buffer, byteOffset, length), Number);
    case "U64":
      return Float32Array.from(new BigUint64Array(buffer, byteOffset, length), Number);
    default:
      return new Float32Array(new ARRAYS[dtype](buffer, byteOffset, length));
  }
}

/** The numbers of a tensor as it is loaded. Where nothing has to be converted they may be a view. */
export function numbersOf(dtype: Dtype, bytes: Uint8Array): Tensor["data"] {
  return dtype === "U8" ? bytes : toFloat32(dtype, bytes);
}

const ARRAYS = {
  F64: Float64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

/**
 * Reads a whole file that is in memory. The tensors may be views of it.
 * @throws {SafetensorsError} for a file that is cut off or contradicts itself.
 */
export function readSafetensors(file: Uint8Array): {
  tensors: Map<string, Tensor>;
  metadata: Readonly<Record<string, string>>;
} {
  const length = headerLength(file.subarray(0, 8), file.length);
  const { entries, metadata } = parseHeader(file.subarray(8, 8 + length), file.length);
  const tensors = new Map<string, Tensor>();
  for (const [name, { dtype, shape, begin, end }] of entries)
    tensors.set(name, { shape, data: numbersOf(dtype, file.subarray(begin, end)) });
  return { tensors, metadata };
}

/** How tensors are written. */
export interface SafetensorsOptions {
  /** Of float32 numbers; `F32` unless told. Bytes are written as `U8`. */
  readonly dtype?: "F32" | "F16";
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * The bytes of a file, piece by piece: header, then the tensors by name. The same tensors always give the same bytes.
 * The numbers begin at a multiple of 8.
 * @throws {UnsavableError} for a tensor whose numbers are not as many as its shape says, not finite, or too large for
 *   float16: a model saved so could not be loaded again.
 */
export function* safetensorsPieces(
  tensors: ReadonlyMap<string, Tensor>,
  { dtype = "F32", metadata }: SafetensorsOptions = {},
): Generator<Uint8Array<ArrayBuffer>> {
  const named = [...tensors].sort(([a], [b]) => (a < b ? -1 : 1));
  const header: Record<string, unknown> = Object.create(null);
  if (metadata) header.__metadata__ = metadata;
  let offset = 0;
  const formatOf = ({ data }: Tensor) => (data instanceof Uint8Array ? "U8" : dtype);
  for (const [name, tensor] of named) {
    const { shape, data } = tensor;
    if (name === "__metadata__" || product(shape) !== data.length)
      throw new UnsavableError(
        `Tensor ${name} of shape [${shape.join(", ")}] with ${data.length} numbers cannot be saved.`,
        "give it the numbers of its shape, and a name other than __metadata__",
      );
    const format = formatOf(tensor);
    const end = offset + data.length * DTYPE_BYTES[format];
    header[name] = { dtype: format, shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.length - 8), true);
  padded.set(json, 8);
  yield padded;
  for (const [name, { data }] of named) yield savable(name, data, dtype);
}

/**
 * A whole file in memory. The same tensors always give the same bytes.
 * @throws {UnsavableError} for a tensor whose numbers are not as many as its shape says, not finite, or too large for
 *   float16
 */
export function writeSafetensors(tensors: ReadonlyMap<string, Tensor>, options?: SafetensorsOptions): Uint8Array {
  const pieces = [...safetensorsPieces(tensors, options)];
  const file = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    file.set(piece, offset);
    offset += piece.length;
  }
  return file;
}

function savable(name: string, data: Tensor["data"], dtype: "F32" | "F16"): Uint8Array<ArrayBuffer> {
  if (data instanceof Uint8Array) return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.length);
  const bound = dtype === "F16" ? 65_520 : Number.POSITIVE_INFINITY;
  const bad = data.findIndex((value) => !(Math.abs(value) < bound));
  if (bad >= 0)
    throw new UnsavableError(
      `Tensor ${name} holds ${data[bad]} at element ${bad}, which ${dtype} cannot hold.`,
      Number.isFinite(data[bad]) ? "save the model as F32" : "go back to an earlier checkpoint: the run has diverged",
    );
  const numbers = dtype === "F16" ? toFloat16(data) : data;
  return new Uint8Array(numbers.buffer as ArrayBuffer, numbers.byteOffset, numbers.byteLength);
}

function readEntry(name: string, description: unknown, dataStart: number): TensorEntry {
  const { dtype, shape, data_offsets: offsets } = isRecord(description) ? description : {};
  if (typeof dtype !== "string" || !Object.hasOwn(DTYPE_BYTES, dtype))
    throw new SafetensorsError(`${name} has the number format ${JSON.stringify(dtype)}, which is not read here.`);
  if (!areCounts(shape)) throw new SafetensorsError(`${name} has no shape.`);
  if (!areCounts(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!)
    throw new SafetensorsError(`${name} has the byte range ${JSON.stringify(offsets)}, which is none.`);
  const [begin, end] = offsets as [number, number];
  const needed = product(shape) * DTYPE_BYTES[dtype as Dtype];
  if (end - begin !== needed)
    throw new SafetensorsError(`${name} has ${end - begin} bytes, but ${dtype} [${shape.join(", ")}] takes ${needed}.`);
  return { dtype: dtype as Dtype, shape, begin: dataStart + begin, end: dataStart + end };
}

function product(shape: readonly number[]): number {
  return shape.reduce((size, axis) => size * axis, 1);
}

function areCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
