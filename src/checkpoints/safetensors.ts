/**
 * Files of named tensors: 8 bytes of header length, a JSON header, the numbers.
 * @source https://github.com/huggingface/safetensors, README, "Format"
 */
import { fromBfloat16, fromFloat16 } from "../half.js";
import type { Bytes } from "./bytes.js";
import { SafetensorsError } from "./errors.js";

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
  const names = namesIn(json);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch (cause) {
    throw new SafetensorsError("The header is not JSON.", { cause });
  }
  if (!isRecord(header)) throw new SafetensorsError("The header is not a JSON object.");
  if (names.length !== Object.keys(header).length) throw describedTwice(json, names);
  const { __metadata__: metadata = {}, ...described } = header;
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === "string"))
    throw new SafetensorsError("The metadata is not an object of strings.");
  const dataStart = 8 + json.length;
  const entries = Object.entries(described)
    .map(([name, description]) => [name, readEntry(name, description, dataStart)] as const)
    .sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let reached = dataStart;
  let before = "the header";
  for (const [name, { begin, end }] of entries) {
    if (begin < reached)
      throw new SafetensorsError(
        `The bytes of ${name}, from ${begin} on, overlap those of ${before}, which end at ${reached}.`,
      );
    if (begin > reached) throw new SafetensorsError(`There are ${begin - reached} bytes of no tensor before ${name}.`);
    if (end > fileLength) throw new SafetensorsError(`${name} ends at byte ${end}, but the file has ${fileLength}.`);
    reached = end;
    before = name;
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
  const length = bytes.byteLength / DTYPE_BYTES[dtype];
  if (dtype !== "F32") return widened(dtype, bytes, new Float32Array(length));
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Float32Array(aligned.buffer as ArrayBuffer, aligned.byteOffset, length);
}

/**
 * Puts the numbers of bytes into as many float32 of an array, from its beginning.
 * @returns the array
 */
export function widened(dtype: Dtype, bytes: Uint8Array, numbers: Float32Array): Float32Array {
  const size = DTYPE_BYTES[dtype];
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const values = new ARRAYS[dtype](aligned.buffer as ArrayBuffer, aligned.byteOffset, bytes.byteLength / size);
  if (dtype === "F16") fromFloat16(values as Uint16Array, numbers);
  else if (dtype === "BF16") fromBfloat16(values as Uint16Array, numbers);
  else if (dtype === "I64" || dtype === "U64") for (let i = 0; i < values.length; i++) numbers[i] = Number(values[i]);
  else numbers.set(values as Int32Array);
  return numbers;
}

/** The numbers of a tensor as it is loaded. Where nothing has to be converted they may be a view. */
export function numbersOf(dtype: Dtype, bytes: Uint8Array): Tensor["data"] {
  return dtype === "U8" ? bytes : toFloat32(dtype, bytes);
}

const ARRAYS = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
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

/** Deepest brackets of a header: the object, a tensor of it, its shape. */
const HEADER_DEPTH = 3;

/**
 * Where in a header's bytes the names of its tensors are, those that come twice with them, which a JSON reader would not tell.
 * Brackets that go deeper than any header are refused before a JSON reader makes something of them.
 */
function namesIn(json: Uint8Array): { readonly begin: number; readonly end: number }[] {
  const names: { begin: number; end: number }[] = [];
  let depth = 0;
  let text = { begin: 0, end: 0 };
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === QUOTE) {
      const begin = at;
      for (at++; at < json.length && json[at] !== QUOTE; at++) if (json[at] === BACKSLASH) at++;
      text = { begin, end: at + 1 };
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
    else if (byte === COLON && depth === 1) names.push(text);
    if (depth > HEADER_DEPTH) throw new SafetensorsError(`The header has brackets ${depth} deep at byte ${8 + at}.`);
  }
  return names;
}

const [QUOTE, BACKSLASH, COLON] = [0x22, 0x5c, 0x3a];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];

function describedTwice(json: Uint8Array, names: readonly { begin: number; end: number }[]): SafetensorsError {
  const seen = new Set<string>();
  for (const { begin, end } of names) {
    const name = JSON.parse(new TextDecoder().decode(json.subarray(begin, end)));
    if (seen.has(name)) return new SafetensorsError(`${name} is described twice in the header.`);
    seen.add(name);
  }
  return new SafetensorsError("The header is not a JSON object of names.");
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

/** How many numbers a shape holds. */
export function product(shape: readonly number[]): number {
  return shape.reduce((size, axis) => size * axis, 1);
}

/** Whether something is a shape. */
export function areCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
