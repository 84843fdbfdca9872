/** The tensors of one file, whatever wrote it. */
import type { Bytes } from "./bytes.js";
import { ModelFolderError } from "./errors.js";
import type { Located } from "./located.js";
import { readHeader } from "./safetensors.js";
import { isTorch, locateTorch } from "./torch/torch-file.js";

/**
 * Finds the tensors of a file of safetensors or PyTorch, which its first bytes tell apart, without reading their numbers.
 * @throws {ModelFolderError} for what is fetched in place of weights by mistake
 * @throws {SafetensorsError} {TorchFileError} {PickleError} for weights that are damaged, or a pickle with code in it
 */
export async function locateWeights(
  file: Bytes,
): Promise<{ located: ReadonlyMap<string, Located>; metadata: Readonly<Record<string, string>> }> {
  const first = await file.read(0, Math.min(64, file.size));
  const text = new TextDecoder("latin1").decode(first);
  if (text.startsWith("version https://git-lfs"))
    throw new ModelFolderError(
      `${file.place} has ${file.size} bytes that say where the weights are: a pointer of Git LFS.`,
      "run git lfs pull in that repository, or fetch the file itself",
    );
  if (/^\s*<(!doctype|html)/i.test(text))
    throw new ModelFolderError(
      `${file.place} is a web page, not weights.`,
      "fetch the file itself, not the page about it",
    );
  if (isTorch(first)) return { located: await locateTorch(file), metadata: {} };
  const { entries, metadata } = await readHeader(file);
  const located = new Map([...entries].map(([name, { dtype, shape, begin }]) => [name, { dtype, shape, file, begin }]));
  return { located, metadata };
}
