/** Writing so that a name stands for a whole file or for none, whenever the process is killed. */
import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

const PARTIAL = /^\.(.*)\.[0-9a-f]{8}\.partial$/;

/** A file that has no name yet. */
export interface PartialFile {
  readonly file: FileHandle;
  /** Flushes it to the disk and gives it its name, in place of what may have it. */
  keep(): Promise<void>;
  /** Removes it. */
  drop(): Promise<void>;
}

/** Opens a file beside the place where it will stand; makes the folder. */
export async function openPartial(path: string): Promise<PartialFile> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `.${basename(path)}.${randomUUID().slice(0, 8)}.partial`);
  const file = await open(temporary, "wx");
  return {
    file,
    async keep() {
      await file.sync();
      await file.close();
      await rename(temporary, path);
      const opened = await open(folder).catch(() => undefined);
      await opened?.sync().catch(() => undefined);
      await opened?.close();
    },
    async drop() {
      await file.close().catch(() => undefined);
      await rm(temporary, { force: true });
    },
  };
}

/** Writes a whole file. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const partial = await openPartial(path);
  try {
    await partial.file.writeFile(content);
    await partial.keep();
  } catch (error) {
    await partial.drop();
    throw error;
  }
}

/** Removes what killed processes left of files whose names pass. */
export async function sweepPartials(folder: string, ours: (name: string) => boolean): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const [, whole] = PARTIAL.exec(name) ?? [];
    if (whole !== undefined && ours(whole)) await rm(join(folder, name), { force: true });
  }
}
