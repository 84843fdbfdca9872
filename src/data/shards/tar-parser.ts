/** Files out of the bytes of a tar, as they come. What is damaged is told and skipped: reading goes on at the next header. */
import { BLOCK, type Header, padding, readHeader, readPax } from "./tar.js";

/** A file of a tar. */
export interface TarEntry {
  readonly name: string;
  /** Byte of the tar at which its header begins. */
  readonly at: number;
  /** A view of what was pushed where that held all of it. */
  readonly bytes: Buffer;
}

/** A place in a tar that cannot be read. */
export interface TarFault {
  readonly reason: "damaged header" | "damaged compression" | "unknown compression" | "cut off" | "too large";
  readonly at: number;
  readonly found: string;
  /** The file that is cut off, where its header is there. */
  readonly file?: string | undefined;
}

/** A larger file than this is no part of a sample: its bytes are passed over. */
export const LARGEST_ENTRY = 1 << 30;

/** Takes the bytes of a tar in pieces of any size, and gives the files in them. */
export class TarParser {
  readonly #waiting: Buffer[] = [];
  #held = 0;
  /** Byte of the tar at which what is waiting begins. */
  #at: number;
  #skip = 0;
  #needed = BLOCK;
  #ended = false;
  #file: string | undefined;
  #damage: number | undefined;
  #long: { readonly at: number; readonly name?: string | undefined; readonly size?: number | undefined } | undefined;

  /** @param from  byte of the tar at which the first pushed byte stands; a header begins there */
  constructor(from = 0) {
    this.#at = from;
  }

  /** Everything that is whole with these bytes. Files are views of them, so they must not be written to. */
  *push(piece: Buffer): Generator<TarEntry | TarFault> {
    let bytes = piece;
    if (this.#skip > 0) {
      const passed = Math.min(this.#skip, bytes.length);
      this.#skip -= passed;
      this.#at += passed;
      bytes = bytes.subarray(passed);
    }
    if (bytes.length > 0) this.#waiting.push(bytes);
    this.#held += bytes.length;
    if (bytes.length === 0 || this.#held < this.#needed) return;
    const whole = this.#waiting.length === 1 ? this.#waiting[0]! : Buffer.concat(this.#waiting);
    this.#waiting.length = 0;
    const used = yield* this.#parse(whole);
    this.#at += used;
    const rest = whole.subarray(Math.min(used, whole.length));
    this.#skip = Math.max(0, used - whole.length);
    this.#at -= this.#skip;
    this.#held = rest.length;
    if (rest.length > 0) this.#waiting.push(rest);
  }

  /** The file whose header was read, and not yet all of its bytes. */
  get file(): string | undefined {
    return this.#file;
  }

  /** What is wrong if nothing comes any more. */
  *end(): Generator<TarFault> {
    if (this.#damage !== undefined) yield this.#damaged(this.#at + this.#held);
    const missing = this.#skip > 0 ? this.#skip : this.#needed - this.#held;
    if (this.#held > 0 || this.#skip > 0 || this.#long !== undefined)
      yield {
        reason: "cut off",
        at: this.#long?.at ?? this.#at,
        found: `the tar ends ${missing} bytes early, at ${this.#at + this.#held}`,
        file: this.#file,
      };
    else if (!this.#ended) yield { reason: "cut off", at: this.#at, found: "the tar ends without its end mark" };
  }

  /** Reads files from the beginning of some bytes. @returns  how many bytes are done with, more than there are to skip some */
  *#parse(bytes: Buffer): Generator<TarEntry | TarFault, number> {
    let at = 0;
    for (;;) {
      this.#needed = BLOCK;
      this.#file = undefined;
      if (bytes.length - at < BLOCK) return at;
      const block = bytes.subarray(at, at + BLOCK);
      if (block[0] === 0 && isEmpty(block)) {
        this.#ended = true;
        at += BLOCK;
        continue;
      }
      const header = readHeader(block);
      if (header === undefined) {
        this.#damage ??= this.#at + at;
        this.#long = undefined;
        at += BLOCK;
        continue;
      }
      if (this.#damage !== undefined) yield this.#damaged(this.#at + at);
      this.#ended = false;
      const size = sizeOf(header, this.#long?.size);
      const begins = at + BLOCK;
      if (size > LARGEST_ENTRY || !["0", "x", "L"].includes(header.type)) {
        if (header.type === "0")
          yield { reason: "too large", at: this.#at + at, found: `${header.name} of ${size} bytes` };
        this.#long = undefined;
        at = begins + size + padding(size);
        if (at > bytes.length) return at;
        continue;
      }
      if (bytes.length - begins < size + padding(size)) {
        this.#needed = BLOCK + size + padding(size);
        if (header.type === "0") this.#file = this.#long?.name ?? header.name;
        return at;
      }
      const content = bytes.subarray(begins, begins + size);
      if (header.type === "0") {
        const { at: first = this.#at + at, name = header.name } = this.#long ?? {};
        this.#long = undefined;
        yield { name, at: first, bytes: content };
      } else this.#long = { ...namedBy(header, content), at: this.#long?.at ?? this.#at + at };
      at = begins + size + padding(size);
    }
  }

  #damaged(until: number): TarFault {
    const at = this.#damage!;
    this.#damage = undefined;
    return { reason: "damaged header", at, found: `${until - at} bytes until the next one` };
  }
}

/** Bytes that stand after a header. Of links, devices and folders (types 1 to 6) there are none, whatever it says. */
function sizeOf({ type, size }: Header, long: number | undefined): number {
  if (type === "0") return long ?? size;
  return type >= "1" && type <= "6" ? 0 : size;
}

function namedBy({ type }: Header, content: Buffer): { name?: string | undefined; size?: number | undefined } {
  if (type === "L") return { name: content.toString("utf8").replace(/\0+$/, "") };
  const records = readPax(content);
  const size = Number(records.get("size") ?? Number.NaN);
  return { name: records.get("path"), size: Number.isSafeInteger(size) ? size : undefined };
}

function isEmpty(block: Buffer): boolean {
  for (let i = 0; i < block.length; i++) if (block[i] !== 0) return false;
  return true;
}
