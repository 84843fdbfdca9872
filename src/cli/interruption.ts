/** Ctrl-C and the termination signal, for commands that have something to bring to an end. */
import type { Io } from "./io.js";
import { type Progress, tellWriting } from "./progress.js";

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

/**
 * Does what writes a folder that appears whole or not at all, so that an interruption leaves nothing of it.
 * @returns  what was made; undefined if it was interrupted, which is told
 * @throws what `make` throws otherwise
 */
export async function unlessInterrupted<Made>(
  io: Io,
  place: string,
  make: (options: {
    readonly signal: AbortSignal;
    readonly onWritten: (done: number, of: number) => void;
  }) => Promise<Made>,
): Promise<Made | undefined> {
  const writing = tellWriting(io, place);
  const interruption = listenForInterruption(io, writing, "Stopping, and taking away what was written");
  try {
    return await make({ signal: interruption.signal, onWritten: writing.tell });
  } catch (error) {
    if (error !== interruption.signal.reason) throw error;
    io.err("Stopped.\n");
    return undefined;
  } finally {
    writing.end();
    interruption.stopListening();
  }
}
