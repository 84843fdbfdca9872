/** Published files on this machine's disk, wherever they were. */
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { makeFolder } from "../../atomic.node.js";
import { filesIn, RepositoryCache } from "./cache.node.js";
import { requireSpace } from "./disk.node.js";
import { download, type KnownFile } from "./download.node.js";
import { HubAnswerError, HubOfflineError, SourceError } from "./errors.js";
import type { FetchEvent } from "./events.js";
import { hashOfTag, type ListedFile, type Listing, parseListing, type RepositoryFile } from "./listing.js";
import { patiently } from "./patience.js";
import { type HubSettings, hubSettings } from "./settings.node.js";
import { COMMIT, type HubSource, parseSource, type Source, writtenSource } from "./source.js";
import { openWire, type Wire } from "./wire.node.js";

export interface FetchOptions {
  /** Which files are needed. Asked once for each file of the source; the others are neither downloaded nor returned. */
  readonly wanted: (file: RepositoryFile) => boolean;
  /** Told what happens. */
  readonly onProgress?: (event: FetchEvent) => void;
  /** Interrupts; what has come is kept, and the next call goes on from there. */
  readonly signal?: AbortSignal;
  /** Those of the environment unless told. */
  readonly settings?: HubSettings;
}

/** Files that stand on the disk, whole. */
export interface Fetched {
  /** The folder in which the files have their paths. In the cache they may be links. */
  readonly folder: string;
  /** The commit of the repository; undefined for a folder of this machine. */
  readonly commit: string | undefined;
  /** The wanted files that the source has, by path, sorted. Whether any is missing is for the caller to see. */
  readonly files: readonly RepositoryFile[];
  /** Bytes that came over the network in this call. */
  readonly downloadedBytes: number;
}

/**
 * Gets the wanted files of a source. Those of a local folder stay where they are. Those of a repository of the hub come
 * into the cache that Python's `huggingface_hub` uses too, each resumed where it was interrupted, verified by size and
 * hash, and only then under its name; files that are there already are not fetched again. Once the files of a commit are
 * there, `hf:owner/name@COMMIT` asks the network for nothing; a branch or tag costs one request, to learn what it is now.
 *
 * @param source  a folder, `hf:owner/name` or `hf:owner/name@revision`
 * @throws {SourceError} for a source that is malformed, or a folder that is not there
 * @throws {HubSettingError} for an environment variable that cannot be meant
 * @throws {HubAccessError | HubNotFoundError | HubNetworkError | HubAnswerError} for what the hub refuses or breaks off
 * @throws {HubOfflineError} under `HF_HUB_OFFLINE`, for files that the cache does not have
 * @throws {HubIntegrityError} for a file that is not what was published; it is deleted
 * @throws {DiskFullError | OutputError} for a disk without space, or a cache that cannot be written
 */
export async function fetchRepository(source: string | Source, options: FetchOptions): Promise<Fetched> {
  const parsed = typeof source === "string" ? parseSource(source) : source;
  options.signal?.throwIfAborted();
  if (parsed.kind === "folder") return fromFolder(parsed.path, options.wanted);
  const settings = options.settings ?? (await hubSettings(process.env));
  const cache = new RepositoryCache(settings.cache, parsed);
  if (settings.offline) return fromCache(cache, parsed, options);
  const wire = openWire(parsed, settings);
  try {
    return await fromHub(wire, cache, parsed, settings, options);
  } finally {
    await wire.close();
  }
}

async function fromFolder(path: string, wanted: FetchOptions["wanted"]): Promise<Fetched> {
  const folder = resolve(path);
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory())
    throw new SourceError(
      `There is no folder ${folder}.`,
      `check the path${/^[\w.-]+\/[\w.-]+$/.test(path) ? `, or write "hf:${path}" for the repository of the hub` : ""}`,
    );
  const files = await filesIn(folder).catch((cause: Error) => {
    throw new SourceError(`The folder ${folder} cannot be read: ${cause.message}.`, "check its permissions", { cause });
  });
  return { folder, commit: undefined, files: files.filter(wanted), downloadedBytes: 0 };
}

/** What is there, without the network. */
async function fromCache(cache: RepositoryCache, source: HubSource, options: FetchOptions): Promise<Fetched> {
  const { wanted, onProgress: tell = () => {} } = options;
  const written = writtenSource(source);
  const commit = await cache.commitOf(source.revision);
  const standing = commit === undefined ? [] : await cache.standing(commit);
  // Of what Python fetched there is no listing; then what stands there is all that can be known.
  const listed = commit === undefined ? undefined : await cache.listing(commit);
  const files = (listed?.files ?? standing).filter(wanted).sort(byPath);
  const missing: string[] = [];
  for (const file of files) if (!(await cache.has(commit!, file))) missing.push(file.path);
  if (commit === undefined || standing.length === 0 || missing.length > 0)
    throw new HubOfflineError(
      `${written} is not all in the cache ${cache.folder}${missing.length > 0 ? `: ${missing.join(", ")} missing` : ""}, and HF_HUB_OFFLINE forbids to ask the hub.`,
      "unset HF_HUB_OFFLINE and give the command again, or copy the cache of a machine that has the files",
    );
  tell({ kind: "listed", source: written, commit, files: files.length, present: files.length, asked: false });
  return { folder: cache.snapshot(commit), commit, files: files.map(plain), downloadedBytes: 0 };
}

