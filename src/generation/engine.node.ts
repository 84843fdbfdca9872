/** The answering thread seen from here: prompts that were read, and what may follow them. */
import type { Flamingo, FlamingoConfig } from "../model/flamingo.js";
import { bind } from "../nn/layers.js";
import { flatten, type Parameter } from "../nn/parameters.js";
import { portable } from "../runtime/contract.js";
import { startThread, type Thread } from "../runtime/thread.node.js";
import type { Engine, EngineInit, Read } from "./engine.worker.js";
import { lookGraph, readGraph } from "./graphs.js";
import type { Batching, LanguageState } from "./language-state.js";

/** Starts a thread that holds a model for still images. */
export function startEngine(
  params: Flamingo<Parameter>,
  config: FlamingoConfig,
  threads?: number,
): Promise<Thread<Engine>> {
  const weights = flatten(params);
  const bound = bind(params, "");
  const init: EngineInit = {
    look: portable(lookGraph(bound, config, 1), weights),
    read: portable(readGraph(bound, config), weights),
    width: config.language.width,
    blocks: config.language.layers,
    gatedBlocks: params.gated.length,
    latents: config.resampler.latents,
    recent: config.language.taps - 1,
    ...(threads === undefined ? {} : { threads }),
  };
  return startThread<Engine>(new URL("./engine.worker.js", import.meta.url), init);
}

/** A text read so far, kept in the thread. */
export class ThreadState implements LanguageState {
  readonly logits: Float32Array;
  readonly id: number;
  readonly #engine: Thread<Engine>["remote"];

  constructor(engine: Thread<Engine>["remote"], { state, logits }: Read) {
    this.#engine = engine;
    this.id = state;
    this.logits = logits;
  }

  async extend(token: number): Promise<ThreadState> {
    const [read] = await this.#engine.extend([{ state: this.id, token }]);
    return new ThreadState(this.#engine, read!);
  }

  release(): void {
    void this.#engine.releaseStates([this.id]).catch(() => undefined);
  }
}

/** Several continuations at once, in one call to the thread. */
export function threadBatching(engine: Thread<Engine>["remote"]): Batching<ThreadState> {
  return {
    async extendMany(steps) {
      const reads = await engine.extend(steps.map(({ state, token }) => ({ state: state.id, token })));
      return reads.map((read) => new ThreadState(engine, read));
    },
    async readMany(state, continuations) {
      const vocabulary = state.logits.length;
      return Promise.all(
        continuations.map(async (tokens) => {
          if (tokens.length < 2) return [];
          const rows = await engine.peek(state.id, tokens.slice(0, -1));
          return Array.from({ length: tokens.length - 1 }, (_, i) =>
            rows.subarray(i * vocabulary, (i + 1) * vocabulary),
          );
        }),
      );
    },
  };
}
