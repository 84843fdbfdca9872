/** How failures cross from one thread to another, and how the end of a thread is told. */
import { FlamingoError } from "../errors.js";

/** An error as text, with those it came from. */
export interface ErrorText {
  readonly name: string;
  readonly code: string | undefined;
  readonly problem: string;
  readonly mend: string | undefined;
  readonly stack: string | undefined;
  readonly cause: ErrorText | undefined;
}

/** Causes that are followed: a chain may be a circle. */
const DEEPEST = 8;

/** Whatever was thrown, as text that can be sent. */
export function errorText(error: unknown, deep = 0): ErrorText {
  const known = error instanceof FlamingoError ? error : undefined;
  const { name, message, stack, cause } = error instanceof Error ? error : new Error(inWords(error));
  const uncloneable = name === "DataCloneError" && known === undefined;
  return {
    name,
    code: known?.code,
    problem: known?.problem ?? (uncloneable ? `A result cannot be sent to another thread: ${message}` : message),
    mend: known?.mend ?? (uncloneable ? "return numbers, texts, arrays and plain records" : undefined),
    stack,
    cause: cause === undefined || deep === DEEPEST ? undefined : errorText(cause, deep + 1),
  };
}

/** What was thrown and is no error. */
function inWords(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return "something without a text was thrown";
  }
}

/** An error that is only text, as it stood in its thread. */
function revived({ name, problem, stack, cause }: ErrorText): Error {
  const error = new Error(problem, cause === undefined ? undefined : { cause: revived(cause) });
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** An error that a thread threw, with the code and the mend it had there; its `cause` has the stack it had there. */
export class ThreadError extends FlamingoError {
  readonly code: string;
  constructor(error: ErrorText) {
    super(error.problem, error.mend ?? "see the stack of the thread below", { cause: revived(error) });
    this.code = error.code ?? "THREAD";
    this.name = error.name;
  }
}

/** A thread that ended while it was needed: by an error outside of every call, for want of memory, by `process.exit`. */
export class ThreadEndedError extends FlamingoError {
  readonly code = "THREAD_ENDED";
}

/**
 * Tells the end of a thread.
 * @param name  as in "the answering thread"
 * @param how  `exit code 3`
 * @param cause  what it died of, if the platform says
 */
export function threadEnded(name: string, how: string, cause?: unknown): ThreadEndedError {
  const because = cause === undefined ? "" : `: ${cause instanceof Error ? cause.message : inWords(cause)}`;
  return new ThreadEndedError(`The ${name} ended by itself (${how})${because}.`, mendOf(cause), { cause });
}

function mendOf(cause: unknown): string {
  const code = (cause as { code?: unknown } | undefined)?.code;
  if (code === "ERR_WORKER_OUT_OF_MEMORY")
    return "give it less at a time, or start Node with more room, such as NODE_OPTIONS=--max-old-space-size=8192";
  if (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND")
    return "install the package anew: a file of it is not there";
  return cause === undefined
    ? "open it again; if it ends again, look for a call of process.exit in what was loaded into it"
    : "open it again; if it ends again, report it with the cause of this error";
}
