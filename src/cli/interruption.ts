/** Ctrl-C and the termination signal, for commands that have something to bring to an end. */
import type { Io } from "./io.js";
import type { Progress } from "./progress.js";

/** What a command that was interrupted exits with. */
export const INTERRUPTED = 130;

/**
 * Listens: the first interruption fires the signal, a second one ends the process as if nobody had listened.
 * @param what  what the command does upon the first
 */
export function listenForInterruption(
  io: Io,
  progress: Pick<Progress, "end">,
  what: string,
): { readonly signal: AbortSignal; readonly stopListening: () => void } {
  const controller = new AbortController();
  const names = ["SIGINT", "SIGTERM"] as const;
  const interrupt = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      stopListening();
      process.kill(process.pid, signal);
      return;
    }
    controller.abort();
    progress.end();
    io.err(`${what}; once more to stop at once.\n`);
  };
  const stopListening = () => {
    for (const name of names) process.off(name, interrupt);
  };
  for (const name of names) process.on(name, interrupt);
  return { signal: controller.signal, stopListening };
}
