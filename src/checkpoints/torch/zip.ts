/**
 * Zip archives as PyTorch writes them: entries that are stored as they are, found by the central directory, of any size.
 * @source PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 to 4.5
 */
import type { Bytes } from "../bytes.js";
import { TorchFileError } from "../errors.js";

/** A file inside an archive. */
export interface ZipEntry {
  /** Byte of the archive at which its content stands. */
  readonly begin: number;
  readonly size: number;
  /** 0 for content that is stored as it is. */
  readonly method: number;
}

const END = { signature: 0x06054b50, length: 22 };
const END64 = { signature: 0x06064b50, length: 56 };
const LOCATOR64 = { signature: 0x07064b50, length: 20 };
const CENTRAL = { signature: 0x02014b50, length: 46 };
const LOCAL = { signature: 0x04034b50, length: 30 };
const LONGEST_COMMENT = 0xffff;
/** A longer directory would be that of a million files; no model has as many. */
const LONGEST_DIRECTORY = 2 ** 26;
/** In a field of this many bits stands that the number is elsewhere. */
const ELSEWHERE = { 16: 0xffff, 32: 0xffffffff } as const;
const SIZES_FOLLOW = 0x0008;
const ENCRYPTED = 0x0001;

/** Whether a file begins as a zip archive does. */
export function isZip(first: Uint8Array): boolean {
  return first.length >= 4 && view(first).getUint32(0, true) === LOCAL.signature;
}

/**
 * What an archive holds and where. Of the content nothing is read.
 * @throws {TorchFileError} for one that is cut off or encrypted, whose sizes contradict each other or reach
 *   beyond it, or that names files outside itself
 */
export async function readZip(file: Bytes): Promise<ReadonlyMap<string, ZipEntry>> {
  const { begin, size, count } = await findDirectory(file);
  const directory = view(await file.read(begin, begin + size));
  const found: { name: string; header: number; entry: ZipEntry }[] = [];
  const names = new Set<string>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    const central = readCentral(file, directory, at);
    at = central.next;
    checkName(file, central.name);
    if (names.has(central.name)) throw wrong(file, `has two files called ${central.name}`);
    names.add(central.name);
    const entry = await locate(file, central, begin);
    found.push({ name: central.name, header: central.header, entry });
  }
  if (at !== size) throw wrong(file, `says its directory has ${size} bytes, but its ${count} entries have ${at}`);
  found.sort((a, b) => a.header - b.header);
  found.forEach(({ name, header }, i) => {
    const before = found[i - 1];
    if (before !== undefined && header < before.entry.begin + before.entry.size)
      throw wrong(file, `has ${name} at byte ${header}, inside of ${before.name}`);
  });
  return new Map(found.map(({ name, entry }) => [name, entry]));
}

/**
 * The content of a file in an archive.
 * @throws {TorchFileError} if it is compressed: its size would not be known, nor could parts of it be read
 */
export function stored(file: Bytes, name: string, entry: ZipEntry): { readonly begin: number; readonly size: number } {
  if (entry.method === 0) return entry;
  throw new TorchFileError(
    `${file.place}: ${name} is compressed by method ${entry.method}; PyTorch stores its files as they are.`,
    "save the weights again with torch.save, or unpack the archive and zip it without compression (zip -0)",
  );
}

async function findDirectory(file: Bytes): Promise<{ begin: number; size: number; count: number }> {
  const from = Math.max(0, file.size - END.length - LONGEST_COMMENT);
  const tail = view(await file.read(from, file.size));
  let end = tail.byteLength - END.length;
  while (end >= 0 && !(isAt(tail, end, END) && tail.getUint16(end + 20, true) === tail.byteLength - end - END.length))
    end--;
  if (end < 0) throw wrong(file, "has no end: it is cut off, or no zip archive");
  const plain = {
    count: tail.getUint16(end + 10, true),
    size: tail.getUint32(end + 12, true),
    begin: tail.getUint32(end + 16, true),
  };
  const reachedAt = from + end;
  const locator = reachedAt - LOCATOR64.length;
  const large = locator >= 0 ? view(await file.read(locator, reachedAt)) : undefined;
  if (large !== undefined && isAt(large, 0, LOCATOR64)) {
    const at = safe(file, large.getBigUint64(8, true), "the place of its directory");
    if (at + END64.length > locator)
      throw wrong(file, `says that its directory ends at byte ${at}, which is not in it`);
    const end64 = view(await file.read(at, at + END64.length));
    if (!isAt(end64, 0, END64)) throw wrong(file, `has no end of its directory at byte ${at}, where it says it is`);
    return checked(file, at, {
      count: safe(file, end64.getBigUint64(32, true), "the number of its files"),
      size: safe(file, end64.getBigUint64(40, true), "the size of its directory"),
      begin: safe(file, end64.getBigUint64(48, true), "the place of its directory"),
    });
  }
  return checked(file, reachedAt, plain);
}

interface Directory {
  readonly begin: number;
  readonly size: number;
  readonly count: number;
}

function checked(file: Bytes, end: number, directory: Directory): Directory {
  const { begin, size, count } = directory;
  if (begin + size > end)
    throw wrong(file, `says its directory has ${size} bytes from ${begin}, but it ends before byte ${end}`);
  if (size > LONGEST_DIRECTORY) throw wrong(file, `has a directory of ${size} bytes; ${LONGEST_DIRECTORY} are read`);
  if (count * CENTRAL.length > size)
    throw wrong(file, `says it holds ${count} files, but its directory has ${size} bytes`);
  return directory;
}

