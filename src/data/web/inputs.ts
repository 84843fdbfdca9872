/** What a set is built of, cut into chunks: each is worked on by one process, and gives the same whoever does it. */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { UsageError } from "../../errors.js";

export type Chunk =
  /** A WARC file. */
  | { readonly kind: "archive"; readonly path: string; readonly bytes: number }
  /** Pages in a folder, by their paths from it, with the pictures beside them. */
  | { readonly kind: "pages"; readonly folder: string; readonly files: readonly string[] }
  /** Lines of a list of addresses, the first of them line `first`, from 0. */
  | {
      readonly kind: "addresses";
      readonly path: string;
      readonly first: number;
      readonly addresses: readonly string[];
    };

/** Pages of a folder in a chunk, and addresses of a list. */
const PAGES = 500;
const ADDRESSES = 200;

const ARCHIVE = /\.warc(\.gz)?$/i;
const PAGE = /\.x?html?$/i;

/**
 * The chunks of inputs, in an order that depends on their names alone.
 * @param inputs  paths of WARC files, of `.html` files, of folders of either, of `.txt` lists of addresses; `*` and `?` in a
 *   path stand for any signs of a name, `**` for any folders
 * @throws {UsageError} if there is nothing at a path, or nothing that is known
 */
export async function chunksOf(inputs: readonly string[]): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  for (const input of inputs) {
    const paths = /[*?]/.test(input) ? await expanded(input) : [input];
    if (paths.length === 0) throw new UsageError(`Nothing is there like ${input}.`, "check the pattern and the folder");
    for (const path of paths) chunks.push(...(await chunksAt(path)));
  }
  return chunks;
}

async function chunksAt(path: string): Promise<Chunk[]> {
  const found = await stat(path).catch((cause: Error) => {
    throw new UsageError(`${path} cannot be read: ${cause.message}.`, "give a WARC file, a folder or a list", {
      cause,
    });
  });
  if (found.isDirectory()) {
    const files = (await readdir(path, { recursive: true, withFileTypes: true }))
      .filter((entry) => !entry.isDirectory())
      .map((entry) => relative(path, join(entry.parentPath, entry.name)))
      .sort();
    const pages = files.filter((file) => PAGE.test(file));
    const archives = files.filter((file) => ARCHIVE.test(file));
    if (pages.length + archives.length === 0)
      throw new UsageError(`${path} holds no .html and no .warc files.`, "give a folder with one of them");
    return [
      ...(await Promise.all(archives.map((file) => chunksAt(join(path, file))))).flat(),
      ...cut(pages, PAGES).map((some): Chunk => ({ kind: "pages", folder: path, files: some })),
    ];
  }
  if (ARCHIVE.test(path)) return [{ kind: "archive", path, bytes: found.size }];
  if (PAGE.test(path)) return [{ kind: "pages", folder: dirname(path), files: [basename(path)] }];
  if (/\.(txt|urls|list)$/i.test(path)) {
    const lines = (await readFile(path, "utf8")).split(/\r?\n/).map((line) => line.trim());
    return cut(lines, ADDRESSES).map(
      (addresses, n): Chunk => ({ kind: "addresses", path, first: n * ADDRESSES, addresses }),
    );
  }
  throw new UsageError(
    `${path} is of no kind that is known by its name.`,
    "give .warc or .warc.gz files, .html files, folders of them, or a .txt list of addresses",
  );
}

function cut<Item>(items: readonly Item[], each: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / each) }, (_, n) => items.slice(n * each, (n + 1) * each));
}

/** Paths that a pattern stands for, sorted. */
async function expanded(pattern: string): Promise<string[]> {
  const parts = pattern.replaceAll("\\", "/").split("/");
  const fixed = parts.findIndex((part) => /[*?]/.test(part));
  const root = parts.slice(0, fixed).join("/") || (pattern.startsWith("/") ? "/" : ".");
  const rest = parts.slice(fixed);
  const source = rest
    .map((part) => part.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&"))
    .map((part) => (part === "**" ? "(?:.*)" : part.replaceAll("*", "[^/]*").replaceAll("?", "[^/]")))
    .join("/")
    .replaceAll("(?:.*)/", "(?:.*/)?");
  const wanted = new RegExp(`^${source}$`);
  const deep = rest.length > 1;
  const found = await readdir(root, { recursive: deep }).catch(() => []);
  return found
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => wanted.test(path))
    .sort()
    .map((path) => (root === "." ? path : join(root, path)));
}
