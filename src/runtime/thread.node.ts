/**
 * Objects that live in a worker thread. Engine calls block their thread, so whatever holds a session lives in a worker
 * and is called by messages; callers see an object whose methods return promises.
 */
import { once } from "node:events";
import { parentPort, Worker, workerData } from "node:worker_threads";
import { FlamingoError } from "../errors.js";

// biome-ignore lint/suspicious/noExplicitAny: methods of any shape
type Methods = Record<string, (...args: any[]) => unknown>;

/** The methods of an object in another thread. Arguments and results are copied, as by `structuredClone`. */
export type Remote<T extends Methods> = {
  [Name in keyof T]: (...args: Parameters<T[Name]>) => Promise<Awaited<ReturnType<T[Name]>>>;
};

/** A thread and the object that lives in it. */
export interface Thread<T extends Methods> extends AsyncDisposable {
  readonly remote: Remote<T>;
}

interface Call {
  readonly id: number;
  readonly method: string;
  readonly args: unknown[];
}

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: {
    name: string;
    code: string | undefined;
    problem: string;
    mend: string | undefined;
    stack: string | undefined;
  };
}

/** Asks a thread to end after the calls it was given. */
const CLOSE = "close";

/** An error that a thread threw, with the code and the mend it had there. */
export class ThreadError extends FlamingoError {
  readonly code: string;
  constructor(error: NonNullable<Reply["error"]>) {
    super(error.problem, error.mend ?? "see the stack of the thread below", { cause: error.stack });
    this.code = error.code ?? "THREAD";
    this.name = error.name;
  }
}

/**
 * Starts a thread.
 * @param module  a module that calls `serve`
 * @param init  what `serve`'s function is given
 * @throws {ThreadError} whatever that function threw
 */
export async function startThread<T extends Methods>(module: URL, init: unknown): Promise<Thread<T>> {
  const worker = new Worker(module, { workerData: init });
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: unknown) => void }>();
  let count = 0;
  let ended: Error | undefined;
  const end = (error: Error) => {
    ended ??= error;
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  };
  worker.on("message", ({ id, result, error }: Reply) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (error !== undefined) call?.reject(new ThreadError(error));
    else call?.resolve(result as never);
  });
  worker.on("error", end);
  worker.on("exit", (code) =>
    end(
      new ThreadError({
        name: "ThreadError",
        code: undefined,
        problem: `the thread ended (${code})`,
        mend: "start it again",
        stack: undefined,
      }),
    ),
  );
  const send = (method: string, args: unknown[]) =>
    new Promise((resolve, reject) => {
      if (ended !== undefined) return reject(ended);
      const id = count++;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, method, args } satisfies Call);
    });
  try {
    await send("", []);
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  return {
    remote: new Proxy({} as Remote<T>, {
      get: (_target, method) => (method === "then" ? undefined : (...args: unknown[]) => send(String(method), args)),
    }),
    async [Symbol.asyncDispose]() {
      if (ended !== undefined) return;
      const gone = once(worker, "exit");
      worker.postMessage(CLOSE);
      await gone;
    },
  };
}

/** In a thread's module: makes the object from what `startThread` was given, and answers its calls one after another. */
export function serve<T extends Methods>(open: (init: never) => Promise<T> | T): void {
  const port = parentPort;
  if (port === null) throw new Error("serve() belongs in a module that startThread() starts");
  const opened = Promise.resolve().then(() => open(workerData as never));
  let last: Promise<unknown> = opened.catch(() => undefined);
  port.on("message", (message: Call | typeof CLOSE) => {
    if (message === CLOSE) {
      // Never in the middle of a native call: that would end the whole process.
      void last.then(() => process.exit());
      return;
    }
    const { id, method, args } = message;
    last = last.then(async () => {
      try {
        const object = await opened;
        const result = method === "" ? undefined : await object[method]!(...args);
        port.postMessage({ id, result } satisfies Reply);
      } catch (error) {
        const known = error instanceof FlamingoError ? error : undefined;
        const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
        port.postMessage({
          id,
          error: { name, code: known?.code, problem: known?.problem ?? message, mend: known?.mend, stack },
        } satisfies Reply);
      }
    });
  });
}
