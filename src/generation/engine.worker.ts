/** The answering thread in Node. */
import { nodeRuntime } from "../runtime/onnx.node.js";
import { serve } from "../runtime/thread.node.js";
import { type Engine, type EngineInit, openEngine } from "./engine.js";

serve<Engine>((init: EngineInit) => openEngine(nodeRuntime, init));
