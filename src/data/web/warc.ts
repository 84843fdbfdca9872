/**
 * Web archives, record by record: WARC files, plain or of gzip members. What is damaged or cut short is told with the
 * byte at which it stands, and reading goes on with the next record that is whole.
 *
 * @source ISO 28500:2017, WARC 1.1; https://iipc.github.io/warc-specifications
 */
import { crc32, inflateRawSync } from "node:zlib";
import { Window } from "./window.js";

/** A record as it stands in its archive. */
export interface WarcRecord {
  /** Byte of the file at which it begins; of a compressed one, at which the gzip member begins that holds it. */
  readonly at: number;
  /** Number of the record in its gzip member, where what is damaged counts too; 0 but for members that hold several. */
  readonly within: number;
  /** Number of the record in the file, counted from where the reading began. */
  readonly number: number;
  /** `response`, `resource`, `request`, `revisit`, `warcinfo` and others. */
  readonly type: string;
  /** Its own fields, by their names in lower case; not those of the answer that it may hold. */
  readonly fields: ReadonlyMap<string, string>;
  /** Its block: of a response, the HTTP answer. */
  readonly content: Buffer;
}

/** What is wrong at a place of an archive. */
export interface WarcFault {
  readonly reason: "cut short" | "damaged" | "too large" | "not a WARC record";
  readonly at: number;
  readonly number: number;
  /** What was found there. */
  readonly found: string;
}

export interface WarcOptions {
  /** Told of everything that is skipped. */
  readonly onFault: (fault: WarcFault) => void;
  /** Most bytes of a record, and of all records in one gzip member; 64 MiB unless told. */
  readonly maxRecordBytes?: number;
  /** Byte at which to begin, `at` of a record; 0 unless told. */
  readonly from?: number;
}

const GZIP = Uint8Array.of(0x1f, 0x8b, 0x08);
const HEAD_END = Buffer.from("\r\n\r\n");
const MARK = Buffer.from("WARC/");
/** Bytes after a record that are looked at to see whether it ends there. */
const LONGEST_END = HEAD_END.length + MARK.length;
/** No head of a record is longer: whatever seems to be, is none. */
const LONGEST_HEAD = 1 << 16;

/** The records of an archive in order. A file that cannot be opened is the system's error. */
export async function* warcRecords(path: string, options: WarcOptions): AsyncGenerator<WarcRecord, void, void> {
  const { from = 0, maxRecordBytes = 64 * 2 ** 20, onFault } = options;
  await using window = await Window.open(path, from);
  await window.show(GZIP.length);
  const compressed = startsWith(window.bytes, GZIP);
  const records = compressed
    ? compressedRecords(window, maxRecordBytes, onFault)
    : plainRecords(window, 0, maxRecordBytes, onFault);
  yield* records;
}

async function* compressedRecords(
  window: Window,
  limit: number,
  onFault: WarcOptions["onFault"],
): AsyncGenerator<WarcRecord, void, void> {
  let number = 0;
  let lost = false;
  while (await window.show(1)) {
    const { at } = window;
    const member = await nextMember(window, limit);
    const whole = "content" in member && (!lost || startsWith(member.content, MARK));
    if (!whole) {
      // While the way is lost, bytes that only look like the beginning of a member are no faults of their own.
      if (!lost) onFault({ at, number: number++, ...(member as MemberFault) });
      lost = true;
      await window.seek(GZIP);
      continue;
    }
    lost = false;
    let faulty = -1;
    const inside = plainRecords(Window.over(member.content), number, limit, (fault) => {
      faulty = fault.number;
      onFault({ ...fault, at });
    });
    const first = number;
    for await (const record of inside) {
      yield { ...record, at, within: record.number - first };
      number = record.number + 1;
    }
    number = Math.max(number, faulty + 1, first + 1);
    window.leave(member.length);
  }
}

interface MemberFault {
  readonly reason: "cut short" | "damaged" | "too large";
  readonly found: string;
}

/** The gzip member that begins where the window does. `length` is that of its compressed bytes. */
async function nextMember(
  window: Window,
  limit: number,
): Promise<{ readonly content: Buffer; readonly length: number } | MemberFault> {
  for (;;) {
    const { bytes } = window;
    const head = gzipHeadLength(bytes);
    if (head === undefined) return { reason: "damaged", found: "no gzip member begins here" };
    try {
      if (head < bytes.length) {
        // The types do not know of `info`.
        const { buffer, engine } = inflateRawSync(bytes.subarray(head), {
          info: true,
          maxOutputLength: limit,
        }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
        const end = head + engine.bytesWritten;
        if (bytes.length >= end + 8) {
          if (bytes.readUInt32LE(end) !== crc32(buffer))
            return { reason: "damaged", found: "a gzip member whose checksum is not that of its bytes" };
          return { content: buffer, length: end + 8 };
        }
      }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === "ERR_BUFFER_TOO_LARGE")
        return { reason: "too large", found: `a gzip member of more than ${limit} bytes` };
      if (code !== "Z_BUF_ERROR") return { reason: "damaged", found: `a gzip member with ${message}` };
    }
    // No bytes grow by being compressed, but for a few: these give next to nothing.
    if (bytes.length > 2 * limit)
      return { reason: "too large", found: `a gzip member of more than ${bytes.length} bytes` };
    if (!(await window.grow()))
      return { reason: "cut short", found: `the file ends ${bytes.length} bytes into a gzip member` };
  }
}