async function fromHub(
  wire: Wire,
  cache: RepositoryCache,
  source: HubSource,
  { retryMs }: HubSettings,
  { wanted, onProgress: tell = () => {}, signal }: FetchOptions,
): Promise<Fetched> {
  const patience = { retryMs, signal, tell };
  const kept = COMMIT.test(source.revision) ? await cache.listing(source.revision) : undefined;
  const listing = kept ?? (await patiently(() => ask(wire, source, signal), patience));
  const { commit } = listing;
  if (kept === undefined) await cache.note(source.revision, listing);

  const files = listing.files.filter(({ path, size }) => wanted({ path, size })).sort(byPath);
  const missing: ListedFile[] = [];
  for (const file of files) if (!(await cache.has(commit, file))) missing.push(file);
  const present = files.length - missing.length;
  tell({
    kind: "listed",
    source: writtenSource(source),
    commit,
    files: files.length,
    present,
    asked: kept === undefined,
  });

  await makeFolder(cache.snapshot(commit));
  if (missing.length > 0) await makeFolder(join(cache.folder, "blobs"));
  const known: KnownFile[] = [];
  for (const file of missing) known.push(await patiently(() => identify(wire, commit, file, signal), patience));
  const absent: KnownFile[] = [];
  for (const file of known) if (!(await cache.hasBlob(file.hash, file.size))) absent.push(file);
  const sizeOfAll = absent.reduce((sum, { size }) => sum + size, 0);
  await requireSpace(cache.folder, sizeOfAll - (await begun(cache, absent)));

  let downloadedBytes = 0;
  let doneBefore = 0;
  for (const file of known) {
    const { path, size, hash } = file;
    if (absent.includes(file)) {
      let last: number | undefined;
      const moved = (done: number) => {
        if (last !== undefined && done > last) downloadedBytes += done - last;
        last = done;
        tell({ kind: "progress", path, done, size, doneOfAll: doneBefore + done, sizeOfAll });
      };
      await download(wire, commit, file, cache.blob(hash), { ...patience, moved });
      doneBefore += size;
    }
    await cache.name(commit, path, hash);
    if (absent.includes(file)) tell({ kind: "fetched", path, size });
  }
  return { folder: cache.snapshot(commit), commit, files: files.map(plain), downloadedBytes };
}

async function ask(wire: Wire, source: HubSource, signal: AbortSignal | undefined): Promise<Listing> {
  const written = writtenSource(source);
  const listing = parseListing(await wire.listing(signal), `The answer for ${written}`);
  if (COMMIT.test(source.revision) && listing.commit !== source.revision)
    throw new HubAnswerError(
      `Asked for commit ${source.revision} of ${written}, the hub answered with ${listing.commit}.`,
      "check that HF_ENDPOINT is the address of a hub",
    );
  return listing;
}

/** Size and hash of a file: as it was listed, or else as a request for the file tells. */
async function identify(
  wire: Wire,
  commit: string,
  { path, size, hash }: ListedFile,
  signal: AbortSignal | undefined,
): Promise<KnownFile> {
  if (size !== undefined && hash !== undefined) return { path, size, hash };
  const { header } = await wire.head(commit, path, signal);
  const length = header("x-linked-size") ?? header("content-length") ?? "";
  const toldHash = hashOfTag(header("x-linked-etag") ?? header("etag"));
  if (!/^\d+$/.test(length) || toldHash === undefined)
    throw new HubAnswerError(
      `${path}: the hub tells neither in its listing nor in the file's headers both size and hash, so that the file could not be verified.`,
      "use an HF_ENDPOINT that passes the hub's headers on (X-Linked-Size, X-Linked-Etag, ETag)",
    );
  return { path, size: Number(length), hash: toldHash };
}

/** Bytes that earlier calls left of files that are not whole yet. */
async function begun(cache: RepositoryCache, files: readonly KnownFile[]): Promise<number> {
  const sizes = files.map(({ hash }) => stat(`${cache.blob(hash)}.flamingo.incomplete`).catch(() => undefined));
  return (await Promise.all(sizes)).reduce((sum, found) => sum + (found?.size ?? 0), 0);
}

const plain = ({ path, size }: RepositoryFile): RepositoryFile => ({ path, size });
const byPath = (a: RepositoryFile, b: RepositoryFile): number => (a.path < b.path ? -1 : 1);
