/** The answering thread in a browser. */
import { browserRuntime } from "../runtime/onnx.browser.js";
import { serve } from "../runtime/thread.browser.js";
import { type Engine, type EngineInit, openEngine } from "./engine.js";

serve<Engine>((init: EngineInit) => openEngine(browserRuntime, init));
