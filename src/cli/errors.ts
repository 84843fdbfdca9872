/** How a failure is told, and with which exit code. */
import { FlamingoError } from "../errors.js";
import type { Io } from "./io.js";

/** What the system refuses for reasons that its user can mend. */
const REFUSALS = [
  "EACCES",
  "EEXIST",
  "EDQUOT",
  "EFBIG",
  "EISDIR",
  "EMFILE",
  "ENOENT",
  "ENOSPC",
  "ENOTDIR",
  "EPERM",
  "EROFS",
];

function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && REFUSALS.includes((error as NodeJS.ErrnoException).code ?? "");
}

/** Codes of failures that are ours: nobody can mend them from outside. */
const OURS = ["INVARIANT", "THREAD"];

/** Failures that have a mend, and of which nobody can tell without their cause whether it helps. */
const DOUBTFUL = ["THREAD_ENDED"];

/**
 * Tells an error: what was found and how to mend it or, for one that nobody foresaw, where it happened.
 * @returns  the exit code: 2 for a command that was asked wrongly, 1 for everything else
 */
export function tellError(error: unknown, io: Io): number {
  if (error instanceof FlamingoError && !OURS.includes(error.code)) {
    io.err(`${error.problem}\nTo mend it: ${error.mend}\n${DOUBTFUL.includes(error.code) ? causes(error) : ""}`);
    return error.code === "USAGE" ? 2 : 1;
  }
  if (isOfSystem(error)) {
    io.err(`${error.message}\nTo mend it: check the path, its permissions, and the space left on the disk\n`);
    return 1;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.err(
    `${stack}\n${causes(error)}This is a fault of flamingo-ts: please report it with the command and the lines above.\n`,
  );
  return 1;
}

/** What an error came from, each with its stack. */
function causes(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause === undefined) return "";
  const stack = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  return `Caused by: ${stack}\n${causes(cause)}`;
}
