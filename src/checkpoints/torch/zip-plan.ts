/**
 * Zip archives as PyTorch writes them: entries stored as they are, their contents at multiples of 64 bytes, of any size.
 * @source PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 to 4.5
 */

/** An entry whose content is not known yet, but for its size. */
export interface PlannedEntry {
  readonly name: string;
  readonly size: number;
  /** Byte of the archive at which its own header stands. */
  readonly header: number;
  /** Byte at which its content stands. */
  readonly begin: number;
}

const ALIGNMENT = 64;
const LOCAL_LENGTH = 30;
const CENTRAL_LENGTH = 46;
/** From these on a number stands in an extra field, and all of its bits are set where it would stand. */
const WIDE = { 16: 0xffff, 32: 0xffffffff } as const;
/** The version that reads plain archives, and the one that reads those with wide numbers. */
const VERSION = { plain: 20, wide: 45 } as const;
/** The first of January 1980: an archive of the same weights is the same, whenever it is written. */
const DATE = 0x21;
const WIDE_FIELD = 0x0001;
/** PyTorch's field of padding, "FB". */
const PADDING_FIELD = 0x4246;

/** Where everything will stand. */
export function planZip(files: readonly { readonly name: string; readonly size: number }[]): readonly PlannedEntry[] {
  let at = 0;
  return files.map(({ name, size }) => {
    const header = at;
    const least = header + LOCAL_LENGTH + encode(name).length + wideField([size, size], isWide(size)).length + 4;
    const begin = Math.ceil(least / ALIGNMENT) * ALIGNMENT;
    at = begin + size;
    return { name, size, header, begin };
  });
}

/** The header in front of an entry's content, which fills the bytes up to it. @param crc  CRC-32 of the content */
export function localHeader({ name, size, header, begin }: PlannedEntry, crc: number): Uint8Array<ArrayBuffer> {
  const called = encode(name);
  const wide = wideField([size, size], isWide(size));
  const padding = begin - header - LOCAL_LENGTH - called.length - wide.length - 4;
  const fixed = record(LOCAL_LENGTH, [
    [0, 0x04034b50, 4],
    [4, isWide(size) ? VERSION.wide : VERSION.plain, 2],
    [12, DATE, 2],
    [14, crc, 4],
    [18, Math.min(size, WIDE[32]), 4],
    [22, Math.min(size, WIDE[32]), 4],
    [26, called.length, 2],
    [28, wide.length + 4 + padding, 2],
  ]);
  const field = record(4, [
    [0, PADDING_FIELD, 2],
    [2, padding, 2],
  ]);
  return joined([fixed, called, wide, field, new Uint8Array(padding).fill(0x5a)]);
}

/** What stands behind the last content: the directory and its end. @param crcs  of the contents, in order */
export function directory(entries: readonly PlannedEntry[], crcs: readonly number[]): Uint8Array<ArrayBuffer> {
  const begin = entries.reduce((end, entry) => Math.max(end, entry.begin + entry.size), 0);
  const records = joined(entries.map((entry, i) => central(entry, crcs[i]!)));
  const size = records.length;
  const count = entries.length;
  const wide = count >= WIDE[16] || isWide(begin) || isWide(size);
  const end = record(22, [
    [0, 0x06054b50, 4],
    [8, Math.min(count, WIDE[16]), 2],
    [10, Math.min(count, WIDE[16]), 2],
    [12, Math.min(size, WIDE[32]), 4],
    [16, Math.min(begin, WIDE[32]), 4],
  ]);
  return joined([records, ...(wide ? wideEnd(begin, size, count) : []), end]);
}

function central({ name, size, header }: PlannedEntry, crc: number): Uint8Array<ArrayBuffer> {
  const called = encode(name);
  const numbers = [...(isWide(size) ? [size, size] : []), ...(isWide(header) ? [header] : [])];
  const extra = wideField(numbers, numbers.length > 0);
  const version = numbers.length > 0 ? VERSION.wide : VERSION.plain;
  const fixed = record(CENTRAL_LENGTH, [
    [0, 0x02014b50, 4],
    [4, version, 2],
    [6, version, 2],
    [14, DATE, 2],
    [16, crc, 4],
    [20, Math.min(size, WIDE[32]), 4],
    [24, Math.min(size, WIDE[32]), 4],
    [28, called.length, 2],
    [30, extra.length, 2],
    [42, Math.min(header, WIDE[32]), 4],
  ]);
  return joined([fixed, called, extra]);
}

function wideEnd(begin: number, size: number, count: number): Uint8Array<ArrayBuffer>[] {
  const end = record(56, [
    [0, 0x06064b50, 4],
    [4, 44, 8],
    [12, VERSION.wide, 2],
    [14, VERSION.wide, 2],
    [24, count, 8],
    [32, count, 8],
    [40, size, 8],
    [48, begin, 8],
  ]);
  const locator = record(20, [
    [0, 0x07064b50, 4],
    [8, begin + size, 8],
    [16, 1, 4],
  ]);
  return [end, locator];
}

function wideField(numbers: readonly number[], needed: boolean): Uint8Array<ArrayBuffer> {
  if (!needed) return new Uint8Array(0);
  return record(4 + 8 * numbers.length, [
    [0, WIDE_FIELD, 2],
    [2, 8 * numbers.length, 2],
    ...numbers.map((number, i) => [4 + 8 * i, number, 8] as const),
  ]);
}

function isWide(number: number): boolean {
  return number >= WIDE[32];
}

function record(
  length: number,
  fields: readonly (readonly [at: number, value: number, size: 2 | 4 | 8])[],
): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(length));
  for (const [at, value, size] of fields)
    if (size === 2) view.setUint16(at, value, true);
    else if (size === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
  return new Uint8Array(view.buffer);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
