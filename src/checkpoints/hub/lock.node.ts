/** One process at a time. Whoever is killed while it holds a lock does not keep the others from it. */
import { readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { pause } from "./patience.js";

/** A holder says so often that it lives. */
const SIGN_OF_LIFE_MS = 5_000;
/** A holder that is silent for so long is dead, wherever it was. */
const SILENCE_MS = 30_000;
const LOOK_MS = 200;

/**
 * Does work while no other process that asks for the same lock does.
 * @param path  a file that stands for the lock while it is held
 * @param waiting  told once, if somebody else holds it
 * @throws what the work throws; the signal's reason; errors of the file system if the lock cannot be made
 */
export async function locked<Result>(
  path: string,
  { signal, waiting }: { readonly signal: AbortSignal | undefined; readonly waiting: () => void },
  work: () => Promise<Result>,
): Promise<Result> {
  for (let told = false; !(await claim(path)); told = true) {
    if (!told) waiting();
    await pause(LOOK_MS, signal);
  }
  const alive = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, SIGN_OF_LIFE_MS);
  try {
    return await work();
  } finally {
    clearInterval(alive);
    await rm(path, { force: true });
  }
}

async function claim(path: string): Promise<boolean> {
  const own = JSON.stringify({ host: hostname(), process: process.pid });
  if (await create(path, own)) return true;
  if (!(await abandoned(path))) return false;
  await rm(path, { force: true });
  return create(path, own);
}

async function create(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function abandoned(path: string): Promise<boolean> {
  const [found, text] = await Promise.all([stat(path), readFile(path, "utf8")]).catch(() => []);
  // It was given back meanwhile.
  if (found === undefined) return true;
  if (Date.now() - found.mtimeMs > SILENCE_MS) return true;
  try {
    const holder = JSON.parse(text!) as { host: string; process: number };
    return holder.host === hostname() && !lives(holder.process);
  } catch {
    // Made this instant and not written yet.
    return false;
  }
}

function lives(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
