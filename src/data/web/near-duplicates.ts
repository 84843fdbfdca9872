/** Pictures that were met before: resized, compressed again, cropped or turned, they are found without comparing all with all. */
import { Random } from "../../random.js";
import { hammingDistance } from "./phash.js";

/** By what a picture is recognised. */
export interface Look {
  /** Of `perceptualHash`. */
  readonly hash: string;
  /** Of an `Embedder`, as `quantised` keeps it. */
  readonly embedding: Int8Array | undefined;
}

/**
 * From when on two pictures are one. The two limits lie where `test/data/web/near-duplicates.test.ts` found copies and
 * unlike pictures of the world and of photographs far apart.
 */
export interface DuplicateRules {
  /** Most bits in which the hashes of copies differ, `MOST_BITS` at most; none are copies by them where it is less than 0. */
  readonly bits: number;
  /** Least cosine between the embeddings of copies. */
  readonly cosine: number;
}

/** In more bits than these, hashes may differ in two bits of every band, and the search would miss some. */
export const MOST_BITS = 7;

export const DUPLICATE_RULES: DuplicateRules = { bits: 6, cosine: 0.97 };

/** An embedding as it is kept: its direction, in so few digits that the last ones of an engine decide nothing. */
export function quantised(embedding: Float32Array): Int8Array {
  const most = embedding.reduce((found, value) => Math.max(found, Math.abs(value)), 0) || 1;
  return Int8Array.from(embedding, (value) => Math.round((127 * value) / most));
}

/** Tables and planes of each: of pairs at the limit of 0.97, 99 in 100 meet in a table; of closer ones, practically all. */
const TABLES = 12;
const PLANES = 12;

/** How a picture was recognised. */
export interface Recognised {
  /** What was given with the earlier picture. */
  readonly as: string;
  readonly by: "hash" | "embedding";
}

/** Pictures met so far. */
export class NearDuplicates {
  readonly #rules: DuplicateRules;
  readonly #looks: (Look & { readonly name: string; readonly length: number })[] = [];
  /** Hashes in four bands of 16 bits: two that differ in 7 bits differ in one band by one bit at most. */
  readonly #bands = Array.from({ length: 4 }, () => new Map<number, number[]>());
  readonly #tables = Array.from({ length: TABLES }, () => new Map<number, number[]>());
  #planes: readonly Float32Array[] = [];

  constructor(rules: DuplicateRules = DUPLICATE_RULES) {
    this.#rules = rules;
  }

  get size(): number {
    return this.#looks.length;
  }

  /** Remembers a picture. @param name  what it will be recognised as */
  add(look: Look, name: string): void {
    const number = this.#looks.length;
    this.#looks.push({ ...look, name, length: look.embedding === undefined ? 0 : lengthOf(look.embedding) });
    bandsOf(look.hash).forEach((band, n) => {
      put(this.#bands[n]!, band, number);
    });
    if (look.embedding !== undefined)
      this.#keysOf(look.embedding).forEach((key, n) => {
        put(this.#tables[n]!, key, number);
      });
  }

  /** The earliest of the pictures met before that this one is a copy of, by its hash if by both. */
  find(look: Look): Recognised | undefined {
    const byHash = this.#byHash(look.hash);
    if (byHash !== undefined) return { as: this.#looks[byHash]!.name, by: "hash" };
    const byEmbedding = look.embedding === undefined ? undefined : this.#byEmbedding(look.embedding);
    return byEmbedding === undefined ? undefined : { as: this.#looks[byEmbedding]!.name, by: "embedding" };
  }

  #byHash(hash: string): number | undefined {
    let best: number | undefined;
    bandsOf(hash).forEach((band, n) => {
      for (let bit = -1; bit < 16; bit++)
        for (const number of this.#bands[n]!.get(bit < 0 ? band : band ^ (1 << bit)) ?? []) {
          if (best !== undefined && number >= best) break;
          if (hammingDistance(hash, this.#looks[number]!.hash) <= this.#rules.bits) best = number;
        }
    });
    return best;
  }

  #byEmbedding(embedding: Int8Array): number | undefined {
    const length = lengthOf(embedding);
    let best: number | undefined;
    this.#keysOf(embedding).forEach((key, n) => {
      for (const number of this.#tables[n]!.get(key) ?? []) {
        if (best !== undefined && number >= best) break;
        const other = this.#looks[number]!;
        if (dot(embedding, other.embedding!) >= this.#rules.cosine * length * other.length) best = number;
      }
    });
    return best;
  }

  /** On which side of random planes an embedding lies: alike ones lie on the same side of most. @source Charikar (2002) */
  #keysOf(embedding: Int8Array): number[] {
    const width = embedding.length;
    if (this.#planes.length === 0) {
      const random = new Random("near duplicates");
      this.#planes = Array.from({ length: TABLES * PLANES }, () => {
        const plane = new Float32Array(width);
        random.normals(plane, 1);
        return plane;
      });
    }
    return Array.from({ length: TABLES }, (_, table) => {
      let key = 0;
      for (let i = 0; i < PLANES; i++) key = 2 * key + (dot(embedding, this.#planes[table * PLANES + i]!) > 0 ? 1 : 0);
      return key;
    });
  }
}

function bandsOf(hash: string): number[] {
  return [0, 4, 8, 12].map((at) => Number.parseInt(hash.slice(at, at + 4), 16));
}

function put(into: Map<number, number[]>, key: number, number: number): void {
  const there = into.get(key);
  if (there === undefined) into.set(key, [number]);
  else there.push(number);
}

function dot(a: Int8Array, b: Int8Array | Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function lengthOf(embedding: Int8Array): number {
  return Math.sqrt(dot(embedding, embedding));
}
