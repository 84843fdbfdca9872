/**
 * Long work on a thread that others wait for too, such as the main thread of a server: it is done in pieces, and between
 * two of them everything else has its turn.
 */

/** Work in pieces of a few milliseconds at most, with a pause after each; what it returns is its result. */
export type Pieces<Result> = Generator<void, Result, void>;

/** Does all the pieces one after the other, without a pause. */
export function withoutPause<Result>(work: Pieces<Result>): Result {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/**
 * Turns of the event loop, given to one piece of work at a time: however many works share these turns, no turn is longer
 * than one piece.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Waits for a turn of its own, after those who asked before. */
  next(): Promise<void> {
    const own = this.#last.then(nextTurn);
    this.#last = own;
    return own;
  }

  /**
   * Does each piece in a turn of its own.
   * @throws the signal's reason, between two pieces
   */
  async spread<Result>(work: Pieces<Result>, signal?: AbortSignal): Promise<Result> {
    for (;;) {
      await this.next();
      signal?.throwIfAborted();
      const { done, value } = work.next();
      if (done) return value;
    }
  }
}

/** Waits until timers, messages and files that are ready have been heard. */
export function nextTurn(): Promise<void> {
  const { setImmediate: soon } = globalThis as { setImmediate?: (then: () => void) => unknown };
  return new Promise((resolve) => {
    if (soon !== undefined) {
      soon(resolve);
      return;
    }
    // In a browser: a message to oneself, because a timer waits for 4 ms.
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener("message", () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(undefined);
  });
}
