/** Giving up: what is waited for, or the reason why it no longer is. */

/**
 * What a promise comes to, unless a signal fires before.
 * @throws the signal's reason as soon as it fires; what the promise comes to after that is nobody's
 */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    const over = () => signal.removeEventListener("abort", abort);
    work.then(
      (result) => {
        over();
        resolve(result);
      },
      (error) => {
        over();
        reject(error);
      },
    );
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}

/** A signal of one's own, until it is disposed of. */
export interface Followed extends Disposable {
  readonly signal: AbortSignal | undefined;
}

/**
 * Signals of others, each listened to once however many follow it: a server may give every question the signal of its
 * own end, and platforms warn of many listeners.
 */
export class Signals {
  readonly #followers = new Map<AbortSignal, { readonly all: Set<AbortController>; readonly tell: () => void }>();

  /** A signal that fires with another, for the same reason; none for none. */
  follow(signal: AbortSignal | undefined): Followed {
    if (signal === undefined || signal.aborted) return { signal, [Symbol.dispose]: () => undefined };
    const own = new AbortController();
    let followers = this.#followers.get(signal);
    if (followers === undefined) {
      const all = new Set<AbortController>();
      const tell = () => {
        this.#followers.delete(signal);
        for (const follower of all) follower.abort(signal.reason);
      };
      followers = { all, tell };
      this.#followers.set(signal, followers);
      signal.addEventListener("abort", tell, { once: true });
    }
    const { all, tell } = followers;
    all.add(own);
    return {
      signal: own.signal,
      [Symbol.dispose]: () => {
        all.delete(own);
        if (all.size > 0 || signal.aborted) return;
        this.#followers.delete(signal);
        signal.removeEventListener("abort", tell);
      },
    };
  }
}
