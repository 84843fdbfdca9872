/** A program of its own, its memory watched from outside. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** What a process took. Bytes, and milliseconds from its start to its end. */
export interface Watched {
  readonly output: string;
  readonly milliseconds: number;
  /** The most that was in memory at one time: its own pages, and those of files that it has mapped. */
  readonly resident: number;
  /** The most of its own pages, which no file could be read for instead. */
  readonly own: number;
}

/** Milliseconds between two looks. The kernel keeps the most that was resident; its own pages are as they are found. */
const EVERY = 20;

/**
 * Runs Node to its end.
 * @throws {Error} with what it said if it fails, and where there is no `/proc` to look into, as there is on Linux alone
 */
export async function watched(args: readonly string[]): Promise<Watched> {
  if (process.platform !== "linux") throw new Error("memory of other processes is read from /proc, which Linux has");
  const began = performance.now();
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let [output, said] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-4000);
  });
  let [resident, own] = [0, 0];
  const look = setInterval(() => {
    const memory = memoryOf(child.pid!);
    resident = Math.max(resident, memory.VmHWM ?? 0);
    own = Math.max(own, memory.RssAnon ?? 0);
  }, EVERY);
  try {
    const code = await new Promise<number | string | null>((resolve, reject) => {
      child.on("error", reject).on("close", (code, signal) => resolve(code ?? signal));
    });
    if (code !== 0) throw new Error(`node ${args.join(" ")} ended with ${code}: ${said}`);
    return { output, milliseconds: performance.now() - began, resident, own };
  } finally {
    clearInterval(look);
  }
}

/** Bytes by the names of `/proc/PID/status`; none of a process that has just ended. */
function memoryOf(pid: number): Readonly<Record<string, number>> {
  try {
    const lines = readFileSync(`/proc/${pid}/status`, "utf8").matchAll(/^(\w+):\s+(\d+) kB$/gm);
    return Object.fromEntries(Array.from(lines, ([, name, kilobytes]) => [name, 1024 * Number(kilobytes)]));
  } catch {
    return {};
  }
}
