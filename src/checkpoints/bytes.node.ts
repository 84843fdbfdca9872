/** Files of the disk, read by range. */
import { open, stat } from "node:fs/promises";
import { type Bytes, checkRange } from "./bytes.js";
import { ModelFolderError } from "./errors.js";

/** A single read call of the system stops short of 2 GiB. */
const LONGEST_READ = 2 ** 30;

/**
 * A file, opened anew for every read, so that nothing needs closing.
 * @throws {ModelFolderError} if there is no such file; when it is read, if it has changed since.
 */
export async function fileBytes(path: string): Promise<Bytes> {
  const found = await stat(path).catch((cause: Error) => {
    throw unreadable(path, cause);
  });
  if (!found.isFile()) throw new ModelFolderError(`${path} is no file.`, "name a file of weights");
  return {
    place: path,
    size: found.size,
    async read(begin, end, into) {
      checkRange({ place: path, size: found.size }, begin, end);
      const file = await open(path).catch((cause: Error) => {
        throw unreadable(path, cause);
      });
      try {
        const now = await file.stat();
        if (now.size !== found.size || now.mtimeMs !== found.mtimeMs) throw changed(path, found.size, now.size);
        const bytes = into?.subarray(0, end - begin) ?? new Uint8Array(end - begin);
        let done = 0;
        while (done < bytes.length) {
          const length = Math.min(LONGEST_READ, bytes.length - done);
          const { bytesRead } = await file.read(bytes, done, length, begin + done);
          if (bytesRead === 0) throw changed(path, found.size, begin + done);
          done += bytesRead;
        }
        return bytes;
      } finally {
        await file.close();
      }
    },
  };
}

function unreadable(path: string, cause: Error): ModelFolderError {
  return new ModelFolderError(`The weights ${path} cannot be opened: ${cause.message}.`, "check the path", { cause });
}

function changed(path: string, before: number, now: number): ModelFolderError {
  return new ModelFolderError(
    `${path} was changed while it was read: it had ${before} bytes and has ${now}.`,
    "read it again when nothing writes to it any more",
  );
}
