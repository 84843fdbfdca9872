/** The answering thread in a browser. */
import { fetchFlamingo } from "../checkpoints/flamingo-address.js";
import { browserRuntime } from "../runtime/onnx.browser.js";
import { serve } from "../runtime/thread.browser.js";
import { type Engine, type EngineOptions, openEngine } from "./engine.js";
import { engineInit } from "./graphs.js";

/** A model that the thread itself fetches, so that the page is not held up. */
export interface EngineAtAddress extends EngineOptions {
  readonly address: string;
}

serve<Engine>(async ({ address, ...options }: EngineAtAddress) => {
  const { params, config } = await fetchFlamingo(new URL(address));
  return openEngine(browserRuntime, engineInit(params, config, options));
});
