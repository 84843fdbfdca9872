/**
 * Tar as POSIX.1-2001 says it: ustar headers, and pax records before those files whose name or size does not fit. The same
 * files give the same bytes: owners, times and modes are fixed.
 */

/** Everything in a tar stands in blocks of this many bytes. */
export const BLOCK = 512;

/** Bytes until the next block. */
export const padding = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

const NAME_BYTES = 100;
const LARGEST_SIZE = 8 ** 11 - 1;

/** The block, or with pax records the blocks, before a file's bytes. @param name  with "/" between folders */
export function tarHeader(name: string, size: number): Uint8Array {
  const long = Buffer.byteLength(name) > NAME_BYTES || /[^\x20-\x7e]/.test(name);
  if (!long && size <= LARGEST_SIZE) return ustar(name, size, "0");
  const records = Buffer.from(
    [
      ...(long ? [paxRecord("path", name)] : []),
      ...(size > LARGEST_SIZE ? [paxRecord("size", String(size))] : []),
    ].join(""),
  );
  const plain = name.replaceAll(/[^\x20-\x7e]/g, "_").slice(-NAME_BYTES);
  return Buffer.concat([
    ustar(`PaxHeaders/${plain}`.slice(0, NAME_BYTES), records.length, "x"),
    records,
    Buffer.alloc(padding(records.length)),
    ustar(plain, Math.min(size, LARGEST_SIZE), "0"),
  ]);
}

/** A file as it stands in a tar: header, bytes, zeros until the next block. */
export function tarFile(name: string, bytes: Uint8Array): Uint8Array[] {
  return [tarHeader(name, bytes.length), bytes, new Uint8Array(padding(bytes.length))];
}

/** The two empty blocks with which a tar ends. */
export const TAR_END: Uint8Array = new Uint8Array(2 * BLOCK);

function ustar(name: string, size: number, type: string): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, "latin1");
  block.write("0000644\0", 100, "latin1");
  block.write("0000000\0", 108, "latin1");
  block.write("0000000\0", 116, "latin1");
  block.write(`${size.toString(8).padStart(11, "0")}\0`, 124, "latin1");
  block.write("00000000000\0", 136, "latin1");
  block.write(type, 156, "latin1");
  block.write("ustar\x0000", 257, "latin1");
  block.write(`${checksum(block).toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

/** Its length counts its own digits. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes + 1;
  while (bytes + String(length).length !== length) length++;
  return `${length}${rest}`;
}

/** The sum of a header's bytes, those of the sum itself taken as spaces. */
function checksum(block: Uint8Array): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < 148; i++) sum += block[i]!;
  for (let i = 156; i < BLOCK; i++) sum += block[i]!;
  return sum;
}

/** What a header says. */
export interface Header {
  readonly name: string;
  readonly size: number;
  /** `0` a file, `x` and `g` pax records, `L` a long name of GNU's, `5` a folder, and more. */
  readonly type: string;
}

/** Reads a header; nothing if the block is none, by its sum. */
export function readHeader(block: Buffer): Header | undefined {
  const sum = Number.parseInt(block.toString("latin1", 148, 156).replaceAll("\0", " ").trim(), 8);
  if (sum !== checksum(block)) return undefined;
  const size = sizeAt(block);
  if (size === undefined) return undefined;
  const name = textAt(block, 0, NAME_BYTES);
  const prefix = block.toString("latin1", 257, 263) === "ustar\0" ? textAt(block, 345, 500) : "";
  const type = block[156] === 0 || block[156] === 0x37 ? "0" : String.fromCharCode(block[156]!);
  return { name: prefix === "" ? name : `${prefix}/${name}`, size, type };
}

/** Octal digits, or where they do not suffice 95 bits in base 256, as GNU's tar writes them. */
function sizeAt(block: Buffer): number | undefined {
  if (block[124]! & 0x80) {
    const size = Number(BigInt(`0x${block.toString("hex", 124, 136)}`) & ((1n << 95n) - 1n));
    return Number.isSafeInteger(size) ? size : undefined;
  }
  const digits = textAt(block, 124, 136).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}

function textAt(block: Buffer, from: number, to: number): string {
  const end = block.subarray(from, to).indexOf(0);
  return block.toString("utf8", from, end < 0 ? to : from + end);
}

/** The records of a pax header; those that are none are left out. */
export function readPax(bytes: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : Number(bytes.toString("latin1", at, space));
    if (!Number.isInteger(length) || length < space - at + 3 || at + length > bytes.length) break;
    const record = bytes.toString("utf8", space + 1, at + length - 1);
    const equals = record.indexOf("=");
    if (equals > 0) records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}
