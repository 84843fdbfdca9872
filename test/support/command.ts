/** The command line as tests call it: in this process, or in one of its own where signals and exits matter. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { main } from "../../src/cli/main.js";

/** How a command ended, and what it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a command here. @param input  what stands on its standard input */
export async function command(args: readonly string[], input = ""): Promise<Ended> {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await main(args, {
    out: (written) => void out.push(written),
    err: (written) => void err.push(written),
    terminal: { out: false, err: false },
    input: async () => input,
    lines: async function* () {
      yield* input.split("\n").filter((line, i, all) => line !== "" || i < all.length - 1);
    },
    taken: async () => {},
  });
  return { code, out: out.join(""), err: err.join("") };
}

const BIN = fileURLToPath(new URL("../../bin/flamingo.js", import.meta.url));

/** Loaded before a command, it ends every thread a while after it began. */
const SABOTEUR = new URL("./saboteur.mjs", import.meta.url).href;

/**
 * Starts a command in a process of its own.
 * @param sabotage  how its threads end too early, if they do
 */
export function start(
  args: readonly string[],
  { input, sabotage }: { readonly input?: string; readonly sabotage?: "throw" | "exit" } = {},
): { process: ChildProcess; ended: Promise<Ended> } {
  const flags = sabotage === undefined ? [] : ["--import", SABOTEUR];
  const env = { ...process.env, SABOTAGE: sabotage };
  const started = spawn(process.execPath, [...flags, BIN, ...args], { stdio: ["pipe", "pipe", "pipe"], env });
  started.stdin.end(input);
  const written = Promise.all([text(started.stdout), text(started.stderr), once(started, "close")]);
  return { process: started, ended: written.then(([out, err, [code]]) => ({ code: code as number | null, out, err })) };
}

/** Waits until a file has so many lines, and the others that are named are there too. */
export async function untilLines(path: string, count: number, ...others: string[]): Promise<void> {
  for (let tries = 0; tries < 6000; tries++) {
    const lines = await readFile(path, "utf8").catch(() => "");
    if (lines.split("\n").length > count && others.every(existsSync)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`${path} never had ${count} lines`);
}
