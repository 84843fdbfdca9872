/** Threads of browsers: Web Workers. */
import { answerCalls, type Methods, type OpenOptions, openRemote, type Thread } from "./thread.js";
import { threadEnded } from "./thread-errors.js";

/**
 * The object in a worker.
 * @param worker  one whose module calls `serve`. It is made where it is named, as bundlers want it:
 *   `new Worker(new URL("./a.browser.js", import.meta.url), { type: "module" })`.
 * @param init  what `serve`'s function is given
 * @throws {ThreadError} whatever that function threw
 */
export function startThread<T extends Methods>(
  worker: Worker,
  init: unknown,
  options: OpenOptions = {},
): Promise<Thread<T>> {
  const ending: ((error: Error) => void)[] = [];
  const end = (how: string) => {
    worker.terminate();
    for (const tell of ending) tell(threadEnded(options.name ?? "thread", how));
  };
  // The platform says nothing of a module that is not there but that there was an error.
  // Whose answer it was is lost with it, so nobody's may be waited for.
  worker.addEventListener("messageerror", () => end("an answer could not be read"));
  worker.addEventListener("error", ({ message }) => end(message || "its module could not be loaded"));
  return openRemote<T>(
    {
      send: (message, handedOver = []) => worker.postMessage(message, [...handedOver]),
      receive: (take) => worker.addEventListener("message", ({ data }) => take(data)),
      ended: (tell) => void ending.push(tell),
      terminate: async () => end("terminated"),
    },
    init,
    options,
  );
}

/** In a worker's module: makes the object from what `startThread` was given, and answers its calls one after another. */
export function serve<T extends Methods>(open: (init: never) => Promise<T> | T): void {
  const port = self as unknown as Pick<Worker, "postMessage" | "addEventListener">;
  answerCalls<T>(
    {
      send: (message) => port.postMessage(message),
      receive: (take) => port.addEventListener("message", ({ data }) => take(data)),
    },
    open,
  );
}
