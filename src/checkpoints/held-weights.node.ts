/** Weights written as they are to be held: as they were, in 16 bits, or in blocks of 8 or 4. */
import { type Quantisation, quantisedShapes } from "../graph/index.js";
import { fromBfloat16, fromFloat16, toFloat16 } from "../half.js";
import { sizeOf } from "../nn/parameters.js";
import { quantise } from "../nn/quantise.js";
import { type Held, quantisationOf } from "../nn/quantised.js";
import { UnsavableError } from "./errors.js";
import type { Raw } from "./raw.js";
import { DTYPE_BYTES, type Dtype } from "./safetensors.js";
import type { DeclaredTensor } from "./safetensors-write.js";
import { writeWeights } from "./weights-writer.node.js";

/** How weights may be written otherwise than they were. */
export type Keeping = Exclude<Held, "f32">;

/** One of our tensors before it is read. */
export interface Incoming {
  /** Our path of it. */
  readonly path: string;
  readonly shape: readonly number[];
  /** `F32`, `F16` or `BF16`. */
  readonly dtype: Dtype;
  /** Its bits, row-major. */
  read(): Promise<Raw>;
}

/** How they are written. */
export interface HoldOptions {
  /** As they were unless told. */
  readonly keep?: Keeping | undefined;
  /** Told how many bytes are written. */
  readonly onWritten?: ((done: number, of: number) => void) | undefined;
  /** Gives up before the next tensor. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes weights into a folder that is being made, one tensor after the other.
 * @returns  the names of the files, and the bytes of all numbers
 * @throws {OutputError} if the disk is full or fails
 * @throws {UnsavableError} for a number that is too large for the format
 */
export async function writeHeld(
  folder: string,
  incoming: readonly Incoming[],
  { keep, onWritten = () => {}, signal }: HoldOptions = {},
): Promise<{ readonly files: readonly string[]; readonly bytes: number }> {
  const declared = new Map(incoming.flatMap((tensor) => [...declarations(tensor, keep)]));
  const bytes = [...declared.values()].reduce((sum, { dtype, shape }) => sum + DTYPE_BYTES[dtype] * sizeOf(shape), 0);
  let done = 0;
  const files = await writeWeights(folder, declared, async (writer) => {
    const write = async (path: string, numbers: Float32Array | Uint8Array) => {
      await writer.write(path, numbers);
      done += numbers.byteLength;
      onWritten(done, bytes);
    };
    for (const tensor of incoming) {
      signal?.throwIfAborted();
      const { path, shape, dtype } = tensor;
      const bits = await tensor.read();
      const scheme = schemeOf(tensor, keep);
      if (scheme !== undefined) {
        const matrix = shape as [number, number];
        const { packed, scales } = quantise(widened(bits, dtype), matrix, scheme, path);
        await write(`${path}.packed`, packed);
        await write(`${path}.scales`, scales);
      } else await write(path, bytesOf(keep === "f16" ? halved(bits, tensor) : bits));
    }
  });
  return { files, bytes };
}

function schemeOf({ path, shape }: Incoming, keep: Keeping | undefined): Quantisation | undefined {
  return keep === undefined || keep === "f16" ? undefined : quantisationOf(path, shape, keep);
}

function* declarations(tensor: Incoming, keep: Keeping | undefined): Generator<[string, DeclaredTensor]> {
  const { path, shape, dtype } = tensor;
  const scheme = schemeOf(tensor, keep);
  if (scheme !== undefined) {
    const { packed, scales } = quantisedShapes(shape as [number, number], scheme);
    yield [`${path}.packed`, { dtype: "U8", shape: packed }];
    yield [`${path}.scales`, { dtype: "F32", shape: scales }];
  } else yield [path, { dtype: keep === "f16" ? "F16" : dtype, shape }];
}

/** Numbers by their bits as float32. */
function widened(bits: Raw, dtype: Dtype): Float32Array {
  if (dtype === "F16") return fromFloat16(bits as Uint16Array);
  if (dtype === "BF16") return fromBfloat16(bits as Uint16Array);
  return new Float32Array(bits.buffer, bits.byteOffset, bits.length);
}

/** Numbers by their bits as float16, rounded; those that are it already as they are. */
function halved(bits: Raw, { path, dtype }: Incoming): Raw {
  if (dtype === "F16") return bits;
  const rounded = toFloat16(widened(bits, dtype)) as Uint16Array<ArrayBuffer>;
  const at = rounded.findIndex((half) => (half & 0x7c00) === 0x7c00);
  if (at >= 0)
    throw new UnsavableError(
      `Tensor ${path} holds ${widened(bits, dtype)[at]} at element ${at}, which float16 cannot hold.`,
      "keep the weights as they are, or take int8",
    );
  return rounded;
}

function bytesOf(bits: Raw): Uint8Array {
  return new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength);
}
