/**
 * Objects that live in another thread, called by messages: what Node's threads and a browser's share. Engine calls block
 * their thread, so whatever holds a session lives in one; callers see an object whose methods return promises.
 */
import { ReleasedError } from "../errors.js";
import { nextTurn } from "../turns.js";
import { type ErrorText, errorText, ThreadError } from "./thread-errors.js";

// biome-ignore lint/suspicious/noExplicitAny: methods of any shape
export type Methods = Record<string, (...args: any[]) => unknown>;

/** What a method gives, once it is awaited. */
export type Result<T extends Methods, Name extends keyof T> = Awaited<ReturnType<T[Name]>>;

/** The methods of an object in another thread. Arguments and results are copied, as by `structuredClone`. */
export type Remote<T extends Methods> = {
  [Name in keyof T]: (...args: Parameters<T[Name]>) => Promise<Result<T, Name>>;
};

/** More about one call. */
export interface CallOptions<Given> {
  /**
   * When it fires, the call fails at once with the signal's reason. If it still waits for those before it, it is never
   * begun; if it was begun, the thread finishes it.
   */
  readonly signal?: AbortSignal | undefined;
  /** Takes the result of a call that was given up and had been begun, to give back what it holds. */
  readonly tooLate?: (result: Given) => void;
  /** Memory of the arguments that is handed over, not copied: the arrays in it are empty here afterwards. */
  readonly handedOver?: readonly ArrayBuffer[];
}

/** A thread and the object that lives in it. */
export interface Thread<T extends Methods> extends AsyncDisposable {
  readonly remote: Remote<T>;
  /**
   * Calls a method, as `remote` does.
   * @throws {ThreadError} what the method threw
   * @throws {ThreadEndedError} if the thread ends before it has answered, or had ended
   * @throws {ReleasedError} if the thread was closed before
   */
  call<Name extends keyof T & string>(
    method: Name,
    args: Parameters<T[Name]>,
    options?: CallOptions<Result<T, Name>>,
  ): Promise<Result<T, Name>>;
  /** Ends the thread after the calls it was given. Twice is once; a thread that has ended by itself is no error. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A call as it is sent, or that one sent before is not to be begun. */
export type Call =
  | {
      readonly id: number;
      /** Empty to make the object, of the one argument. */
      readonly method: string;
      readonly args: unknown[];
    }
  | { readonly drop: number };

/** Its answer: a result, an error, or that it was not begun. */
export interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: ErrorText;
  readonly dropped?: true;
}

/** One end of a channel between two threads. Messages arrive in the order they were sent. */
export interface Port<Sent, Received> {
  /** @param handedOver  memory that goes over to the other thread instead of being copied */
  send(message: Sent, handedOver?: readonly ArrayBuffer[]): void;
  /** Called with every message of the other end. */
  receive(take: (message: Received) => void): void;
}

/** A thread of the platform, seen by the one that started it. */
export interface Started extends Port<Call, Reply> {
  /** Called when it has ended: by its own fault, for a reason of the platform, or by `terminate`. */
  ended(tell: (error: Error) => void): void;
  /** Ends it at once, whatever it is doing. */
  terminate(): Promise<void>;
  /** Told whether calls are waited for, where a thread without any should not keep its process from ending. */
  awaited?(whether: boolean): void;
}

/** Makes the object. */
const OPEN = "";

/** Asks a thread to say when the calls it was given are done: methods are named otherwise. */
const CLOSE = "(close)";

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

