/**
 * Memory that the optimizer's WebAssembly (`optimizer.wat`) and the engine both reach: arrays in it are worked on where
 * they lie. Copying others in and out takes three times as long as the arithmetic.
 */
import { MODULE } from "./optimizer.generated.js";

/** What the module exports: see `optimizer.wat`. Addresses and lengths are in bytes, multiples of 16. */
export interface Kernel {
  update(parameter: number, gradient: number, first: number, second: number, bytes: number, ...of: number[]): void;
  squares(at: number, bytes: number): number;
  accumulate(sum: number, own: number, bytes: number, weight: number): void;
}

/** The part of WebAssembly's interface that is used: Node's types have none. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (options: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (module: object, imports: object) => { readonly exports: Kernel };
};

const compiled = new WebAssembly.Module(Uint8Array.from(atob(MODULE), (letter) => letter.charCodeAt(0)));

const ALIGNMENT = 16;
const PAGE = 65_536;
/** Pages of the largest memory with 32-bit addresses. */
const MOST_PAGES = 65_536;

/** Bytes that an array takes in an arena. */
export const bytesOf = (length: number): number =>
  ALIGNMENT * Math.ceil((length * Float32Array.BYTES_PER_ELEMENT) / ALIGNMENT);

const homes = new WeakMap<Float32Array, Arena>();

/** Arrays of float32 numbers side by side in one memory. */
export class Arena {
  readonly kernel: Kernel;
  readonly #buffer: ArrayBuffer;
  #used = 0;

  private constructor(pages: number) {
    const memory = new WebAssembly.Memory({ initial: Math.max(1, pages) });
    this.#buffer = memory.buffer;
    this.kernel = new WebAssembly.Instance(compiled, { arena: { memory } }).exports;
  }

  /** An arena from which arrays of these lengths can be taken; undefined where they are more than 32-bit addresses reach. */
  static for(lengths: readonly number[]): Arena | undefined {
    const pages = Math.ceil(lengths.reduce((sum, length) => sum + bytesOf(length), 0) / PAGE);
    return pages > MOST_PAGES ? undefined : new Arena(pages);
  }

  /** The arena of which an array was taken. */
  static of(array: Float32Array): Arena | undefined {
    return homes.get(array);
  }

  /** Zeros. */
  take(length: number): Float32Array {
    const array = new Float32Array(this.#buffer, this.#used, length);
    this.#used += bytesOf(length);
    homes.set(array, this);
    return array;
  }
}
