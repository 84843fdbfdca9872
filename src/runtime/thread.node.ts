/** Threads of Node: `node:worker_threads`. */
import { parentPort, Worker } from "node:worker_threads";
import { answerCalls, type Methods, type OpenOptions, openRemote, type Thread } from "./thread.js";
import { threadEnded } from "./thread-errors.js";

export interface ThreadOptions extends OpenOptions {
  /** Most memory of its JavaScript heap, in MiB; Node's default unless told. Arrays of numbers do not count. */
  readonly heapMiB?: number;
}

/**
 * Starts a thread. It does not keep the process from ending while no call is waited for.
 * @param module  a module that calls `serve`
 * @param init  what `serve`'s function is given
 * @throws {ThreadError} whatever that function threw
 * @throws {ThreadEndedError} if the module cannot be loaded
 */
export function startThread<T extends Methods>(
  module: URL,
  init: unknown,
  { heapMiB, ...options }: ThreadOptions = {},
): Promise<Thread<T>> {
  const worker = new Worker(module, {
    ...(heapMiB === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: heapMiB } }),
    // The flag of a process whose own module came on the command line would keep a thread from starting from a file.
    ...(process.execArgv.some((flag) => flag.startsWith("--input-type")) ? { execArgv: [] } : {}),
  });
  const name = options.name ?? "thread";
  return openRemote<T>(
    {
      send: (message, handedOver) => worker.postMessage(message, handedOver),
      receive: (take) => void worker.on("message", take),
      ended: (tell) => {
        let cause: unknown;
        worker.on("error", (error) => {
          cause = error;
        });
        worker.on("exit", (code) => tell(threadEnded(name, `exit code ${code}`, cause)));
        // Whose answer it was is lost with it, so nobody's may be waited for.
        worker.on("messageerror", (error) => {
          cause = error;
          void worker.terminate();
        });
      },
      terminate: async () => void (await worker.terminate()),
      awaited: (whether) => (whether ? worker.ref() : worker.unref()),
    },
    init,
    options,
  );
}

/** In a thread's module: makes the object from what `startThread` was given, and answers its calls one after another. */
export function serve<T extends Methods>(open: (init: never) => Promise<T> | T): void {
  const port = parentPort;
  if (port === null) throw new Error("serve() belongs in a module that startThread() starts");
  port.on("messageerror", (error) => {
    throw error;
  });
  answerCalls<T>(
    {
      send: (message, handedOver) => port.postMessage(message, handedOver),
      receive: (take) => void port.on("message", take),
    },
    open,
  );
}
