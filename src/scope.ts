/** Owners: what was opened inside a scope ends with it, whatever else happens. */

import { ReleasedError } from "./errors.js";

/** What a scope can own: anything that `using` or `await using` can. */
export type Owned = Disposable | AsyncDisposable;

/**
 * Owns what is to be given back: models, prompts that were read, programs, other scopes. When it ends, so does all that
 * it owns, the last that came in first.
 *
 *     await using scope = new Scope();
 *     const flamingo = scope.own(await openFlamingo(undefined, scope));
 *     const read = scope.own(await flamingo.read(prompt, scope));
 */
export class Scope implements AsyncDisposable {
  readonly #owned: Owned[] = [];
  readonly #controller = new AbortController();
  #ending: Promise<void> | undefined;

  /** Fires when the scope ends, so that what is under way inside it is given up. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Takes something over, and gives it back to the caller for use.
   * @throws {ReleasedError} once the scope has ended; what was to be taken over is ended too
   */
  own<Thing extends Owned>(thing: Thing): Thing {
    if (this.#ending === undefined) {
      this.#owned.push(thing);
      return thing;
    }
    // Nobody waits for it here; what it fails with is told by nobody, and what is thrown now is the reason.
    ended(thing).catch(() => undefined);
    throw new ReleasedError("A scope that has ended was to own something.", "open things in a scope before it ends");
  }

  /** Takes over a scope of its own, which may end before this one. */
  open(): Scope {
    return this.own(new Scope());
  }

  /**
   * Ends all that it owns, one after the other. Twice is once.
   * @throws whatever the ends threw, when all have been tried: one error as it is, several as an `AggregateError`
   */
  [Symbol.asyncDispose](): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    this.#controller.abort(new ReleasedError("The scope has ended.", "keep it open until all answers are there"));
    const errors: unknown[] = [];
    for (let thing = this.#owned.pop(); thing !== undefined; thing = this.#owned.pop())
      await ended(thing).catch((error: unknown) => errors.push(error));
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} things of a scope failed to end`);
  }
}

async function ended(thing: Owned): Promise<void> {
  if (Symbol.asyncDispose in thing) await thing[Symbol.asyncDispose]();
  else thing[Symbol.dispose]();
}
