/** The answering thread seen from outside: prompts that were read, and what may follow them. */
import type { Thread } from "../runtime/thread.js";
import type { Engine, Read } from "./engine.js";
import type { Batching, LanguageState } from "./language-state.js";

/** A text read so far, kept in the thread. */
export class ThreadState implements LanguageState {
  readonly logits: Float32Array;
  readonly id: number;
  readonly #engine: Thread<Engine>["remote"];

  /** @internal */
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
