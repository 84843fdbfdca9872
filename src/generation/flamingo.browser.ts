/** The door of the library in a browser: models from addresses, pictures from addresses, files that a person chose, bytes. */
import { untilAborted } from "../abort.js";
import { describeFlamingoAt } from "../checkpoints/flamingo-address.js";
import { documentOf } from "../prompt/load.browser.js";
import { startThread } from "../runtime/thread.browser.js";
import type { Engine, EngineOptions } from "./engine.js";
import type { EngineAtAddress } from "./engine.worker.browser.js";
import { FlamingoModel, tokenizerOf } from "./flamingo-model.js";

/** How a model is opened. */
export interface OpenOptions extends EngineOptions {
  /** When it fires before the model is open, opening fails at once with its reason, and nothing stays behind. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Loads a model. A Web Worker of its own fetches the weights and answers.
 * @param folder  the address of a model folder, from the page's own
 * @throws {ModelFolderError} if one of its small files cannot be had, its configuration has faults (all told at once), or its
 *   tokenizer has ids for which the language model has no row
 * @throws {ThreadError} of what the worker met: of code `CHECKPOINT_WEIGHTS` with every tensor that is missing, too many,
 *   misshapen or not finite; of code `RUNTIME` if WebGPU is asked for and there is none
 * @throws the signal's reason
 */
export async function openFlamingo(folder: string | URL, options: OpenOptions = {}): Promise<FlamingoModel> {
  const { signal, ...engine } = options;
  signal?.throwIfAborted();
  const address = new URL(folder, location.href);
  const described = await untilAborted(describeFlamingoAt(address), signal);
  const tokenizer = tokenizerOf(described, address.href);
  const worker = new Worker(new URL("./engine.worker.browser.js", import.meta.url), { type: "module" });
  const init: EngineAtAddress = { address: address.href, ...engine };
  const thread = await startThread<Engine>(worker, init, { name: "answering thread", signal });
  return new FlamingoModel({ config: described.config, tokenizer, thread, documentOf });
}
