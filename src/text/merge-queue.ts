/**
 * The pairs of a corpus by how often they occur: a heap whose stale entries are mended when they come to the top.
 */

/** Pairs are kept as one number; ids stay below this. */
const RADIX = 2 ** 24;

export class MergeQueue {
  readonly #minimumCount: number;
  readonly #counts = new Map<number, number>();
  /** The words each pair has stood in; some may have lost it since. */
  readonly #words = new Map<number, Set<number>>();
  readonly #changed = new Set<number>();
  readonly #heap: { count: number; pair: number }[] = [];

  constructor(minimumCount: number) {
    this.#minimumCount = minimumCount;
  }

  /** Counts the pair `change` times more, or fewer, in word number `word`. */
  add(left: number, right: number, change: number, word: number): void {
    const pair = left * RADIX + right;
    this.#counts.set(pair, (this.#counts.get(pair) ?? 0) + change);
    if (change <= 0) return;
    this.#changed.add(pair);
    let words = this.#words.get(pair);
    if (words === undefined) {
      words = new Set();
      this.#words.set(pair, words);
    }
    words.add(word);
  }

  /** Ranks the pairs whose count may have risen. */
  #settle(): void {
    for (const pair of this.#changed) {
      const count = this.#counts.get(pair)!;
      if (count >= this.#minimumCount) this.#push({ count, pair });
    }
    this.#changed.clear();
  }

  /**
   * The most frequent pair, of equals the one with the lower ids; undefined when none is frequent enough. The caller
   * merges it in all the words given, and so brings its count to zero.
   */
  next(): { readonly pair: readonly [number, number]; readonly words: Iterable<number> } | undefined {
    this.#settle();
    for (let top = this.#pop(); top !== undefined; top = this.#pop()) {
      const count = this.#counts.get(top.pair) ?? 0;
      if (count < this.#minimumCount) continue;
      if (count !== top.count) {
        if (count < top.count) this.#push({ count, pair: top.pair });
        continue;
      }
      const words = this.#words.get(top.pair)!;
      this.#words.delete(top.pair);
      return { pair: [Math.floor(top.pair / RADIX), top.pair % RADIX], words };
    }
    return undefined;
  }

  #before(a: number, b: number): boolean {
    const left = this.#heap[a]!;
    const right = this.#heap[b]!;
    return left.count !== right.count ? left.count > right.count : left.pair < right.pair;
  }

  #swap(a: number, b: number): void {
    [this.#heap[a], this.#heap[b]] = [this.#heap[b]!, this.#heap[a]!];
  }

  #push(entry: { count: number; pair: number }): void {
    this.#heap.push(entry);
    let at = this.#heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #pop(): { count: number; pair: number } | undefined {
    const top = this.#heap[0];
    const last = this.#heap.pop();
    if (top === undefined || last === undefined || this.#heap.length === 0) return top;
    this.#heap[0] = last;
    for (let at = 0; ; ) {
      let first = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.#heap.length && this.#before(child, first)) first = child;
      }
      if (first === at) return top;
      this.#swap(at, first);
      at = first;
    }
  }
}
