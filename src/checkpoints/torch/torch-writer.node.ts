/** State dicts written as `torch.save` writes them, one tensor in memory at a time. */
import { type FileHandle, open, rm } from "node:fs/promises";
import { basename } from "node:path";
import { crc32 } from "node:zlib";
import { saying } from "../../atomic.node.js";
import { UnsavableError } from "../errors.js";
import { DTYPE_BYTES, product } from "../safetensors.js";
import type { DeclaredTensor } from "../safetensors-write.js";
import { stateDictPickle } from "./pickle-write.js";
import { directory, localHeader, planZip } from "./zip-plan.js";

/** Formats that are written. */
const FORMATS: readonly string[] = ["F32", "F16", "BF16"];

/** Bytes that are summed and written at once. */
const PIECE = 2 ** 24;

/**
 * Writes a `.pt` file, which `torch.load(path, weights_only=True)` reads as an `OrderedDict` of tensors in this order.
 * @param path  of a file that is not there
 * @param tensors  float32, float16 or bfloat16 ones
 * @param bytesOf  the numbers of a tensor, row-major, little-endian; asked for once each, in order
 * @throws {OutputError} if the disk is full or fails; nothing is left of the file
 * @throws {UnsavableError} for a tensor of another format, or of more or fewer numbers than its shape has
 */
export async function writeTorchFile(
  path: string,
  tensors: ReadonlyMap<string, DeclaredTensor>,
  bytesOf: (name: string) => Promise<Uint8Array>,
): Promise<void> {
  for (const [name, { dtype }] of tensors)
    if (!FORMATS.includes(dtype))
      throw new UnsavableError(`Tensor ${name} holds ${dtype}.`, `give it as one of ${FORMATS.join(", ")}`);
  const root = basename(path).replace(/\.[^.]*$/, "") || "archive";
  const utf8 = (content: string) => new TextEncoder().encode(content);
  const small: readonly (readonly [name: string, content: Uint8Array])[] = [
    ["data.pkl", stateDictPickle(tensors)],
    ["byteorder", utf8("little")],
    ["version", utf8("3\n")],
    [".data/serialization_id", utf8("0".repeat(40))],
  ];
  const entries = planZip([
    ...small.map(([name, { length }]) => ({ name: `${root}/${name}`, size: length })),
    ...[...tensors.values()].map(({ dtype, shape }, n) => ({
      name: `${root}/data/${n}`,
      size: product(shape) * DTYPE_BYTES[dtype],
    })),
  ]);
  const names = [...tensors.keys()];
  await written(path, async (file) => {
    const sums: number[] = [];
    for (const [i, { begin, size }] of entries.entries()) {
      const name = names[i - small.length];
      const content = name === undefined ? small[i]![1] : await bytesOf(name);
      if (content.length !== size)
        throw new UnsavableError(
          `Tensor ${name} takes ${size} bytes, but was given ${content.length}.`,
          "give it the numbers of its shape",
        );
      const sum = await saying(path, () => put(file, content, begin));
      sums.push(sum);
      await saying(path, () => put(file, localHeader(entries[i]!, sum), entries[i]!.header));
    }
    const end = entries.at(-1)!;
    await saying(path, () => put(file, directory(entries, sums), end.begin + end.size));
  });
}

/** A file that is whole on the disk, or not there. */
async function written(path: string, fill: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await saying(path, () => open(path, "wx"));
  try {
    await fill(file);
    await saying(path, () => file.sync());
    await file.close();
  } catch (error) {
    await file.close().catch(() => {});
    await rm(path, { force: true }).catch(() => {});
    throw error;
  }
}

/** @returns the CRC-32 of what was written */
async function put(file: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  let sum = 0;
  for (let done = 0; done < bytes.length; ) {
    const piece = bytes.subarray(done, done + PIECE);
    const { bytesWritten } = await file.write(piece, 0, piece.length, position + done);
    sum = crc32(piece.subarray(0, bytesWritten), sum);
    done += bytesWritten;
  }
  return sum;
}
