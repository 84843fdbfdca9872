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
