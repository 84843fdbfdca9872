/** The answering thread in Node. */
import { storedFlamingo } from "../checkpoints/stored-flamingo.node.js";
import { nodeRuntime } from "../runtime/onnx.node.js";
import { serve } from "../runtime/thread.node.js";
import { type Engine, type EngineInit, openEngine } from "./engine.js";
import type { EngineOfFolder } from "./engine.node.js";
import { engineInit } from "./graphs.js";

serve<Engine>(async (init: EngineInit | EngineOfFolder) => openEngine(nodeRuntime, await whole(init)));

async function whole(init: EngineInit | EngineOfFolder): Promise<EngineInit> {
  if (!("folder" in init)) return init;
  const { folder, ...options } = init;
  const stored = await storedFlamingo(folder);
  return engineInit(stored.params, stored.config, options, stored);
}
