/** A Flamingo from an address: the files of its folder, on a server. */
import { ModelFolderError, SafetensorsError } from "./errors.js";
import { type DescribedFlamingo, describedFlamingo, flamingoOf, type LoadedFlamingo } from "./flamingo-file.js";
import { MODEL_FILES, parsedJson } from "./model-files.js";
import { readSafetensors } from "./safetensors.js";

/** What a Flamingo says of itself at an address, without its weights. @throws as `fetchFlamingo`, but for faults of the weights */
export async function describeFlamingoAt(folder: URL): Promise<DescribedFlamingo> {
  const base = asFolder(folder);
  const fetched = [fetchJson(new URL(MODEL_FILES.config, base)), fetchJson(new URL(MODEL_FILES.tokenizer, base))];
  // Both at once; if neither can be had, the first is told.
  await Promise.allSettled(fetched);
  return describedFlamingo({ config: await fetched[0], tokenizer: await fetched[1] }, base.href);
}

/**
 * Fetches a Flamingo.
 * @param folder  the address of a folder with `config.json`, `tokenizer.json` and `model.safetensors`
 * @throws {ModelFolderError} if one of them cannot be had, or the configuration has faults (all told at once)
 * @throws {SafetensorsError} if the weights are cut off or contradict themselves
 * @throws {WeightsMismatchError} with every tensor that is missing, too many, misshapen or not finite
 */
export async function fetchFlamingo(folder: URL): Promise<LoadedFlamingo> {
  const base = asFolder(folder);
  const described = await describeFlamingoAt(base);
  const weights = await (await fetchFile(new URL(MODEL_FILES.weights, base))).arrayBuffer();
  return flamingoOf({ ...described, tensors: tensorsOf(new Uint8Array(weights), base) }, base.href);
}

/** With a slash at its end, so that names are taken from inside. */
function asFolder(address: URL): URL {
  const folder = new URL(address);
  if (!folder.pathname.endsWith("/")) folder.pathname += "/";
  return folder;
}

function tensorsOf(weights: Uint8Array, base: URL) {
  try {
    return readSafetensors(weights).tensors;
  } catch (error) {
    throw error instanceof SafetensorsError ? error.in(new URL(MODEL_FILES.weights, base).href) : error;
  }
}

async function fetchJson(address: URL): Promise<unknown> {
  return parsedJson(await (await fetchFile(address)).text(), address.href);
}

async function fetchFile(address: URL): Promise<Response> {
  const response = await fetch(address).catch((cause: Error) => {
    throw new ModelFolderError(
      `The model's ${address} cannot be fetched: ${cause.message}.`,
      "check the address, and that its server allows other origins (CORS) if this page has one",
      { cause },
    );
  });
  if (!response.ok)
    throw new ModelFolderError(
      `The model's ${address} answered with status ${response.status}.`,
      "give the address of a whole model folder",
    );
  return response;
}
