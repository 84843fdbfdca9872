/** Tensors straight from the disk, and only those that are wanted. */
import { type FileHandle, open } from "node:fs/promises";
import { ModelFolderError, SafetensorsError } from "./errors.js";
import { headerLength, numbersOf, parseHeader, type SafetensorsHeader, type Tensor } from "./safetensors.js";

/** What a file holds and where, without reading its numbers. */
export function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  return withFile(path, readHeader);
}

/**
 * Reads the tensors whose names are wanted, each by its own range of bytes.
 * @param wanted  all unless told.
 * @throws {ModelFolderError} if there is no such file.
 * @throws {SafetensorsError} with the path, if it is cut off or contradicts itself.
 */
export function readSafetensorsFile(
  path: string,
  wanted: (name: string) => boolean = () => true,
): Promise<{ tensors: Map<string, Tensor>; metadata: Readonly<Record<string, string>> }> {
  return withFile(path, async (file) => {
    const { entries, metadata } = await readHeader(file);
    const tensors = new Map<string, Tensor>();
    for (const [name, { dtype, shape, begin, end }] of entries)
      if (wanted(name)) tensors.set(name, { shape, data: numbersOf(dtype, await readRange(file, begin, end)) });
    return { tensors, metadata };
  });
}

async function readHeader(file: FileHandle): Promise<SafetensorsHeader> {
  const { size } = await file.stat();
  const length = headerLength(await readRange(file, 0, Math.min(8, size)), size);
  return parseHeader(await readRange(file, 8, 8 + length), size);
}

/** A single read call of the system stops short of 2 GiB. */
const LONGEST_READ = 2 ** 30;

/**
 * Bytes `begin` to `end` of a file.
 * @throws {SafetensorsError} if the file ends before.
 */
export async function readRange(file: FileHandle, begin: number, end: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - begin);
  let done = 0;
  while (done < bytes.length) {
    const length = Math.min(LONGEST_READ, bytes.length - done);
    const { bytesRead } = await file.read(bytes, done, length, begin + done);
    if (bytesRead === 0) throw new SafetensorsError(`The file ends at byte ${begin + done} while it is read.`);
    done += bytesRead;
  }
  return bytes;
}

async function withFile<Result>(path: string, use: (file: FileHandle) => Promise<Result>): Promise<Result> {
  const file = await open(path).catch((cause: Error) => {
    throw new ModelFolderError(`The weights ${path} cannot be opened: ${cause.message}.`, "check the path", { cause });
  });
  try {
    return await use(file);
  } catch (error) {
    throw error instanceof SafetensorsError ? error.in(path) : error;
  } finally {
    await file.close();
  }
}
