/** The Python of `tools/reference/pages.py`, which reads the same pages whenever it is told to. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export interface PagesPeer extends AsyncDisposable {
  readonly name: string;
  /** Reads all pages once and tells how long it took, in milliseconds. */
  step(): Promise<number>;
}

/**
 * Starts the peer; it has read some pages to warm up when this resolves.
 * @throws {Error} with the end of what it printed, if it does not introduce itself
 */
export async function startPagesPeer(
  python: string,
  pages: readonly { readonly url: string; readonly path: string }[],
): Promise<PagesPeer> {
  const child = spawn(python, ["tools/reference/pages.py"], { stdio: ["pipe", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (chunk) => {
    complaints = `${complaints}${chunk}`.slice(-2000);
  });
  child.stdin.on("error", () => undefined);
  const failed = new Promise<never>((_, reject) => child.once("error", reject));
  failed.catch(() => undefined);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const answer = async () => {
    const { done, value } = await Promise.race([lines.next(), failed]);
    if (done) throw new Error(complaints.trim().split("\n").at(-1) ?? "it ended");
    return JSON.parse(value);
  };
  child.stdin.write(`${JSON.stringify(pages)}\n`);
  const { name } = (await answer()) as { name: string };
  return {
    name,
    async step() {
      child.stdin.write("step\n");
      return ((await answer()) as { milliseconds: number }).milliseconds;
    },
    async [Symbol.asyncDispose]() {
      const gone = once(child, "exit");
      child.stdin.end();
      await gone;
    },
  };
}
