/** Starts the answering thread of Node. */
import type { LoadedFlamingo } from "../checkpoints/flamingo-file.js";
import type { Thread } from "../runtime/thread.js";
import { startThread } from "../runtime/thread.node.js";
import type { Engine, EngineInit, EngineOptions } from "./engine.js";
import { engineInit } from "./graphs.js";

/** A model that the thread itself reads, so that the one that starts it is not held up. */
export interface EngineOfFolder extends EngineOptions {
  readonly folder: string;
}

/** A thread that holds a model for still images, of a folder or in memory already. */
export function startEngine(
  model: string | Pick<LoadedFlamingo, "params" | "config">,
  { signal, ...options }: EngineOptions & { readonly signal?: AbortSignal | undefined } = {},
): Promise<Thread<Engine>> {
  const init: EngineInit | EngineOfFolder =
    typeof model === "string" ? { folder: model, ...options } : engineInit(model.params, model.config, options);
  return startThread<Engine>(new URL("./engine.worker.js", import.meta.url), init, {
    name: "answering thread",
    signal,
  });
}
