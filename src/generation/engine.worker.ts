/** The answering thread in Node. */
import { storedFlamingo, storedFlamingoAs } from "../checkpoints/stored-flamingo.node.js";
import { nodeRuntime } from "../runtime/onnx.node.js";
import { serve } from "../runtime/thread.node.js";
import { type Engine, type EngineInit, openEngine } from "./engine.js";
import type { EngineOfFolder } from "./engine.node.js";
import { engineInit } from "./graphs.js";

serve<Engine>(async (init: EngineInit | EngineOfFolder) => {
  if (!("folder" in init)) return openEngine(nodeRuntime, init);
  const { folder, dtype, ...options } = init;
  if (dtype === undefined || dtype === "f32") {
    const stored = await storedFlamingo(folder);
    return openEngine(nodeRuntime, engineInit(stored.params, stored.config, options, stored));
  }
  // The engine has read or mapped the files when it is open, and needs their names no more.
  await using stored = await storedFlamingoAs(folder, dtype);
  return await openEngine(nodeRuntime, engineInit(stored.params, stored.config, options, stored));
});