interface Central {
  readonly name: string;
  readonly method: number;
  readonly flags: number;
  readonly size: number;
  /** Byte of the archive at which the entry's own header stands. */
  readonly header: number;
  /** Where in the directory the next entry begins. */
  readonly next: number;
}

function readCentral(file: Bytes, directory: DataView, at: number): Central {
  if (!isAt(directory, at, CENTRAL)) throw wrong(file, "has a directory that is damaged");
  const u16 = (offset: number) => directory.getUint16(at + offset, true);
  const u32 = (offset: number) => directory.getUint32(at + offset, true);
  const nameEnd = at + CENTRAL.length + u16(28);
  const extraEnd = nameEnd + u16(30);
  const next = extraEnd + u16(32);
  if (next > directory.byteLength) throw wrong(file, "has a directory that is cut off");
  const name = text(file, directory, at + CENTRAL.length, nameEnd);
  const wide = wideNumbers(file, name, directory, nameEnd, extraEnd);
  const number = (offset: number) => (u32(offset) === ELSEWHERE[32] ? wide() : u32(offset));
  const size = number(24);
  const packed = number(20);
  const header = number(42);
  const method = u16(10);
  if (method === 0 && packed !== size)
    throw wrong(file, `says that ${name} has ${size} bytes and that they are stored in ${packed}`);
  return { name, method, flags: u16(8), size: packed, header, next };
}

/** The numbers of the extra field that has those which do not fit 32 bits, in turn. */
function wideNumbers(file: Bytes, name: string, directory: DataView, begin: number, end: number): () => number {
  let [at, until] = [begin, begin];
  for (let field = begin; field + 4 <= end; ) {
    const length = directory.getUint16(field + 2, true);
    if (directory.getUint16(field, true) === 0x0001) [at, until] = [field + 4, Math.min(end, field + 4 + length)];
    field += 4 + length;
  }
  return () => {
    if (at + 8 > until) throw wrong(file, `says that the size or place of ${name} is in a field that it does not have`);
    at += 8;
    return safe(file, directory.getBigUint64(at - 8, true), `the size or place of ${name}`);
  };
}

/** Where the content of an entry is, by its own header, which must agree with the directory. */
async function locate(file: Bytes, central: Central, end: number): Promise<ZipEntry> {
  const { name, header, size } = central;
  if ((central.flags & ENCRYPTED) !== 0)
    throw new TorchFileError(`${file.place}: ${name} is encrypted.`, "decrypt the archive first");
  if (header + LOCAL.length > end)
    throw wrong(file, `says that ${name} is at byte ${header}, but its files end at ${end}`);
  const nameLength = new TextEncoder().encode(name).length;
  const local = view(await file.read(header, Math.min(end, header + LOCAL.length + nameLength)));
  if (!isAt(local, 0, LOCAL)) throw wrong(file, `has no file at byte ${header}, where its directory says ${name} is`);
  const here = local.getUint16(26, true);
  if (here !== nameLength || local.byteLength < LOCAL.length + here)
    throw wrong(file, `calls the file at byte ${header} ${name} in its directory and otherwise there`);
  const called = text(file, local, LOCAL.length, LOCAL.length + here);
  if (called !== name)
    throw wrong(file, `calls the file at byte ${header} ${name} in its directory and ${called} there`);
  const localSize = local.getUint32(22, true);
  const told = (local.getUint16(6, true) & SIZES_FOLLOW) === 0 && localSize !== ELSEWHERE[32];
  if (told && localSize !== size)
    throw wrong(file, `says that ${name} has ${size} bytes in its directory and ${localSize} at byte ${header}`);
  const begin = header + LOCAL.length + here + local.getUint16(28, true);
  if (begin + size > end)
    throw wrong(file, `says that ${name} has ${size} bytes from ${begin}, but its files end at byte ${end}`);
  return { begin, size, method: central.method };
}

function checkName(file: Bytes, name: string): void {
  if (name === "" || /^[/\\]|^[a-zA-Z]:|\\|(^|\/)\.\.?(\/|$)|\0/.test(name))
    throw new TorchFileError(
      `${file.place} holds a file called ${JSON.stringify(name)}, which leads out of the archive.`,
      "do not use this file: no program that saves weights writes such a name",
    );
}

function safe(file: Bytes, value: bigint, what: string): number {
  if (value > BigInt(file.size)) throw wrong(file, `gives ${value} for ${what}, but has ${file.size} bytes`);
  return Number(value);
}

function text(file: Bytes, bytes: DataView, begin: number, end: number): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      new Uint8Array(bytes.buffer, bytes.byteOffset + begin, end - begin),
    );
  } catch {
    throw wrong(file, "has a file whose name is not UTF-8");
  }
}

function isAt(bytes: DataView, at: number, { signature, length }: { signature: number; length: number }): boolean {
  return at + length <= bytes.byteLength && bytes.getUint32(at, true) === signature;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function wrong(file: Bytes, problem: string): TorchFileError {
  return new TorchFileError(
    `The zip archive ${file.place} ${problem}.`,
    "fetch the file again, or save it again with torch.save",
  );
}