/** Bytes before the deflated ones, at most those that are there; undefined if no member begins so. @source RFC 1952 */
export function gzipHeadLength(bytes: Buffer): number | undefined {
  if (!startsWith(bytes, GZIP.subarray(0, bytes.length))) return undefined;
  if (bytes.length < 12) return bytes.length;
  const flags = bytes[3]!;
  let length = 10;
  if (flags & 4) length += 2 + bytes.readUInt16LE(10);
  for (const flag of [8, 16])
    if (flags & flag) {
      const zero = bytes.indexOf(0, length);
      length = zero < 0 ? bytes.length : zero + 1;
    }
  return Math.min(bytes.length, flags & 2 ? length + 2 : length);
}

async function* plainRecords(
  window: Window,
  first: number,
  limit: number,
  onFault: WarcOptions["onFault"],
): AsyncGenerator<WarcRecord, void, void> {
  let number = first;
  let lost = false;
  for (;;) {
    await leaveBlankLines(window);
    if (!(await window.show(1))) return;
    const { at } = window;
    const fail = async (reason: WarcFault["reason"], found: string) => {
      if (!lost) onFault({ reason, at, number: number++, found });
      lost = true;
      await window.seek(MARK);
    };
    const head = await headOf(window);
    if (head === undefined) {
      await fail("not a WARC record", JSON.stringify(window.bytes.toString("latin1", 0, 40)));
      continue;
    }
    const { fields, length, types } = head;
    if (types > 1) {
      await fail("cut short", "a head in which that of the next record begins");
      continue;
    }
    const size = Number(fields.get("content-length") ?? Number.NaN);
    if (!Number.isSafeInteger(size) || size < 0) {
      await fail("damaged", `a record whose Content-Length is ${fields.get("content-length") ?? "missing"}`);
      continue;
    }
    if (size > limit) {
      // What is too large to be held may as well be a size that is wrong: the next record would be passed over.
      const end = await window.peek(length + size - 1, 1 + LONGEST_END);
      if (end.length === 0 || !endsHere(end.subarray(1))) {
        await fail("damaged", `a record of ${size} bytes by its Content-Length, which does not end there`);
        continue;
      }
      onFault({ reason: "too large", at, number: number++, found: `a record of ${size} bytes` });
      window.leave(length + size);
      continue;
    }
    if (!(await window.show(length + size))) {
      await fail("cut short", `${window.bytes.length - length} of ${size} bytes`);
      continue;
    }
    await window.show(length + size + LONGEST_END);
    // A record that was cut short has swallowed the beginning of the next: that stands where its own end should be.
    if (!endsHere(window.bytes.subarray(length + size))) {
      await fail("cut short", `a record of ${size} bytes that are not all its own`);
      continue;
    }
    lost = false;
    // A copy: what is kept of a record must not keep the window.
    const content = Buffer.from(window.bytes.subarray(length, length + size));
    window.leave(length + size);
    yield { at, within: 0, number: number++, type: fields.get("warc-type") ?? "", fields, content };
  }
}

/** Whether a record may end before these bytes: the file ends too, or blank lines come, or the next record does. */
function endsHere(next: Buffer): boolean {
  return /^(\r?\n){0,4}(WARC\/|$)/.test(next.toString("latin1", 0, LONGEST_END)) || startsWith(next, HEAD_END);
}

async function leaveBlankLines(window: Window): Promise<void> {
  while (await window.show(1)) {
    let count = 0;
    while (window.bytes[count] === 0x0d || window.bytes[count] === 0x0a) count++;
    if (count === 0) return;
    window.leave(count);
  }
}

/** The fields of a record, the length of its head, and how often it has a type; undefined if no record begins here. */
async function headOf(
  window: Window,
): Promise<
  { readonly fields: ReadonlyMap<string, string>; readonly length: number; readonly types: number } | undefined
> {
  await window.show(MARK.length);
  if (!startsWith(window.bytes, MARK)) return undefined;
  for (let end = -1; ; ) {
    end = window.bytes.indexOf(HEAD_END);
    if (end >= 0 && end <= LONGEST_HEAD) {
      const head = window.bytes.toString("utf8", 0, end);
      return {
        fields: fieldsOf(head),
        length: end + HEAD_END.length,
        types: head.match(/\nwarc-type[ \t]*:/gi)?.length ?? 0,
      };
    }
    if (end > LONGEST_HEAD || window.bytes.length > LONGEST_HEAD || !(await window.grow())) return undefined;
  }
}

/** Fields of a head, by their names in lower case; of those that come twice, the first. A line that is indented goes on. */
export function fieldsOf(head: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of head
    .replaceAll(/\r?\n[ \t]+/g, " ")
    .split(/\r?\n/)
    .slice(1)) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).trim().toLowerCase();
    if (colon > 0 && !fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
  }
  return fields;
}

function startsWith(bytes: Uint8Array, sought: Uint8Array): boolean {
  return bytes.length >= sought.length && sought.every((byte, i) => bytes[i] === byte);
}
