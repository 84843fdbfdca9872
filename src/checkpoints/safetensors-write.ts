/** Files of named tensors, written: where everything stands is known before any number is. */

import { toBfloat16, toFloat16 } from "../half.js";
import { UnsavableError } from "./errors.js";
import { areCounts, DTYPE_BYTES, type Dtype, product, type Tensor, type TensorEntry } from "./safetensors.js";

/** Formats to which float32 numbers are rounded when they are written. */
export type SavedDtype = "F32" | "F16" | "BF16";

/** How tensors are written. */
export interface SafetensorsOptions {
  /** Of float32 numbers; `F32` unless told. Bytes are written as `U8`. */
  readonly dtype?: SavedDtype;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A tensor that is to be written. */
export interface DeclaredTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/** A file before any of its numbers is known. */
export interface SafetensorsPlan {
  /** Its first bytes: the header's length and the header. */
  readonly header: Uint8Array<ArrayBuffer>;
  /** In the order of their bytes. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /** Bytes of the whole file. */
  readonly size: number;
}

/** The numbers of a file begin at a multiple of this, and so do those of every tensor that takes a multiple of it. */
const ALIGNMENT = 64;

/**
 * Where in a file tensors will stand. The same tensors always give the same plan, whatever their order: those that take a
 * multiple of 64 bytes come first, so that all of them begin at one and can be mapped into memory as they are; then those
 * of larger numbers before those of smaller ones, so that none stands between two places; each kind by name.
 * @throws {UnsavableError} for a tensor that is called `__metadata__`, or has no shape
 */
export function planSafetensors(
  declared: ReadonlyMap<string, DeclaredTensor>,
  metadata?: Readonly<Record<string, string>>,
): SafetensorsPlan {
  const named = [...declared].map(([name, { dtype, shape }]) => {
    if (name === "__metadata__" || !areCounts(shape))
      throw new UnsavableError(
        `Tensor ${name} of shape [${shape.join(", ")}] cannot be saved.`,
        "give it a shape of whole numbers, and a name other than __metadata__",
      );
    return { name, dtype, shape, bytes: product(shape) * DTYPE_BYTES[dtype] };
  });
  const rank = ({ dtype, bytes }: { dtype: Dtype; bytes: number }) =>
    bytes % ALIGNMENT === 0 ? 16 : DTYPE_BYTES[dtype];
  named.sort((a, b) => rank(b) - rank(a) || (a.name < b.name ? -1 : 1));
  const described: Record<string, unknown> = Object.create(null);
  if (metadata) described.__metadata__ = metadata;
  let offset = 0;
  for (const { name, dtype, shape, bytes } of named) {
    described[name] = { dtype, shape, data_offsets: [offset, offset + bytes] };
    offset += bytes;
  }
  const json = new TextEncoder().encode(JSON.stringify(described));
  const header = new Uint8Array(Math.ceil((8 + json.length) / ALIGNMENT) * ALIGNMENT).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(json, 8);
  const entries = new Map<string, TensorEntry>();
  let begin = header.length;
  for (const { name, dtype, shape, bytes } of named) {
    entries.set(name, { dtype, shape, begin, end: begin + bytes });
    begin += bytes;
  }
  return { header, entries, size: begin };
}

/**
 * The bytes of a file, piece by piece: header, then the tensors. The same tensors always give the same bytes.
 * @throws {UnsavableError} for a tensor whose numbers are not as many as its shape says, not finite, or too large for
 *   float16: a model saved so could not be loaded again.
 */
export function* safetensorsPieces(
  tensors: ReadonlyMap<string, Tensor>,
  { dtype = "F32", metadata }: SafetensorsOptions = {},
): Generator<Uint8Array<ArrayBuffer>> {
  const declared = new Map(
    [...tensors].map(([name, { shape, data }]) => [
      name,
      { dtype: data instanceof Uint8Array ? "U8" : dtype, shape } as const,
    ]),
  );
  const { header, entries } = planSafetensors(declared, metadata);
  yield header;
  for (const name of entries.keys()) {
    const { shape, data } = tensors.get(name)!;
    if (product(shape) !== data.length)
      throw new UnsavableError(
        `Tensor ${name} of shape [${shape.join(", ")}] with ${data.length} numbers cannot be saved.`,
        "give it the numbers of its shape",
      );
    yield data instanceof Uint8Array ? new Uint8Array(data) : savedBytes(name, data, dtype);
  }
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

/**
 * Float32 numbers as they stand in a file. Those that stay float32 are a view.
 * @param first  which element of the tensor the first of them is, for the message
 * @throws {UnsavableError} if one is not finite, or too large for float16
 */
export function savedBytes(name: string, data: Float32Array, dtype: SavedDtype, first = 0): Uint8Array<ArrayBuffer> {
  const bad = firstBeyond(data, BOUNDS[dtype]);
  if (bad >= 0)
    throw new UnsavableError(
      `Tensor ${name} holds ${data[bad]} at element ${first + bad}, which ${dtype} cannot hold.`,
      Number.isFinite(data[bad]) ? "save the model as F32" : "go back to an earlier checkpoint: the run has diverged",
    );
  const numbers = dtype === "F16" ? toFloat16(data) : dtype === "BF16" ? toBfloat16(data) : data;
  return new Uint8Array(numbers.buffer as ArrayBuffer, numbers.byteOffset, numbers.byteLength);
}

/** A plain loop, several times as fast as `findIndex`: every number of a model comes by. */
function firstBeyond(data: Float32Array, bound: number): number {
  for (let i = 0; i < data.length; i++) if (!(Math.abs(data[i]!) < bound)) return i;
  return -1;
}

/** From these on a number would become infinite. */
const BOUNDS: Readonly<Record<SavedDtype, number>> = {
  F32: Number.POSITIVE_INFINITY,
  F16: 65_520,
  BF16: (2 - 2 ** -8) * 2 ** 127,
};