/** How a thread is called in errors, and until when it is waited for. */
export interface OpenOptions {
  /** As in "the answering thread". */
  readonly name?: string;
  /** When it fires while the object is being made, the thread is ended and the reason thrown. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The object in a thread that was started.
 * @param started  a thread whose module answers calls
 * @param init  what the object is made of there
 * @throws {ThreadError} whatever was thrown while it was made; the thread is ended then
 * @throws {ThreadEndedError} if the thread could not even begin
 */
export async function openRemote<T extends Methods>(
  started: Started,
  init: unknown,
  { name = "thread", signal }: OpenOptions = {},
): Promise<Thread<T>> {
  const waiting = new Map<number, Waiting>();
  /** Calls that were given up and not answered yet, with who takes their results. */
  const givenUp = new Map<number, ((result: never) => void) | undefined>();
  let count = 0;
  /** Why no more calls are taken. */
  let ended: Error | undefined;
  let closing: Promise<void> | undefined;
  const settle = (id: number): Waiting | undefined => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) started.awaited?.(false);
    return call;
  };
  started.receive(({ id, result, error, dropped }) => {
    const tooLate = givenUp.get(id);
    if (givenUp.delete(id)) {
      if (dropped !== true && error === undefined) tooLate?.(result as never);
      return;
    }
    if (error !== undefined) settle(id)?.reject(new ThreadError(error));
    else settle(id)?.resolve(result as never);
  });
  started.ended((error) => {
    ended ??= error;
    givenUp.clear();
    for (const id of [...waiting.keys()]) settle(id)!.reject(error);
  });
  const send = (method: string, args: unknown[], options: CallOptions<never> = {}) =>
    new Promise<never>((resolve, reject) => {
      options.signal?.throwIfAborted();
      if (ended !== undefined) throw ended;
      const id = count++;
      started.send({ id, method, args }, options.handedOver);
      const giveUp = () => {
        settle(id);
        givenUp.set(id, options.tooLate);
        started.send({ drop: id });
        reject(options.signal!.reason);
      };
      const over = () => options.signal?.removeEventListener("abort", giveUp);
      options.signal?.addEventListener("abort", giveUp, { once: true });
      waiting.set(id, {
        resolve: (result) => {
          over();
          resolve(result);
        },
        reject: (error) => {
          over();
          reject(error);
        },
      });
      if (waiting.size === 1) started.awaited?.(true);
    });
  try {
    await send(OPEN, [init], { signal });
  } catch (error) {
    if (signal?.aborted) void send(CLOSE, []).then(started.terminate, () => undefined);
    else await started.terminate();
    throw error;
  }
  return {
    remote: new Proxy({} as Remote<T>, {
      get: (_target, method) => (method === "then" ? undefined : (...args: unknown[]) => send(String(method), args)),
    }),
    call: send as Thread<T>["call"],
    async [Symbol.asyncDispose]() {
      if (closing === undefined && ended !== undefined) return;
      closing ??= send(CLOSE, []).then(
        // Only now: to end a thread in the middle of a native call would end the whole process.
        () => started.terminate(),
        () => undefined,
      );
      ended ??= new ReleasedError(`The ${name} was closed, and is asked for more.`, "open it again, or close it later");
      await closing;
    },
  };
}

/** Told of each call, in the thread, so that its process does not end within one. */
export interface Guard {
  /** @returns whether the call may begin; no other may after one that may not */
  begin(): boolean;
  end(): void;
}

/** In a thread: makes the object when it is asked to, and answers its calls one after another. */
export function answerCalls<T extends Methods>(
  port: Port<Reply, Call>,
  open: (init: never) => Promise<T> | T,
  guard?: Guard,
): void {
  let object: T | undefined;
  const queue: Exclude<Call, { drop: number }>[] = [];
  let busy = false;
  const answer = async (method: string, args: unknown[]): Promise<unknown> => {
    if (method === CLOSE) return undefined;
    if (method !== OPEN) return object![method]!(...args);
    object = await open(args[0] as never);
    return undefined;
  };
  const answerAll = async () => {
    busy = true;
    while (queue.length > 0) {
      // So that all messages that are there have been heard: among them may be that this call is given up.
      await nextTurn();
      const call = queue.shift();
      if (call === undefined) break;
      if (guard?.begin() === false) return;
      const { id, method, args } = call;
      try {
        port.send({ id, result: await answer(method, args) });
      } catch (error) {
        port.send({ id, error: errorText(error) });
      } finally {
        guard?.end();
      }
    }
    busy = false;
  };
  port.receive((message) => {
    if ("drop" in message) {
      const at = queue.findIndex(({ id }) => id === message.drop);
      if (at < 0) return;
      queue.splice(at, 1);
      port.send({ id: message.drop, dropped: true });
      return;
    }
    queue.push(message);
    if (!busy) void answerAll();
  });
}
