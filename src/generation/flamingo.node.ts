/** The door of the library in Node: models from folders, pictures from files, addresses and bytes. */
import { fileURLToPath } from "node:url";
import type { LoadedFlamingo } from "../checkpoints/flamingo-file.js";
import { readFlamingo } from "../checkpoints/flamingo-folder.node.js";
import { documentOf } from "../prompt/load.node.js";
import type { EngineOptions } from "./engine.js";
import { startEngine } from "./engine.node.js";
import { FlamingoModel, tokenizerOf } from "./flamingo-model.js";

/** Folder of the embedded model. */
export const EMBEDDED = fileURLToPath(new URL("../../models/nano", import.meta.url));

/**
 * Loads a model: the embedded one unless a folder is given.
 * @throws {ModelFolderError} if the folder is not there, is of another kind, its configuration has faults (all told at once), or
 *   its tokenizer has ids for which the language model has no row
 * @throws {WeightsMismatchError} with every tensor that is missing, too many, misshapen or not finite
 */
export async function openFlamingo(folder: string = EMBEDDED, options: EngineOptions = {}): Promise<FlamingoModel> {
  return startFlamingo(await readFlamingo(folder), folder, options);
}

/** A model that is in memory already. @param place  what errors call it */
export async function startFlamingo(
  loaded: LoadedFlamingo,
  place: string,
  options: EngineOptions = {},
): Promise<FlamingoModel> {
  const { config, params } = loaded;
  const tokenizer = tokenizerOf(loaded, place);
  return new FlamingoModel({ config, tokenizer, thread: await startEngine(params, config, options), documentOf });
}
