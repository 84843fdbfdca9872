/** Bytes of a file from front to back, as few of them in memory as are looked at. */
import { type FileHandle, open } from "node:fs/promises";

/** Bytes read from a disk at a time. */
const STEP = 1 << 20;

/** A piece of a file that moves towards its end. */
export class Window implements AsyncDisposable {
  readonly #file: FileHandle | undefined;
  #bytes: Buffer;
  #at: number;

  private constructor(file: FileHandle | undefined, bytes: Buffer, at: number) {
    this.#file = file;
    this.#bytes = bytes;
    this.#at = at;
  }

  /** @param from  byte of the file at which it begins */
  static async open(path: string, from = 0): Promise<Window> {
    return new Window(await open(path), Buffer.alloc(0), from);
  }

  /** A window that shows all of some bytes. */
  static over(bytes: Buffer): Window {
    return new Window(undefined, bytes, 0);
  }

  /** What is in sight. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Byte of the file at which the window begins. */
  get at(): number {
    return this.#at;
  }

  /** Brings so many bytes in sight. @returns whether the file has them; if not, all that it has are in sight */
  async show(count: number): Promise<boolean> {
    while (this.#bytes.length < count && (await this.#more(Math.max(STEP, count - this.#bytes.length)))) {}
    return this.#bytes.length >= count;
  }

  /** Bytes further on, or those of them that the file has; the window stays. @param from  counted from where it begins */
  async peek(from: number, count: number): Promise<Buffer> {
    const inSight = this.#bytes.subarray(from, from + count);
    if (inSight.length === count || this.#file === undefined) return inSight;
    const fresh = Buffer.alloc(count);
    return fresh.subarray(0, (await this.#file.read(fresh, 0, count, this.#at + from)).bytesRead);
  }

  /** Brings about twice as many bytes in sight. @returns whether there were more */
  grow(): Promise<boolean> {
    return this.#more(Math.max(STEP, this.#bytes.length));
  }

  /** Leaves bytes behind, of which not all need be in sight. */
  leave(count: number): void {
    this.#at += count;
    this.#bytes = this.#bytes.subarray(Math.min(count, this.#bytes.length));
  }

  /** Moves to the next place, after the present one, at which some bytes stand; or to the end. @returns whether it was found */
  async seek(sought: Uint8Array): Promise<boolean> {
    this.leave(1);
    for (;;) {
      const found = this.#bytes.indexOf(sought);
      this.leave(found >= 0 ? found : Math.max(0, this.#bytes.length - sought.length + 1));
      if (found >= 0) return true;
      if (!(await this.grow())) {
        this.leave(this.#bytes.length);
        return false;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close();
  }

  async #more(count: number): Promise<boolean> {
    if (this.#file === undefined) return false;
    const fresh = Buffer.allocUnsafe(count);
    const { bytesRead } = await this.#file.read(fresh, 0, count, this.#at + this.#bytes.length);
    if (bytesRead === 0) return false;
    const read = fresh.subarray(0, bytesRead);
    this.#bytes = this.#bytes.length === 0 ? read : Buffer.concat([this.#bytes, read]);
    return true;
  }
}
