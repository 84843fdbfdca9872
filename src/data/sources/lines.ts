/** Lines of large text files, each with its place; compressed by gzip if the file begins so. */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createGunzip } from "node:zlib";

/** One line without its end. */
export interface Line {
  /** From 0. */
  readonly number: number;
  /** Byte of the (decompressed) file at which it begins. */
  readonly byte: number;
  readonly bytes: Buffer;
  /** Whether it was longer than allowed: its rest was passed over. */
  readonly cut: boolean;
  /** Why nothing can be read from here on: the compression is damaged. */
  readonly damage?: string;
}

/** Longest line that is kept: a row with a picture of several megabytes in base64 has room. */
const LONGEST = 64 << 20;

/**
 * The lines of a file.
 * @param longest  bytes of a line that are kept; the rest of a longer one is passed over
 * @throws the system's error if the file cannot be read
 */
export function linesOf(path: string, longest = LONGEST): AsyncGenerator<Line> {
  return linesIn(piecesOf(path), longest);
}

/**
 * The lines of what comes in pieces. They end with "\n" or "\r\n" and with nothing else: readline of Node 24 ends them at
 * U+2028 too, which JSON writes as it is.
 * @param pieces  bytes, and perhaps in the end what is wrong with the rest, as a text
 */
export async function* linesIn(pieces: AsyncIterable<Buffer | string>, longest = LONGEST): AsyncGenerator<Line> {
  let [number, byte, kept, length]: [number, number, Buffer[], number] = [0, 0, [], 0];
  let size = 0;
  const add = (piece: Buffer) => {
    length += piece.length;
    if (size < longest) {
      kept.push(piece.subarray(0, longest - size));
      size += Math.min(piece.length, longest - size);
    }
  };
  const line = (end: number): Line => {
    const whole = kept.length === 1 ? kept[0]! : Buffer.concat(kept);
    const bytes = whole.at(-1) === 13 ? whole.subarray(0, -1) : whole;
    const found = { number: number++, byte, bytes, cut: length > longest };
    byte += length + end;
    [kept, length, size] = [[], 0, 0];
    return found;
  };
  for await (const piece of pieces) {
    if (typeof piece === "string") {
      yield { ...line(0), damage: piece };
      return;
    }
    let from = 0;
    for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, from)) {
      add(piece.subarray(from, at));
      yield line(1);
      from = at + 1;
    }
    if (from < piece.length) add(piece.subarray(from));
  }
  if (length > 0) yield line(0);
}

/** What is read, and in the end what is wrong with it. */
async function* piecesOf(path: string): AsyncGenerator<Buffer | string> {
  const file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
  await file.close();
  const bytes = createReadStream(path, { highWaterMark: 1 << 18 });
  if (buffer[0] !== 0x1f || buffer[1] !== 0x8b) {
    yield* bytes as AsyncIterable<Buffer>;
    return;
  }
  const plain = createGunzip({ chunkSize: 1 << 18 });
  bytes.on("error", (error) => plain.destroy(error));
  bytes.pipe(plain);
  try {
    yield* plain as AsyncIterable<Buffer>;
  } catch (error) {
    yield (error as Error).message;
  } finally {
    bytes.destroy();
    plain.destroy();
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** The text of UTF-8, without a byte order mark; nothing if it is none. */
export function textOfUtf8(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The text of a line, or why it has none. */
export function readLine({ bytes, cut, damage }: Line): { readonly text: string } | LineFault {
  if (damage !== undefined) return { fault: "damaged compression", found: damage };
  if (cut) return { fault: "line too long", found: `only its first ${bytes.length} bytes are read` };
  const text = textOfUtf8(bytes);
  return text === undefined ? { fault: "not UTF-8", found: "bytes that are no UTF-8" } : { text };
}

/** What is wrong with a line. */
export interface LineFault {
  readonly fault: string;
  readonly found: string;
}
