/** Zip archives, whole or wrong in one place, or larger than memory. */
import { open } from "node:fs/promises";

export interface StoredFile {
  readonly name: string;
  readonly content: Uint8Array;
  /** What the directory says, where that is not so. */
  readonly lie?: {
    readonly size?: number;
    readonly packed?: number;
    readonly method?: number;
    readonly header?: number;
    readonly flags?: number;
    readonly localName?: string;
  };
}

/** What the end of the directory says, where that is not so. */
export interface EndLie {
  readonly count?: number;
  readonly size?: number;
  readonly begin?: number;
}

/** An archive of stored files, without zip64. */
export function zip(files: readonly StoredFile[], lie: EndLie = {}): Uint8Array {
  const pieces: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  const add = (bytes: Uint8Array) => {
    pieces.push(bytes);
    at += bytes.length;
  };
  for (const { name, content, lie = {} } of files) {
    const header = at;
    const called = encode(name);
    const localName = encode(lie.localName ?? name);
    add(
      record(30, [
        [0, 0x04034b50, 4],
        [18, content.length, 4],
        [22, content.length, 4],
        [26, localName.length, 2],
      ]),
    );
    add(localName);
    add(content);
    directory.push(
      record(46, [
        [0, 0x02014b50, 4],
        [8, lie.flags ?? 0, 2],
        [10, lie.method ?? 0, 2],
        [20, lie.packed ?? lie.size ?? content.length, 4],
        [24, lie.size ?? content.length, 4],
        [28, called.length, 2],
        [42, lie.header ?? header, 4],
      ]),
      called,
    );
  }
  const begin = at;
  for (const bytes of directory) add(bytes);
  add(
    record(22, [
      [0, 0x06054b50, 4],
      [8, lie.count ?? files.length, 2],
      [10, lie.count ?? files.length, 2],
      [12, lie.size ?? at - begin, 4],
      [16, lie.begin ?? begin, 4],
    ]),
  );
  const whole = new Uint8Array(at);
  let to = 0;
  for (const bytes of pieces) {
    whole.set(bytes, to);
    to += bytes.length;
  }
  return whole;
}

function record(length: number, fields: readonly (readonly [at: number, value: number, size: 2 | 4])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(length));
  for (const [at, value, size] of fields)
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
  return new Uint8Array(view.buffer);
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A file of zeros but for its end. */
export interface SparseFile {
  readonly name: string;
  readonly size: number;
  readonly tail: Uint8Array;
}

/** Writes an archive in the form for more than 4 GiB; its zeros take no space on the disk. */
export async function writeZip64(path: string, files: readonly SparseFile[]): Promise<void> {
  const file = await open(path, "w");
  let at = 0;
  const add = async (bytes: Uint8Array) => {
    await file.write(bytes, 0, bytes.length, at);
    at += bytes.length;
  };
  const headers: number[] = [];
  for (const { name, size, tail } of files) {
    headers.push(at);
    await add(
      record(30, [
        [0, 0x04034b50, 4],
        [18, 0xffffffff, 4],
        [22, 0xffffffff, 4],
        [26, name.length, 2],
      ]),
    );
    await add(encode(name));
    at += size - tail.length;
    await add(tail);
  }
  const begin = at;
  for (const [i, { name, size }] of files.entries()) {
    const elsewhere = [20, 24, 42].map((field) => [field, 0xffffffff, 4] as const);
    await add(record(46, [[0, 0x02014b50, 4], [28, name.length, 2], [30, 28, 2], ...elsewhere]));
    await add(encode(name));
    await add(
      record(4, [
        [0, 1, 2],
        [2, 24, 2],
      ]),
    );
    await add(new Uint8Array(BigUint64Array.of(BigInt(size), BigInt(size), BigInt(headers[i]!)).buffer));
  }
  const end = at;
  await add(record(4, [[0, 0x06064b50, 4]]));
  await add(new Uint8Array(BigUint64Array.of(44n).buffer));
  await add(new Uint8Array(12));
  const counts = [files.length, files.length, end - begin, begin].map(BigInt);
  await add(new Uint8Array(BigUint64Array.from(counts).buffer));
  await add(record(8, [[0, 0x07064b50, 4]]));
  await add(new Uint8Array(BigUint64Array.of(BigInt(end)).buffer));
  await add(record(4, [[0, 1, 4]]));
  await add(
    record(22, [
      [0, 0x06054b50, 4],
      [8, 0xffff, 2],
      [10, 0xffff, 2],
      [12, 0xffffffff, 4],
      [16, 0xffffffff, 4],
    ]),
  );
  await file.close();
}
