/** The door of the library in a browser: models from addresses, pictures from addresses, files that a person chose, bytes. */
import { fetchFlamingo } from "../checkpoints/flamingo-address.js";
import { documentOf } from "../prompt/load.browser.js";
import { startThread } from "../runtime/thread.browser.js";
import type { Engine, EngineOptions } from "./engine.js";
import { FlamingoModel, tokenizerOf } from "./flamingo-model.js";
import { engineInit } from "./graphs.js";

/**
 * Loads a model into a Web Worker.
 * @param folder  the address of a model folder, from the page's own
 * @throws {ModelFolderError} if one of its files cannot be had, its configuration has faults (all told at once), or its tokenizer
 *   has ids for which the language model has no row
 * @throws {SafetensorsError} if the weights are cut off or contradict themselves
 * @throws {WeightsMismatchError} with every tensor that is missing, too many, misshapen or not finite
 * @throws {ThreadError} of code `RUNTIME` if WebGPU is asked for and there is none
 */
export async function openFlamingo(folder: string | URL, options: EngineOptions = {}): Promise<FlamingoModel> {
  const address = new URL(folder, location.href);
  const loaded = await fetchFlamingo(address);
  const { config, params } = loaded;
  const tokenizer = tokenizerOf(loaded, address.href);
  const worker = new Worker(new URL("./engine.worker.browser.js", import.meta.url), { type: "module" });
  const thread = await startThread<Engine>(worker, engineInit(params, config, options));
  return new FlamingoModel({ config, tokenizer, thread, documentOf });
}
