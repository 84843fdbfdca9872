/**
 * A failure a user can act on. The message says what was found and what was expected; `mend` says what to do,
 * and is required so that an error without a way out does not compile.
 */
export abstract class FlamingoError extends Error {
  abstract readonly code: string;
  readonly problem: string;
  readonly mend: string;

  constructor(problem: string, mend: string, options?: ErrorOptions) {
    super(`${problem}\n  To mend it: ${mend}`, options);
    this.problem = problem;
    this.mend = mend;
    this.name = new.target.name;
  }
}

/** A bug of ours, not of the caller: the invariant that does not hold is in the message. */
export class InvariantError extends FlamingoError {
  readonly code = "INVARIANT";
  constructor(problem: string) {
    super(problem, "this is a bug in flamingo-ts; please report it with the command that led here");
  }
}

/** A wrong argument of a command or a function. */
export class UsageError extends FlamingoError {
  readonly code = "USAGE";
}

/** Use of something that was closed or given back. */
export class ReleasedError extends FlamingoError {
  readonly code = "RELEASED";
}

/** A place that cannot be written, or must not be written over. */
export class OutputError extends FlamingoError {
  readonly code = "OUTPUT";
}
