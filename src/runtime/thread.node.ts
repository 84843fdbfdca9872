/** Threads of Node: `node:worker_threads`. */
import { parentPort, Worker } from "node:worker_threads";
import { answerCalls, type Methods, openRemote, type Thread, threadEnded } from "./thread.js";

/**
 * Starts a thread.
 * @param module  a module that calls `serve`
 * @param init  what `serve`'s function is given
 * @throws {ThreadError} whatever that function threw
 */
export function startThread<T extends Methods>(module: URL, init: unknown): Promise<Thread<T>> {
  const worker = new Worker(module);
  return openRemote<T>(
    {
      send: (message) => worker.postMessage(message),
      receive: (take) => void worker.on("message", take),
      ended: (tell) => {
        worker.on("error", tell);
        worker.on("exit", (code) => tell(threadEnded(String(code))));
      },
      terminate: async () => void (await worker.terminate()),
    },
    init,
  );
}

/** In a thread's module: makes the object from what `startThread` was given, and answers its calls one after another. */
export function serve<T extends Methods>(open: (init: never) => Promise<T> | T): void {
  const port = parentPort;
  if (port === null) throw new Error("serve() belongs in a module that startThread() starts");
  answerCalls<T>(
    { send: (message) => port.postMessage(message), receive: (take) => void port.on("message", take) },
    open,
  );
}
