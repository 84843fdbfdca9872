/** Samples out of the files of a tar: WebDataset's rule, by which the files of one sample stand together and share a key. */
import type { TarEntry, TarFault } from "./tar-parser.js";

/** The files of one key. */
export interface Sample {
  /** The path of its files as far as the first dot of their last part. */
  readonly key: string;
  /** Number of the sample in its tar, from 0. */
  readonly number: number;
  /** Byte of the tar at which the first of its files begins. */
  readonly at: number;
  /** By what stands after the key's dot: `json`, `0.jpg`. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** The ending that two of its files have, if any. */
  readonly twice?: string;
  /** That the tar is cut off after it, perhaps before the last of its files: what it lacks is that damage's. */
  readonly torn?: boolean;
}

/** Damage, with the number of the sample that it follows. */
export interface Damage extends TarFault {
  readonly number: number;
}

/** Puts files together that follow one another and have one key. */
export class Grouping {
  #key: string | undefined;
  #at = 0;
  #files = new Map<string, Buffer>();
  #twice: string | undefined;
  #number: number;

  /** @param number  of the first sample there will be */
  constructor(number = 0) {
    this.#number = number;
  }

  /** The samples that are whole with these files. Files without a key are no part of any. */
  *push(items: readonly (TarEntry | TarFault)[]): Generator<Sample | Damage> {
    for (const item of items) {
      if ("reason" in item) {
        if (item.reason !== "cut off" && item.reason !== "damaged compression") yield { ...item, number: this.#number };
        else {
          const last = this.#key === undefined ? "" : `; sample ${this.#key} was the last`;
          if (item.file !== undefined && keyOf(item.file) === this.#key) this.#clear();
          else yield* this.end(item.file === undefined);
          yield { ...item, number: this.#number, found: `${item.found}${last}` };
        }
        continue;
      }
      const key = keyOf(item.name);
      if (key === undefined) continue;
      if (key !== this.#key) {
        yield* this.end();
        this.#key = key;
        this.#at = item.at;
      }
      const ending = item.name.slice(key.length + 1).toLowerCase();
      if (this.#files.has(ending)) this.#twice = ending;
      this.#files.set(ending, item.bytes);
    }
  }

  /** The last sample. @param torn  whether the tar is cut off after it */
  *end(torn = false): Generator<Sample> {
    if (this.#key === undefined) return;
    yield {
      key: this.#key,
      number: this.#number++,
      at: this.#at,
      files: this.#files,
      ...(this.#twice === undefined ? {} : { twice: this.#twice }),
      ...(torn ? { torn } : {}),
    };
    this.#clear();
  }

  #clear(): void {
    this.#key = undefined;
    this.#files = new Map();
    this.#twice = undefined;
  }
}

/** The key in a file's name; none for one without an ending, for hidden ones, and for what WebDataset keeps beside samples. */
function keyOf(name: string): string | undefined {
  const slash = name.lastIndexOf("/") + 1;
  const dot = name.indexOf(".", slash);
  const key = name.slice(0, Math.max(slash, dot));
  return dot <= slash || dot === name.length - 1 || /^__[^/]*__($|\/)/.test(key) ? undefined : key;
}
