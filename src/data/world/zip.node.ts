/**
 * Reads zip files whole: entries stored or deflated, no encryption, no zip64.
 */
import { inflateRawSync } from "node:zlib";
import { UsageError } from "../../errors.js";

/** One file of an archive. */
export interface ZipEntry {
  readonly path: string;
  read(): Buffer;
}

/**
 * The files of an archive, in its own order; directories are left out.
 *
 * @param name  what the archive is called in an error.
 * @throws {UsageError} when the bytes are no zip file, or are cut short.
 */
export function zipEntries(bytes: Buffer, name: string): ZipEntry[] {
  const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  if (end < 0) throw new UsageError(`${name} is no whole zip file: it has no end record.`, "fetch it again");
  const entries: ZipEntry[] = [];
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    if (bytes.readUInt32LE(at) !== 0x02014b50) {
      throw new UsageError(`${name} is no whole zip file: its directory is broken at byte ${at}.`, "fetch it again");
    }
    const method = bytes.readUInt16LE(at + 10);
    const packed = bytes.readUInt32LE(at + 20);
    const [nameLength, extra, comment] = [
      bytes.readUInt16LE(at + 28),
      bytes.readUInt16LE(at + 30),
      bytes.readUInt16LE(at + 32),
    ];
    const local = bytes.readUInt32LE(at + 42);
    const path = bytes.toString("utf8", at + 46, at + 46 + nameLength);
    at += 46 + nameLength + extra + comment;
    if (path.endsWith("/")) continue;
    entries.push({
      path,
      read() {
        const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
        const data = bytes.subarray(start, start + packed);
        if (method === 0) return data;
        if (method === 8) return inflateRawSync(data);
        throw new UsageError(`${name}: ${path} is packed by method ${method}.`, "pack the archive with deflate");
      },
    });
  }
  return entries;
}
