/** The door of the library in Node: models from folders, pictures from files, addresses and bytes. */
import { fileURLToPath } from "node:url";
import { untilAborted } from "../abort.js";
import type { LoadedFlamingo } from "../checkpoints/flamingo-file.js";
import { describeFlamingo } from "../checkpoints/flamingo-folder.node.js";
import { documentOf } from "../prompt/load.node.js";
import { type HeldEngineOptions, startEngine } from "./engine.node.js";
import { FlamingoModel, tokenizerOf } from "./flamingo-model.js";

/** Folder of the embedded model. */
export const EMBEDDED = fileURLToPath(new URL("../../models/nano", import.meta.url));

/** How a model is opened. */
export interface OpenOptions extends HeldEngineOptions {
  /** When it fires before the model is open, opening fails at once with its reason, and nothing stays behind. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Loads a model: the embedded one unless a folder is given. Its thread reads the weights; the calling one reads what is
 * small.
 * @throws {ModelFolderError} if the folder is not there, is of another kind, or its configuration has faults (all told at
 *   once), or its tokenizer has ids for which the language model has no row
 * @throws {ThreadError} of code `CHECKPOINT_WEIGHTS` with every tensor that is missing, too many, misshapen or not finite
 * @throws the signal's reason
 */
export async function openFlamingo(folder: string = EMBEDDED, options: OpenOptions = {}): Promise<FlamingoModel> {
  const { signal } = options;
  signal?.throwIfAborted();
  const described = await untilAborted(describeFlamingo(folder), signal);
  const tokenizer = tokenizerOf(described, folder);
  const thread = await startEngine(folder, options);
  return new FlamingoModel({ config: described.config, tokenizer, thread, documentOf });
}

/** A model that is in memory already. @param place  what errors call it */
export async function startFlamingo(
  loaded: LoadedFlamingo,
  place: string,
  options: OpenOptions = {},
): Promise<FlamingoModel> {
  const tokenizer = tokenizerOf(loaded, place);
  return new FlamingoModel({
    config: loaded.config,
    tokenizer,
    thread: await startEngine(loaded, options),
    documentOf,
  });
}
