/**
 * Seeded randomness, passed by hand. A `Random` is a stream; `fork(name)` gives an independent stream that depends only
 * on the parent's seed and the name, never on how much of the parent was used. So step 1,000 of a run draws the same
 * numbers whether the run was resumed there or came from step 0.
 *
 * The generator is sfc32 (Chris Doty-Humphrey, PractRand); seeds are spread with the murmur3 finaliser.
 */
export class Random {
  readonly seed: string;
  #a: number;
  #b: number;
  #c: number;
  #counter: number;
  #spare: number | undefined;

  constructor(seed: string | number) {
    this.seed = String(seed);
    const hash = stringHash(this.seed);
    [this.#a, this.#b, this.#c, this.#counter] = [hash(), hash(), hash(), hash()];
    for (let i = 0; i < 12; i++) this.bits();
  }

  /** An independent stream named by this stream's seed and `name`. */
  fork(name: string | number): Random {
    return new Random(`${this.seed}/${name}`);
  }

  /** 32 uniform bits, as an unsigned integer. */
  bits(): number {
    const out = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + out;
    this.#c |= 0;
    return out >>> 0;
  }

  /** Uniform in [0, 1), or in [low, high). */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.bits() / 2 ** 32);
  }

  /** A uniform integer in [0, below). */
  integer(below: number): number {
    return Math.floor(this.uniform() * below);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** A standard normal draw (Box-Muller). */
  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** Standard normal draws times `deviation`, as many as `into` holds. */
  normals(into: Float32Array, deviation: number): void {
    for (let i = 0; i < into.length; i++) into[i] = this.normal() * deviation;
  }

  /** One item, uniformly. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError("Random.pick: nothing to pick from, the list is empty");
    return items[this.integer(items.length)] as T;
  }

  /** `count` different items, in random order. */
  sample<T>(items: readonly T[], count: number): T[] {
    if (count > items.length) throw new RangeError(`Random.sample: ${count} of a list of ${items.length}`);
    const pool = [...items];
    for (let i = 0; i < count; i++) {
      const j = i + this.integer(pool.length - i);
      [pool[i], pool[j]] = [pool[j] as T, pool[i] as T];
    }
    return pool.slice(0, count);
  }

  /** The items in random order; the argument is left alone. */
  shuffle<T>(items: readonly T[]): T[] {
    return this.sample(items, items.length);
  }
}

/**
 * A stream for parameters that will be read from a file: their draws, which are the greater part of opening a model, are
 * left out, and they are zero until they are read.
 */
export class Undrawn extends Random {
  constructor() {
    super("undrawn");
  }

  override fork(): Random {
    return this;
  }

  override normals(): void {}
}

/** xmur3: a stream of well-mixed 32-bit words from a string. */
function stringHash(text: string): () => number {
  let h = 1779033703 ^ text.length;
  for (let i = 0; i < text.length; i++) {
    h = Math.imul(h ^ text.charCodeAt(i), 3432918353);
    h = (h << 13) | (h >>> 19);
  }
  return () => {
    h = Math.imul(h ^ (h >>> 16), 2246822507);
    h = Math.imul(h ^ (h >>> 13), 3266489909);
    h ^= h >>> 16;
    return h >>> 0;
  };
}
