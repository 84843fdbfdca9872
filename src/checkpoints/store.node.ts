/** Weights on the disk, whatever wrote them: safetensors or PyTorch, one file or several, by their path. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileBytes } from "./bytes.node.js";
import { ModelFolderError } from "./errors.js";
import { locateWeights } from "./locate.js";
import type { Located } from "./located.js";
import { parseIndex } from "./shards.js";
import { type TensorStore, tensorStore, twice } from "./store.js";

/** What is looked for in a folder, the first that is there. */
export const WEIGHT_FILES = [
  "model.safetensors",
  "model.safetensors.index.json",
  "pytorch_model.bin",
  "pytorch_model.bin.index.json",
  "checkpoint.pt",
] as const;

/**
 * The tensors of a file or folder, found without reading their numbers: a `.safetensors` file, one of `torch.save` in its
 * newer or older form, an index of several such, or a folder with one of `WEIGHT_FILES`.
 *
 * @param files  what is looked for in a folder
 * @throws {ModelFolderError} if there is none, or the index and its files contradict each other
 * @throws {SafetensorsError} for safetensors that are cut off or contradict themselves
 * @throws {TorchFileError} for a file of PyTorch that is or does
 * @throws {PickleError} for a pickle that asks for anything but data; nothing of it is executed
 */
export async function openTensorStore(path: string, files: readonly string[] = WEIGHT_FILES): Promise<TensorStore> {
  const found = await stat(path).catch((cause: Error) => {
    throw new ModelFolderError(`The weights ${path} cannot be opened: ${cause.message}.`, "check the path", { cause });
  });
  const file = found.isDirectory() ? await weightsIn(path, files) : path;
  if (file.endsWith(".index.json")) return openIndexed(path, file);
  const { located, metadata } = await locateWeights(await fileBytes(file));
  return tensorStore(path, located, metadata);
}

async function weightsIn(folder: string, files: readonly string[]): Promise<string> {
  const there = await readdir(folder);
  const name = files.find((name) => there.includes(name));
  if (name !== undefined) return join(folder, name);
  const weights = there.filter((name) => /\.(safetensors|bin|pt|pth)$/.test(name));
  throw new ModelFolderError(
    `${folder} has none of ${files.join(", ")}.`,
    weights.length > 0 ? `name the file itself: ${weights.slice(0, 5).join(", ")}` : "name a folder with weights",
  );
}

async function openIndexed(place: string, path: string): Promise<TensorStore> {
  const { fileOf } = parseIndex(await readFile(path, "utf8"), path);
  const folder = join(path, "..");
  const shards = new Map<string, ReadonlyMap<string, Located>>();
  const standsIn = new Map<string, string>();
  const tensors = new Map<string, Located>();
  let notes: Readonly<Record<string, string>> = {};
  for (const name of [...new Set(fileOf.values())].sort()) {
    const shard = await fileBytes(join(folder, name)).catch((cause: ModelFolderError) => {
      throw new ModelFolderError(
        `${path} says that weights are in ${name}, which cannot be opened: ${cause.problem}`,
        "fetch the file that is missing, or the whole folder again",
        { cause },
      );
    });
    const { located, metadata } = await locateWeights(shard);
    notes = { ...notes, ...metadata };
    shards.set(name, located);
    for (const [tensor, where] of located) {
      if (standsIn.has(tensor)) throw twice(place, tensor, `in ${standsIn.get(tensor)} and in ${name}`);
      standsIn.set(tensor, name);
      tensors.set(tensor, where);
    }
  }
  for (const [tensor, name] of fileOf)
    if (!shards.get(name)!.has(tensor)) {
      const elsewhere = standsIn.get(tensor);
      throw new ModelFolderError(
        `${path} says that ${tensor} is in ${name}, but it is ${elsewhere === undefined ? "in none of its files" : `in ${elsewhere}`}.`,
        "fetch the index and its files again, all of one revision",
      );
    }
  return tensorStore(place, tensors, notes);
}
