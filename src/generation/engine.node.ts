/** Starts the answering thread of Node. */
import type { LoadedFlamingo } from "../checkpoints/flamingo-file.js";
import { type Held, quantiseParameters } from "../nn/quantised.js";
import type { Thread } from "../runtime/thread.js";
import { startThread } from "../runtime/thread.node.js";
import type { Engine, EngineInit, EngineOptions } from "./engine.js";
import { engineInit } from "./graphs.js";

/** A model that the thread itself reads, so that the one that starts it is not held up. */
export interface EngineOfFolder extends EngineOptions {
  readonly folder: string;
  /** How its weights are held; as the folder has them unless told. */
  readonly dtype?: Held | undefined;
}

/** How a model is opened, and how its weights are held. */
export interface HeldEngineOptions extends EngineOptions {
  /**
   * `f32`, `f16`, or matrices in blocks of `int8` or `int4`; as the folder has them unless told. All are computed with in
   * float32, but for what is in blocks, which the engine multiplies with as it is.
   */
  readonly dtype?: Held | undefined;
}

/** A thread that holds a model for still images, of a folder or in memory already. */
export function startEngine(
  model: string | Pick<LoadedFlamingo, "params" | "config">,
  { signal, dtype, ...options }: HeldEngineOptions & { readonly signal?: AbortSignal | undefined } = {},
): Promise<Thread<Engine>> {
  const init: EngineInit | EngineOfFolder =
    typeof model === "string"
      ? { folder: model, ...(dtype === undefined ? {} : { dtype }), ...options }
      : engineInit(dtype === undefined ? model.params : quantiseParameters(model.params, dtype), model.config, options);
  return startThread<Engine>(new URL("./engine.worker.js", import.meta.url), init, {
    name: "answering thread",
    signal,
  });
}
