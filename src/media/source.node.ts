/** Bytes from wherever a person points in Node. */
import { open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { FlamingoError } from "../errors.js";
import { bytesAt, MediaSourceError, MediaTooLargeError, type SourceOptions } from "./source.js";

/** Reads a file path, a `file:`, `http:` or `https:` URL, or a `data:` URL, to the end. Errors as for `bytesAt`. */
export function fetchOrRead(source: string, options: SourceOptions = {}): Promise<Uint8Array> {
  return bytesAt(source, options, fromFile);
}

async function fromFile(source: string, maxBytes: number): Promise<Uint8Array> {
  const path = source.startsWith("file:") ? fileURLToPath(source) : source;
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size > maxBytes) throw new MediaTooLargeError(path, size, maxBytes);
    const { buffer, byteOffset, length } = await file.readFile();
    return new Uint8Array(buffer, byteOffset, length);
  } catch (cause) {
    if (cause instanceof FlamingoError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "EISDIR") {
      throw new MediaSourceError(`${path} is a folder.`, "name one file inside it", { cause });
    }
    if (code === "EACCES" || code === "EPERM") {
      throw new MediaSourceError(`${path} may not be read by this user.`, "change the file's permissions", { cause });
    }
    if (code !== "ENOENT" && code !== "ENOTDIR") {
      throw new MediaSourceError(
        `${path} could not be read: ${(cause as Error).message}.`,
        "check the disk and the path",
        {
          cause,
        },
      );
    }
    throw new MediaSourceError(
      `There is no file ${path}.`,
      `check the spelling; paths are taken from the working folder ${process.cwd()}`,
      { cause },
    );
  }
}
