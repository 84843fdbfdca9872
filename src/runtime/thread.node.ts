/** Threads of Node: `node:worker_threads`. */
import "./no-telemetry.node.js";
import { parentPort, Worker, workerData } from "node:worker_threads";
import { answerCalls, type Methods, type OpenOptions, openRemote, type Thread } from "./thread.js";
import { threadEnded } from "./thread-errors.js";

export interface ThreadOptions extends OpenOptions {
  /** Most memory of its JavaScript heap, in MiB; Node's default unless told. Arrays of numbers do not count. */
  readonly heapMiB?: number;
}

/** A thread that is ended within a native call takes its process with it, so a process that ends waits for the call. */
const [BUSY, ENDING] = [0, 1];

/** Milliseconds that a process which ends waits for a call at most. */
const PATIENCE = 10_000;

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
  const state = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(module, {
    workerData: state,
    ...(heapMiB === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: heapMiB } }),
    // The flag of a process whose own module came on the command line would keep a thread from starting from a file.
    ...(process.execArgv.some((flag) => flag.startsWith("--input-type")) ? { execArgv: [] } : {}),
  });
  const waitForCall = () => {
    Atomics.store(state, ENDING, 1);
    Atomics.wait(state, BUSY, 1, PATIENCE);
  };
  // Each of many threads has a listener, and Node would take more than ten for a leak.
  process.setMaxListeners(process.getMaxListeners() + 1);
  process.on("exit", waitForCall);
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
        worker.on("exit", (code) => {
          process.off("exit", waitForCall);
          process.setMaxListeners(process.getMaxListeners() - 1);
          tell(threadEnded(name, `exit code ${code}`, cause));
        });
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
  const state = workerData as Int32Array;
  port.on("messageerror", (error) => {
    throw error;
  });
  const end = () => {
    Atomics.store(state, BUSY, 0);
    Atomics.notify(state, BUSY);
  };
  answerCalls<T>(
    {
      send: (message, handedOver) => port.postMessage(message, handedOver),
      receive: (take) => void port.on("message", take),
    },
    open,
    {
      begin: () => {
        Atomics.store(state, BUSY, 1);
        if (Atomics.load(state, ENDING) === 0) return true;
        end();
        return false;
      },
      end,
    },
  );
}
