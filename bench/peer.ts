/** Another engine in a process of its own, which does the same work whenever it is told to. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** What a peer says of itself. */
export interface Introduction {
  readonly name: string;
  readonly version: string;
  readonly parameters: number;
  readonly threads: number;
}

/** How long one step took, in milliseconds, and the loss before it. */
export interface TrainingStep {
  readonly milliseconds: number;
  readonly loss: number;
}

export interface Peer<Said = Introduction, Step = TrainingStep> extends AsyncDisposable {
  readonly introduction: Said;
  /** Does the work once. */
  step(): Promise<Step>;
}

/**
 * Starts a peer; it has warmed up when this resolves.
 * @throws {Error} with the end of what the peer printed, if it does not introduce itself
 */
export async function startPeer<Said = Introduction, Step = TrainingStep>(
  command: string,
  args: readonly string[],
): Promise<Peer<Said, Step>> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (chunk) => {
    complaints = `${complaints}${chunk}`.slice(-2000);
  });
  child.stdin.on("error", () => undefined);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const failed = new Promise<never>((_, reject) => child.once("error", reject));
  failed.catch(() => undefined);
  const answer = async () => {
    const { done, value } = await Promise.race([lines.next(), failed]);
    if (done) throw new Error(`${[command, ...args].join(" ")} ended: ${complaints.trim().split("\n").at(-1)}`);
    return JSON.parse(value);
  };
  return {
    introduction: await answer(),
    step() {
      child.stdin.write("step\n");
      return answer();
    },
    [Symbol.asyncDispose]: () => end(child),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill();
  await gone;
}
