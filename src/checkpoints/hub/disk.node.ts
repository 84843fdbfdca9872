/** The disk under the cache: its space, and its failures in words. */
import { statfs } from "node:fs/promises";
import { OutputError } from "../../errors.js";
import { DiskFullError } from "./errors.js";

const MEND =
  "make space, or set HF_HUB_CACHE to a folder of a larger disk; then give the same command again: what has come is kept";

/**
 * Looks whether a folder's disk has space, before anything is written.
 * @throws {DiskFullError} if not
 */
export async function requireSpace(folder: string, bytes: number): Promise<void> {
  const free = await freeBytes(folder);
  if (free !== undefined && free < bytes)
    throw new DiskFullError(
      `The disk of ${folder} has ${inUnits(free)} free; ${inUnits(bytes)} are to be downloaded.`,
      MEND,
    );
}

/** Does what writes to the disk. @throws {DiskFullError} if there is no space, {OutputError} if the place cannot be written */
export async function onDisk<Result>(path: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (cause) {
    const { code, message, syscall } = cause as NodeJS.ErrnoException;
    if (syscall === undefined) throw cause;
    if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG")
      throw new DiskFullError(`The disk is full: ${path} cannot be written any further: ${message}.`, MEND, { cause });
    throw new OutputError(
      `${path} cannot be written: ${message}.`,
      "set HF_HUB_CACHE to a folder that is writable and whose parents are folders",
      { cause },
    );
  }
}

/** Bytes as people read them: `3.4 GiB`. */
export function inUnits(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
  const power = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`;
}

/** Undefined where the file system does not say. */
async function freeBytes(folder: string): Promise<number | undefined> {
  const found = await statfs(folder).catch(() => undefined);
  if (found === undefined || found.blocks === 0) return undefined;
  return found.bavail * found.bsize;
}
