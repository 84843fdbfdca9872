/** Writing so that whatever goes wrong, what stands under a name is whole: the old or the new, never a part. */
import { randomUUID } from "node:crypto";
import { cp, lstat, mkdir, open, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { FlamingoError, OutputError } from "./errors.js";

/**
 * Writes a file under another name beside it, flushes it to the disk, and gives it its name.
 * @throws {OutputError} if the place cannot be written; nothing is left behind.
 */
export async function writeAtomically(
  path: string,
  content: Uint8Array | string | Iterable<Uint8Array>,
): Promise<void> {
  await writeTogether([], path, content);
}

/**
 * Writes a file and others that it speaks of. All are whole on the disk before any gets its name, the one that speaks of
 * the others last, and an older one of that name is taken away first: what stands there never speaks of another's files.
 * Between the renamings, for an instant, there is no such file.
 *
 * @throws {OutputError} if the place cannot be written; before the first renaming everything stays as it was.
 */
export async function writeTogether(
  others: readonly (readonly [path: string, content: Iterable<Uint8Array>])[],
  path: string,
  content: Uint8Array | string | Iterable<Uint8Array>,
): Promise<void> {
  const files = [...others, [path, content] as const].map(([to, what]) => ({ to, what, temporary: beside(to) }));
  try {
    for (const { to, what, temporary } of files) await saying(to, () => writeFlushed(temporary, what));
    if (others.length > 0) await saying(path, () => rm(path, { force: true }));
    for (const { to, temporary } of files) await saying(to, () => rename(temporary, to));
    await flushFolder(dirname(path));
  } catch (error) {
    for (const { temporary } of files) await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/** A file that has no name yet. */
export interface PartialFile {
  /** Writes what comes next. @throws {OutputError} if the disk is full or fails */
  write(bytes: Uint8Array): Promise<void>;
  /** Flushes it to the disk and gives it its name, in place of what may have it. */
  keep(): Promise<void>;
  /** Removes it. */
  drop(): Promise<void>;
}

/**
 * Opens a file beside the place where it will stand, for what is written as it comes.
 * @throws {OutputError} if the place cannot be written
 */
export async function openPartial(path: string): Promise<PartialFile> {
  const temporary = beside(path);
  const file = await saying(path, () => open(temporary, "wx"));
  return {
    write: (bytes) => saying(path, () => file.writeFile(bytes)),
    async keep() {
      await saying(path, async () => {
        await file.sync();
        await file.close();
        await rename(temporary, path);
      });
      await flushFolder(dirname(path));
    },
    async drop() {
      await file.close().catch(() => {});
      await rm(temporary, { force: true });
    },
  };
}

/** Removes from a folder what killed processes left of files whose names pass; nobody else may be writing them. */
export async function sweepPartials(folder: string, ours: (name: string) => boolean): Promise<void> {
  for (const name of (await standing(folder)) ?? []) {
    const [, whole] = PARTIAL.exec(name) ?? [];
    if (whole !== undefined && ours(whole)) await rm(join(folder, name), { force: true });
  }
}

/**
 * Makes a folder under another name beside it and then gives it its name, in place of one that may stand there. Files of
 * the old folder that the new one does not have are carried over, unless they are outdated by it. Between two renamings,
 * for an instant, there is no folder.
 *
 * @param known  a file by which an old folder is known to be of the same kind: others are not replaced.
 * @param make  fills the new folder, whose path it is given; what it throws is thrown, and the old folder stays.
 * @param outdated  whether a file of the old folder, by its name, speaks of what is replaced; none does unless told.
 * @throws {OutputError} if the place cannot be written, or holds something else.
 */
export async function replaceFolder(
  place: string,
  known: string,
  make: (folder: string) => Promise<void>,
  outdated: (name: string) => boolean = () => false,
): Promise<void> {
  const old = await requireReplaceable(place, known);
  // Where a link leads to it, what it leads to is replaced, on its own disk.
  const path = old === undefined ? place : await saying(place, () => realpath(place));
  const temporary = beside(path);
  const retired = beside(path);
  try {
    await saying(path, async () => {
      await makeAll(dirname(resolve(path)));
      await sweepFolders(path, known);
      await mkdir(temporary);
    });
    await make(temporary);
    await saying(path, async () => {
      if (old !== undefined) {
        const filter = (from: string) => dirname(from) !== path || !outdated(basename(from));
        await cp(path, temporary, { recursive: true, force: false, preserveTimestamps: true, filter });
        await rename(path, retired);
      }
      await rename(temporary, path).catch(async (error) => {
        if (old !== undefined) await rename(retired, path);
        throw error;
      });
      await flushFolder(dirname(path));
    });
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
  await rm(retired, { recursive: true, force: true });
}

/** So long nothing was written into a folder that no process is making any more. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/**
 * Removes what killed processes left of such a folder long ago. One that has the file by which it is known may be all that
 * there is of an older one, and stays.
 */
async function sweepFolders(path: string, known: string): Promise<void> {
  const place = dirname(path);
  for (const name of await readdir(place)) {
    if (PARTIAL.exec(name)?.[1] !== basename(path)) continue;
    const left = join(place, name);
    const inside = await readdir(left, { recursive: true }).catch(() => undefined);
    if (inside === undefined || inside.includes(known)) continue;
    const written = await Promise.all(["", ...inside].map((file) => stat(join(left, file)).catch(() => undefined)));
    const last = Math.max(...written.map((file) => file?.mtimeMs ?? 0));
    if (Date.now() - last > ABANDONED_MS) await rm(left, { recursive: true, force: true });
  }
}

/**
 * What stands in a folder that may be replaced; undefined if there is none.
 * @param known  as `replaceFolder` has it
 * @throws {OutputError} if it cannot be read, is a link to nothing, or holds something else
 */
export async function requireReplaceable(path: string, known: string): Promise<readonly string[] | undefined> {
  const old = await saying(path, () => standing(path));
  if (old === undefined && (await lstat(path).catch(() => undefined))?.isSymbolicLink())
    throw new OutputError(`${path} is a link to what is not there.`, "make the folder that it leads to");
  if (old !== undefined && old.length > 0 && !old.includes(known))
    throw new OutputError(
      `${path} holds other things (${old.slice(0, 3).join(", ")}).`,
      "choose a new or an empty folder",
    );
  return old;
}

/**
 * Makes a folder, and those above it, where there are none.
 * @throws {OutputError} if it cannot be made, or something else stands in its place.
 */
export async function makeFolder(path: string): Promise<void> {
  await saying(path, () => makeAll(resolve(path)));
}

/** One by one: Node's own way of making all of them never returns in places such as /proc, which deny what they hold. */
async function makeAll(path: string): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory()) return;
  if (there !== undefined) throw new OutputError(`${path} is no folder.`, "choose another place, or move it away");
  const parent = dirname(path);
  if (parent !== path) await makeAll(parent);
  await mkdir(path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}

/** What `beside` makes, and the name that it is for. */
const PARTIAL = /^\.(.*)\.[0-9a-f]{8}\.partial$/;

/** A name in the same folder, so that renaming stays on one disk. */
function beside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}.partial`);
}

/** What stands in a folder; nothing if there is none. */
async function standing(path: string): Promise<string[] | undefined> {
  try {
    return await readdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function writeFlushed(path: string, content: Uint8Array | string | Iterable<Uint8Array>): Promise<void> {
  const file = await open(path, "wx");
  try {
    const pieces = typeof content === "string" || content instanceof Uint8Array ? [content] : content;
    for (const piece of pieces) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a renaming last. Some systems cannot flush folders; there the system's own time has to do. */
async function flushFolder(path: string): Promise<void> {
  const folder = await open(path).catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

/**
 * Does what writes to a place.
 * @throws {OutputError} for what the system refuses, told with the place; anything else as it is
 */
export async function saying<Result>(path: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (cause) {
    if (cause instanceof FlamingoError || (cause as NodeJS.ErrnoException).code === undefined) throw cause;
    throw new OutputError(
      `${path} cannot be written: ${(cause as Error).message}.`,
      "choose a place that is writable, has space, and whose parents are folders",
      { cause },
    );
  }
}
