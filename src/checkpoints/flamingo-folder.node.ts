/** A Flamingo as a folder: `config.json` with every size, `tokenizer.json`, `model.safetensors`. */
import {
  type DescribedFlamingo,
  describedFlamingo,
  flamingoOf,
  type LoadedFlamingo,
  requireFlamingo,
} from "./flamingo-file.js";
import { readModelConfig, readModelFolder, saveModelFolder } from "./model-folder.node.js";

/**
 * Reads a Flamingo.
 * @throws {ModelFolderError} if the folder is not there, is of another kind, or its configuration has faults (all told at once)
 * @throws {WeightsMismatchError} with every tensor that is missing, too many, misshapen or not finite
 */
export async function readFlamingo(folder: string): Promise<LoadedFlamingo> {
  requireFlamingo(await readModelConfig(folder), folder);
  return flamingoOf(await readModelFolder(folder), folder);
}

/** What a Flamingo's folder says of it, without its weights. @throws as `readFlamingo`, but for faults of the weights */
export async function describeFlamingo(folder: string): Promise<DescribedFlamingo> {
  requireFlamingo(await readModelConfig(folder), folder);
  return describedFlamingo(await readModelFolder(folder, () => false), folder);
}

/** Saves a Flamingo, weights in 16 bits. */
export async function saveFlamingo(
  folder: string,
  { config, tokenizer, params }: LoadedFlamingo,
  files: Readonly<Record<string, string>> = {},
): Promise<void> {
  await saveModelFolder(folder, { config, tokenizer, params, dtype: "F16", files });
}
