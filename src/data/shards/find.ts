/** The tars of a folder, and where in them samples stand. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { ShardError } from "./errors.js";
import { type Damage, Grouping, type Sample } from "./sample.js";
import { readTarFile } from "./tar-file.js";

const TAR = /\.(tar|tar\.gz|tgz)$/;

/**
 * The tars that some paths name: of a folder all that stand in it, by name; a file itself.
 * @throws {ShardError} if there is nothing at a path, or a folder has no tar
 */
export async function findShards(paths: string | readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of typeof paths === "string" ? [paths] : paths) {
    const there = await stat(path).catch(() => undefined);
    if (there === undefined)
      throw new ShardError(`There is nothing at ${path}.`, "give a folder of tars, or a tar, that is there");
    if (!there.isDirectory()) {
      found.push(path);
      continue;
    }
    const names = (await readdir(path)).filter((name) => TAR.test(name) && !name.startsWith(".")).sort();
    if (names.length === 0)
      throw new ShardError(`${path} holds no tar.`, "give a folder of shards: files that end in .tar, .tar.gz or .tgz");
    found.push(...names.map((name) => join(path, name)));
  }
  return found;
}

/**
 * The samples of a tar in their order, and what is damaged between them.
 * @param from  a sample at which to begin; what bears its number is given too
 * @throws {ShardError} if the file cannot be opened or read
 */
export async function* samplesIn(
  path: string,
  from: { readonly number: number; readonly at: number } = { number: 0, at: 0 },
): AsyncGenerator<(Sample | Damage)[]> {
  const grouping = new Grouping(from.number);
  for await (const items of readTarFile(path, from.at)) yield [...grouping.push(items)];
  yield [...grouping.end()];
}
