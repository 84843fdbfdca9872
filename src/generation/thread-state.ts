/** The answering thread seen from outside: prompts that were read, and what may follow them. */
import { ReleasedError } from "../errors.js";
import type { Thread } from "../runtime/thread.js";
import type { Engine, Read, Reading } from "./engine.js";
import type { Batching, LanguageState, Step } from "./language-state.js";

/** All states of one thread: they are made here, and given back here. */
export class ThreadStates implements Batching<ThreadState> {
  readonly #thread: Thread<Engine>;
  /** Gives back states that were dropped without a word, once the garbage collector has found them. */
  readonly #dropped = new FinalizationRegistry<number>((id) => this.giveBack(id));
  #givenBack: number[] = [];

  constructor(thread: Thread<Engine>) {
    this.#thread = thread;
  }

  /** The state after a prompt, or after more of it. */
  async read(reading: Reading, signal?: AbortSignal): Promise<ThreadState> {
    const tooLate = ({ state }: Read) => this.giveBack(state);
    return this.#made(await this.#thread.call("read", [reading], { signal, tooLate }));
  }

  async extendMany(steps: readonly Step<ThreadState>[], signal?: AbortSignal): Promise<ThreadState[]> {
    const sent = steps.map(({ state, token }) => ({ state: state.id, token }));
    const tooLate = (reads: readonly Read[]) => {
      for (const { state } of reads) this.giveBack(state);
    };
    const reads = await this.#thread.call("extend", [sent], { signal, tooLate });
    return reads.map((read) => this.#made(read));
  }

  /** One call for each, one after the other, so that others who ask the thread come in between. */
  async scoreMany(
    state: ThreadState,
    continuations: readonly (readonly number[])[],
    signal?: AbortSignal,
  ): Promise<ArrayLike<number>[]> {
    const scores: ArrayLike<number>[] = [];
    for (const tokens of continuations)
      scores.push(tokens.length < 2 ? [] : await this.#thread.call("score", [state.id, tokens], { signal }));
    return scores;
  }

  /** Tells the thread, with all others of this turn, that a state is not needed any more. */
  giveBack(id: number): void {
    this.#givenBack.push(id);
    if (this.#givenBack.length === 1) queueMicrotask(() => this.tell());
  }

  /** Tells the thread now of what was given back. */
  tell(): void {
    const ids = this.#givenBack;
    this.#givenBack = [];
    // A thread that has ended holds nothing.
    if (ids.length > 0) this.#thread.call("releaseStates", [ids]).catch(() => undefined);
  }

  /** Tells a state that is given back by hand. */
  forget(state: ThreadState): void {
    this.#dropped.unregister(state);
  }

  #made(read: Read): ThreadState {
    const state = new ThreadState(this, read);
    this.#dropped.register(state, read.state, state);
    return state;
  }
}

/** A text read so far, kept in the thread until it is released. */
export class ThreadState implements LanguageState, Disposable {
  readonly logits: Float32Array;
  readonly #states: ThreadStates;
  readonly #id: number;
  #released = false;

  /** @internal */
  constructor(states: ThreadStates, { state, logits }: Read) {
    this.#states = states;
    this.#id = state;
    this.logits = logits;
  }

  /** Its number in the thread. @throws {ReleasedError} once it is released */
  get id(): number {
    if (this.#released)
      throw new ReleasedError(
        "A prompt that was read is used after its release.",
        "release it later, or read it again",
      );
    return this.#id;
  }

  async extend(token: number, signal?: AbortSignal): Promise<ThreadState> {
    const [next] = await this.#states.extendMany([{ state: this, token }], signal);
    return next!;
  }

  /** Gives back what only this state holds; states that went on from it stay good. Twice is once. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#states.forget(this);
    this.#states.giveBack(this.#id);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
