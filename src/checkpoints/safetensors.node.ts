/** Tensors straight from the disk, and only those that are wanted. */
import { fileBytes } from "./bytes.node.js";
import { numbersOf, readHeader, type SafetensorsHeader, type Tensor } from "./safetensors.js";

/**
 * What a file holds and where, without reading its numbers.
 * @throws {ModelFolderError} if there is no such file.
 * @throws {SafetensorsError} with the path, if it is cut off or contradicts itself.
 */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  return readHeader(await fileBytes(path));
}

/**
 * Reads the tensors whose names are wanted, each by its own range of bytes.
 * @param wanted  all unless told.
 * @throws {ModelFolderError} if there is no such file.
 * @throws {SafetensorsError} with the path, if it is cut off or contradicts itself.
 */
export async function readSafetensorsFile(
  path: string,
  wanted: (name: string) => boolean = () => true,
): Promise<{ tensors: Map<string, Tensor>; metadata: Readonly<Record<string, string>> }> {
  const file = await fileBytes(path);
  const { entries, metadata } = await readHeader(file);
  const tensors = new Map<string, Tensor>();
  for (const [name, { dtype, shape, begin, end }] of entries)
    if (wanted(name)) tensors.set(name, { shape, data: numbersOf(dtype, await file.read(begin, end)) });
  return { tensors, metadata };
}
