/** The files of a tar on the disk, plain or compressed by gzip, piece by piece. */
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { constants, createGunzip } from "node:zlib";
import { ShardError } from "./errors.js";
import { type TarEntry, type TarFault, TarParser } from "./tar-parser.js";

/** Bytes that are read at once, while those before them are worked on. */
const PIECE = 1 << 21;

/** By the first two or four bytes of a file. */
const COMPRESSIONS: Readonly<Record<string, string>> = {
  "1f8b": "gzip",
  "425a": "bzip2",
  "28b52ffd": "zstd",
  fd377a58: "xz",
};

/**
 * Reads a tar from its beginning or from a header in it. What is in an item stays as it is; it keeps the whole piece that it
 * was read with in memory.
 * @param from  byte of the tar, once decompressed, at which a header begins
 * @returns  what was read at once, again and again; damage is among it
 * @throws {ShardError} if the file cannot be opened or read
 */
export async function* readTarFile(path: string, from = 0): AsyncGenerator<(TarEntry | TarFault)[]> {
  let file: FileHandle;
  try {
    file = await open(path);
  } catch (cause) {
    throw new ShardError(
      `${path} cannot be read: ${(cause as Error).message}.`,
      "give a tar, or a folder of tars, that is there and may be read",
      { cause },
    );
  }
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    const compression = COMPRESSIONS[buffer.toString("hex")] ?? COMPRESSIONS[buffer.toString("hex", 0, 2)];
    if (compression === undefined) yield* readPlain(path, file, from);
    else if (compression === "gzip") yield* readCompressed(path, from);
    else yield [{ reason: "unknown compression", at: 0, found: `${compression}; tars are read plain or by gzip` }];
  } finally {
    await file.close();
  }
}

async function* readPlain(path: string, file: FileHandle, from: number): AsyncGenerator<(TarEntry | TarFault)[]> {
  const parser = new TarParser(from);
  let at = from;
  const read = () => file.read(Buffer.allocUnsafeSlow(PIECE), 0, PIECE, at);
  let next = read();
  next.catch(() => undefined);
  for (;;) {
    const { bytesRead, buffer } = await next.catch((cause: Error) => {
      throw new ShardError(`${path} cannot be read at byte ${at}: ${cause.message}.`, "check the disk and the file", {
        cause,
      });
    });
    if (bytesRead === 0) break;
    at += bytesRead;
    next = read();
    next.catch(() => undefined);
    yield [...parser.push(buffer.subarray(0, bytesRead))];
  }
  yield [...parser.end()];
}

/** Offsets are those of the decompressed bytes, and there is no way to one but through those before it. */
async function* readCompressed(path: string, from: number): AsyncGenerator<(TarEntry | TarFault)[]> {
  const parser = new TarParser();
  const bytes = createReadStream(path, { highWaterMark: 1 << 18 });
  // Of a file that is cut off it gives all that is there, and the tar is then seen to be.
  const plain = createGunzip({ chunkSize: 1 << 18, finishFlush: constants.Z_SYNC_FLUSH });
  bytes.on("error", (error) => plain.destroy(error));
  bytes.pipe(plain);
  let read = 0;
  try {
    for await (const piece of plain) {
      read += (piece as Buffer).length;
      yield [...parser.push(piece as Buffer)].filter(({ at }) => at >= from);
    }
  } catch (error) {
    yield [{ reason: "damaged compression", at: read, found: (error as Error).message, file: parser.file }];
    return;
  } finally {
    bytes.destroy();
    plain.destroy();
  }
  yield [...parser.end()].filter(({ at }) => at >= from);
}
