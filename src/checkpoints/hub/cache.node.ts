/**
 * Downloaded files on the disk, laid out as Python's `huggingface_hub` does it, so that each uses what the other fetched:
 *
 *     models--OWNER--NAME/
 *       blobs/HASH                 the bytes, named by what they are
 *       refs/REVISION              the commit that a branch or tag was when it was last asked for
 *       snapshots/COMMIT/PATH      a link to a blob
 *       .flamingo/COMMIT.json      ours: what the hub listed there, so that it need not be asked again
 */
import { copyFile, link, mkdir, readdir, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { makeFolder, writeAtomically } from "../../atomic.node.js";
import { onDisk } from "./disk.node.js";
import { HubAnswerError } from "./errors.js";
import { type FileHash, type Listing, parseListing, type RepositoryFile, writtenListing } from "./listing.js";
import { COMMIT, type HubSource } from "./source.js";

/** What the cache has of one repository. */
export class RepositoryCache {
  readonly folder: string;

  constructor(cache: string, { owner, name }: HubSource) {
    this.folder = join(cache, `models--${owner}--${name}`);
  }

  /** Where the files of a commit stand under their names. */
  snapshot(commit: string): string {
    return join(this.folder, "snapshots", commit);
  }

  blob(hash: FileHash): string {
    return join(this.folder, "blobs", hash.value);
  }

  /** The commit that a revision is, as far as the cache knows. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (COMMIT.test(revision)) return revision;
    const text = await readFile(join(this.folder, "refs", revision), "utf8").catch(() => "");
    return COMMIT.test(text.trim()) ? text.trim() : undefined;
  }

  /** What the hub listed at a commit when it was last asked; undefined if it never was. */
  async listing(commit: string): Promise<Listing | undefined> {
    const path = this.#listing(commit);
    const text = await readFile(path, "utf8").catch(() => undefined);
    if (text === undefined) return undefined;
    try {
      const listing = parseListing(text, path);
      return listing.commit === commit ? listing : undefined;
    } catch (error) {
      // It is only a note: what is damaged is asked for again.
      if (error instanceof HubAnswerError) return undefined;
      throw error;
    }
  }

  /** Notes what a revision is and holds. A cache that cannot be written is no fault: the notes save requests, no more. */
  async note(revision: string, listing: Listing): Promise<void> {
    const ref = join(this.folder, "refs", revision);
    try {
      if (!COMMIT.test(revision) && (await this.commitOf(revision)) !== listing.commit) {
        await makeFolder(dirname(ref));
        await writeAtomically(ref, listing.commit);
      }
      if ((await this.listing(listing.commit)) !== undefined) return;
      await makeFolder(dirname(this.#listing(listing.commit)));
      await writeAtomically(this.#listing(listing.commit), writtenListing(listing));
    } catch {
      return;
    }
  }

  /** Whether a file stands under its name, whole as far as its size tells. */
  async has(commit: string, { path, size }: RepositoryFile): Promise<boolean> {
    const found = await stat(join(this.snapshot(commit), path)).catch(() => undefined);
    return found?.isFile() === true && (size === undefined || found.size === size);
  }

  /** Whether the bytes of a file are there, perhaps under the name of another commit. */
  async hasBlob(hash: FileHash, size: number): Promise<boolean> {
    const found = await stat(this.blob(hash)).catch(() => undefined);
    return found?.isFile() === true && found.size === size;
  }

  /** Gives a blob its name in a commit: a link, or a copy where the file system has no links. */
  async name(commit: string, path: string, hash: FileHash): Promise<void> {
    const [to, blob] = [join(this.snapshot(commit), path), this.blob(hash)];
    await onDisk(to, async () => {
      await mkdir(dirname(to), { recursive: true });
      await rm(to, { force: true });
      await symlink(relative(dirname(to), blob), to).catch(async (error: NodeJS.ErrnoException) => {
        // Another process was quicker, with the same.
        if (error.code === "EEXIST") return;
        await link(blob, to).catch(() => copyWhole(blob, to));
      });
    });
  }

  /** Files of a commit that stand on the disk, whoever put them there. */
  async standing(commit: string): Promise<RepositoryFile[]> {
    return filesIn(this.snapshot(commit)).catch(() => []);
  }

  #listing(commit: string): string {
    return join(this.folder, ".flamingo", `${commit}.json`);
  }
}

/**
 * All files of a folder and of those in it, sorted by path; links to files are files.
 * @throws errors of the file system if it cannot be listed
 */
export async function filesIn(folder: string): Promise<RepositoryFile[]> {
  const names = await readdir(folder, { recursive: true });
  const files: RepositoryFile[] = [];
  for (const name of names.sort()) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found?.isFile()) files.push({ path: name.replaceAll("\\", "/"), size: found.size });
  }
  return files;
}

/** So that an interrupted copy is never taken for the file. */
async function copyWhole(from: string, to: string): Promise<void> {
  await copyFile(from, `${to}.incomplete`);
  await rename(`${to}.incomplete`, to);
}
