/** Starts the answering thread of Node. */
import type { Flamingo, FlamingoConfig } from "../model/flamingo.js";
import type { Parameter } from "../nn/parameters.js";
import type { Thread } from "../runtime/thread.js";
import { startThread } from "../runtime/thread.node.js";
import type { Engine, EngineOptions } from "./engine.js";
import { engineInit } from "./graphs.js";

/** A thread that holds a model for still images. */
export function startEngine(
  params: Flamingo<Parameter>,
  config: FlamingoConfig,
  options: EngineOptions = {},
): Promise<Thread<Engine>> {
  return startThread<Engine>(new URL("./engine.worker.js", import.meta.url), engineInit(params, config, options));
}
