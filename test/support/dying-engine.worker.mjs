/** The answering thread, but one of its methods ends it. */
import { readFlamingo } from "../../dist/checkpoints/flamingo-folder.node.js";
import { openEngine } from "../../dist/generation/engine.js";
import { engineInit } from "../../dist/generation/graphs.js";
import { nodeRuntime } from "../../dist/runtime/onnx.node.js";
import { serve } from "../../dist/runtime/thread.node.js";

serve(async ({ folder, diesAt }) => {
  const { params, config } = await readFlamingo(folder);
  const engine = await openEngine(nodeRuntime, engineInit(params, config, { threads: 1 }));
  return { ...engine, [diesAt]: () => process.exit(9) };
});
