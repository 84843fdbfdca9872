/**
 * Objects that live in another thread, called by messages: what Node's threads and a browser's share. Engine calls block
 * their thread, so whatever holds a session lives in one; callers see an object whose methods return promises.
 */
import { FlamingoError } from "../errors.js";

// biome-ignore lint/suspicious/noExplicitAny: methods of any shape
export type Methods = Record<string, (...args: any[]) => unknown>;

/** The methods of an object in another thread. Arguments and results are copied, as by `structuredClone`. */
export type Remote<T extends Methods> = {
  [Name in keyof T]: (...args: Parameters<T[Name]>) => Promise<Awaited<ReturnType<T[Name]>>>;
};

/** A thread and the object that lives in it. */
export interface Thread<T extends Methods> extends AsyncDisposable {
  readonly remote: Remote<T>;
}

/** A call as it is sent. */
export interface Call {
  readonly id: number;
  /** Empty to make the object, of the one argument. */
  readonly method: string;
  readonly args: unknown[];
}

/** Its answer. */
export interface Reply {
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

/** One end of a channel between two threads. Messages arrive in the order they were sent. */
export interface Port<Sent, Received> {
  send(message: Sent): void;
  /** Called with every message of the other end. */
  receive(take: (message: Received) => void): void;
}

/** A thread of the platform, seen by the one that started it. */
export interface Started extends Port<Call, Reply> {
  /** Called when it has ended: by its own fault, for a reason of the platform, or by `terminate`. */
  ended(tell: (error: Error) => void): void;
  /** Ends it at once, whatever it is doing. */
  terminate(): Promise<void>;
}

/** Makes the object. */
const OPEN = "";

/** Asks a thread to say when the calls it was given are done: methods are named otherwise. */
const CLOSE = "(close)";

/** An error that a thread threw, with the code and the mend it had there. */
export class ThreadError extends FlamingoError {
  readonly code: string;
  constructor(error: NonNullable<Reply["error"]>) {
    super(error.problem, error.mend ?? "see the stack of the thread below", { cause: error.stack });
    this.code = error.code ?? "THREAD";
    this.name = error.name;
  }
}

/** What calls are told when the thread is no more. */
export function threadEnded(how: string): ThreadError {
  return new ThreadError({
    name: "ThreadError",
    code: undefined,
    problem: `the thread ended (${how})`,
    mend: "start it again",
    stack: undefined,
  });
}

/**
 * The object in a thread that was started.
 * @param started  a thread whose module answers calls
 * @param init  what the object is made of there
 * @throws {ThreadError} whatever was thrown while it was made; the thread is ended then
 */
export async function openRemote<T extends Methods>(started: Started, init: unknown): Promise<Thread<T>> {
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: unknown) => void }>();
  let count = 0;
  /** Why no more calls are taken. */
  let ended: Error | undefined;
  let closing: Promise<void> | undefined;
  const end = (error: Error) => {
    ended ??= error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  started.receive(({ id, result, error }) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (error !== undefined) call?.reject(new ThreadError(error));
    else call?.resolve(result as never);
  });
  started.ended(end);
  const send = (method: string, args: unknown[]) =>
    new Promise((resolve, reject) => {
      if (ended !== undefined) return reject(ended);
      const id = count++;
      waiting.set(id, { resolve, reject });
      started.send({ id, method, args });
    });
  try {
    await send(OPEN, [init]);
  } catch (error) {
    await started.terminate();
    throw error;
  }
  return {
    remote: new Proxy({} as Remote<T>, {
      get: (_target, method) => (method === "then" ? undefined : (...args: unknown[]) => send(String(method), args)),
    }),
    async [Symbol.asyncDispose]() {
      if (closing === undefined && ended !== undefined) return;
      closing ??= send(CLOSE, []).then(
        // Only now: to end a thread in the middle of a native call would end the whole process.
        () => started.terminate(),
        () => undefined,
      );
      ended ??= threadEnded("closed");
      await closing;
    },
  };
}

/** In a thread: makes the object when it is asked to, and answers its calls one after another. */
export function answerCalls<T extends Methods>(port: Port<Reply, Call>, open: (init: never) => Promise<T> | T): void {
  let object: T | undefined;
  let last: Promise<void> = Promise.resolve();
  const answer = async (method: string, args: unknown[]): Promise<unknown> => {
    if (method === CLOSE) return undefined;
    if (method !== OPEN) return object![method]!(...args);
    object = await open(args[0] as never);
    return undefined;
  };
  port.receive(({ id, method, args }) => {
    last = last.then(async () => {
      try {
        port.send({ id, result: await answer(method, args) });
      } catch (error) {
        const known = error instanceof FlamingoError ? error : undefined;
        const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
        port.send({
          id,
          error: { name, code: known?.code, problem: known?.problem ?? message, mend: known?.mend, stack },
        });
      }
    });
  });
}
