/** One file from the hub to the disk: resumed where it was interrupted, verified, and only then under its name. */
import { createHash, type Hash } from "node:crypto";
import { constants, type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { onDisk } from "./disk.node.js";
import { HubIntegrityError, HubNetworkError } from "./errors.js";
import type { FetchEvent } from "./events.js";
import type { FileHash } from "./listing.js";
import { locked } from "./lock.node.js";
import { patiently } from "./patience.js";
import type { Answer, Wire } from "./wire.node.js";

/** A file of which it is known how it must be. */
export interface KnownFile {
  readonly path: string;
  readonly size: number;
  readonly hash: FileHash;
}

export interface DownloadOptions {
  readonly retryMs: number;
  readonly signal: AbortSignal | undefined;
  readonly tell: (event: FetchEvent) => void;
  /** Told whenever bytes have come to the disk: how many of the file there are now. */
  readonly moved: (done: number) => void;
}

/**
 * Downloads a file to `to`, unless it is there. While it comes, it stands beside as `*.flamingo.incomplete`, where the
 * next call finds it; a name of our own, because others write their files in another order. Memory stays flat.
 *
 * @throws {HubIntegrityError} if what came is not what was published; it is deleted.
 * @throws {HubNetworkError} and others of the wire; {DiskFullError}; {OutputError}; the signal's reason. What came is kept.
 */
export async function download(
  wire: Wire,
  commit: string,
  file: KnownFile,
  to: string,
  options: DownloadOptions,
): Promise<void> {
  const { signal, tell } = options;
  const waiting = () => tell({ kind: "waiting", path: file.path });
  await onDisk(to, () =>
    locked(`${to}.flamingo.lock`, { signal, waiting }, async () => {
      if ((await sizeOf(to)) === file.size) return;
      const beside = `${to}.flamingo.incomplete`;
      const again = await attempt(wire, commit, file, beside, options);
      if (again !== undefined) {
        // The damage may be of the part that was kept from before. That part is now deleted.
        tell({ kind: "restarted", path: file.path, problem: again.problem });
        const whole = await attempt(wire, commit, file, beside, options);
        if (whole !== undefined) throw whole;
      }
      await rename(beside, to);
    }),
  );
}

/** @returns the fault of a file that was resumed and is damaged; of one that came whole it is thrown. It is deleted. */
async function attempt(
  wire: Wire,
  commit: string,
  file: KnownFile,
  beside: string,
  options: DownloadOptions,
): Promise<HubIntegrityError | undefined> {
  const partial = await Partial.open(beside, file);
  try {
    const resumedFrom = partial.done;
    if (resumedFrom > 0) options.tell({ kind: "resumed", path: file.path, from: resumedFrom });
    options.moved(resumedFrom);
    try {
      await patiently(() => receive(wire, commit, file, partial, options), {
        ...options,
        progress: () => partial.done,
      });
      await partial.verify();
    } catch (error) {
      if (!(error instanceof HubIntegrityError)) throw error;
      await rm(beside, { force: true });
      if (resumedFrom > 0) return error;
      throw error;
    }
    return undefined;
  } finally {
    await partial.close();
  }
}

/** Asks for what is missing, and writes what comes. */
async function receive(
  wire: Wire,
  commit: string,
  file: KnownFile,
  partial: Partial,
  { signal, tell, moved }: DownloadOptions,
): Promise<void> {
  if (partial.done === file.size) return;
  const answer = await wire.get(commit, file.path, partial.done, signal);
  if (partial.done > 0 && !continues(answer, partial.done, file.size)) {
    const problem = `${answer.from.host} sends the file from its beginning only`;
    tell({ kind: "restarted", path: file.path, problem });
    await partial.restart();
    if (answer.status !== 200) {
      answer.body.destroy();
      throw new HubNetworkError(`${file.path}: ${problem}.`, "try again", { passing: true });
    }
  }
  const pieces = answer.body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    for (;;) {
      // Only what reading throws is the network's.
      const { done, value } = await pieces.next().catch((error) => {
        signal?.throwIfAborted();
        throw wire.told(error, file.path, answer);
      });
      if (done) break;
      if (partial.done + value.length > file.size)
        throw new HubIntegrityError(file.path, "size", `${file.size}`, `more than ${file.size}`);
      await partial.write(value);
      moved(partial.done);
      signal?.throwIfAborted();
    }
  } finally {
    answer.body.destroy();
  }
  if (partial.done === file.size) return;
  if (answer.header("content-length") !== undefined)
    throw new HubIntegrityError(file.path, "size", `${file.size}`, `${partial.done}`);
  // Without a length, an end may be a cut.
  throw new HubNetworkError(
    `${file.path}: ${answer.from.host} ended after ${partial.done} of ${file.size} bytes.`,
    "try again; what has come is kept",
    { passing: true },
  );
}

/** Whether an answer holds just the bytes that are missing. */
function continues(answer: Answer, from: number, size: number): boolean {
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(answer.header("content-range") ?? "");
  if (answer.status !== 206 || range === null) return false;
  return Number(range[1]) === from && (range[3] === "*" || Number(range[3]) === size);
}

/** The bytes that have come, and their hash so far. */
class Partial {
  readonly #handle: FileHandle;
  readonly #file: KnownFile;
  #hash: Hash;
  done = 0;

  private constructor(handle: FileHandle, file: KnownFile) {
    this.#handle = handle;
    this.#file = file;
    this.#hash = beginHash(file);
  }

  /** Goes on with what an earlier download left. */
  static async open(path: string, file: KnownFile): Promise<Partial> {
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o666);
    const partial = new Partial(handle, file);
    try {
      const { size } = await handle.stat();
      if (size > file.size) await partial.restart();
      else await partial.#hashUpTo(size);
    } catch (error) {
      await handle.close();
      throw error;
    }
    return partial;
  }

  async write(piece: Uint8Array): Promise<void> {
    for (let written = 0; written < piece.length; ) {
      const { bytesWritten } = await this.#handle.write(piece, written, piece.length - written, this.done + written);
      written += bytesWritten;
    }
    this.#hash.update(piece);
    this.done += piece.length;
  }

  async restart(): Promise<void> {
    await this.#handle.truncate(0);
    this.#hash = beginHash(this.#file);
    this.done = 0;
  }

  /** @throws {HubIntegrityError} if the bytes are not those that were published */
  async verify(): Promise<void> {
    const { path, hash } = this.#file;
    const found = this.#hash.digest("hex");
    if (found !== hash.value) throw new HubIntegrityError(path, hash.kind, hash.value, found);
    await this.#handle.sync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  async #hashUpTo(size: number): Promise<void> {
    const piece = new Uint8Array(2 ** 20);
    while (this.done < size) {
      const { bytesRead } = await this.#handle.read(piece, 0, Math.min(piece.length, size - this.done), this.done);
      if (bytesRead === 0) break;
      this.#hash.update(piece.subarray(0, bytesRead));
      this.done += bytesRead;
    }
  }
}

/** Git hashes a blob behind its kind and size. */
function beginHash({ hash, size }: KnownFile): Hash {
  return hash.kind === "sha256" ? createHash("sha256") : createHash("sha1").update(`blob ${size}\0`);
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}
