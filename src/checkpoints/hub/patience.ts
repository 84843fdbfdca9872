/** Trying again what may succeed a moment later. */
import { untilAborted } from "../../abort.js";
import { HubNetworkError } from "./errors.js";
import type { FetchEvent } from "./events.js";

/** New tries without a byte of progress between them. */
const TRIES = 5;
/** The hub counts requests over five minutes; who asks for more patience than that is believed, and not waited for. */
const LONGEST_WAIT_MS = 330_000;

export interface Patience {
  /** Milliseconds before the first new try; each further wait is twice as long. */
  readonly retryMs: number;
  readonly signal: AbortSignal | undefined;
  readonly tell: (event: FetchEvent) => void;
  /** A number that grows as the work gets on: tries are counted anew when it has. */
  readonly progress?: () => number;
}

/**
 * Does work, and again where a failure may pass: connections that are cut, servers that are overloaded or ask to wait.
 * @throws what the work throws, if it cannot pass or five new tries came to nothing; the signal's reason if it fires
 */
export async function patiently<Result>(
  work: () => Promise<Result>,
  { retryMs, signal, tell, progress = () => 0 }: Patience,
): Promise<Result> {
  for (let failures = 0; ; ) {
    signal?.throwIfAborted();
    const before = progress();
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof HubNetworkError) || !error.passing) throw error;
      failures = progress() > before ? 1 : failures + 1;
      const waitMs = error.waitMs ?? retryMs * 2 ** (failures - 1);
      if (failures > TRIES || waitMs > LONGEST_WAIT_MS) throw final(error, failures, waitMs);
      tell({ kind: "retry", problem: error.problem, waitMs });
      await pause(waitMs, signal);
    }
  }
}

/** Waits, unless the signal fires. */
export async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  try {
    await untilAborted(
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, milliseconds);
      }),
      signal,
    );
  } finally {
    clearTimeout(timer);
  }
}

function final(error: HubNetworkError, failures: number, waitMs: number): HubNetworkError {
  const said =
    failures > TRIES ? `It failed ${failures} times in a row.` : `It asks to wait for ${Math.ceil(waitMs / 1000)} s.`;
  return new HubNetworkError(`${error.problem} ${said}`, error.mend, { cause: error });
}
