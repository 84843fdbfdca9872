/** The files that a saved model is made of, wherever they lie. */
import { ModelFolderError } from "./errors.js";
import type { Tensor } from "./safetensors.js";

/** The files of a model folder. */
export const MODEL_FILES = {
  config: "config.json",
  tokenizer: "tokenizer.json",
  /** How pictures are prepared, for other programs: what `config.json` says of it counts here. */
  preprocessor: "preprocessor_config.json",
  weights: "model.safetensors",
  /** Where the weights are in several files, which of them has which. */
  index: "model.safetensors.index.json",
  /** What became of every tensor, of a model that was imported. */
  report: "import.json",
} as const;

/** What is read. */
export interface SavedModel {
  readonly config: unknown;
  readonly tokenizer: unknown;
  readonly tensors: Map<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** @param path  what errors call the file */
export function parsedJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ModelFolderError(`${path} is not JSON: ${(cause as Error).message}.`, "save or fetch the model again", {
      cause,
    });
  }
}
