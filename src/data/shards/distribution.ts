/** How numbers are spread: each different one is counted, so that quantiles are exact. */
export class Distribution {
  readonly #counts = new Map<number, number>();
  count = 0;
  sum = 0;

  add(value: number): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
    this.count++;
    this.sum += value;
  }

  /** How often each number came, the least first. */
  get counts(): readonly (readonly [value: number, count: number])[] {
    return [...this.#counts].sort(([a], [b]) => a - b);
  }

  /** Null where nothing was added. */
  summary(): Summary | null {
    if (this.count === 0) return null;
    const counts = this.counts;
    const quantile = (share: number): number => {
      const wanted = Math.max(1, Math.ceil(share * this.count));
      let reached = 0;
      return counts.find(([, count]) => {
        reached += count;
        return reached >= wanted;
      })![0];
    };
    return {
      mean: this.sum / this.count,
      least: counts[0]![0],
      tenth: quantile(0.1),
      median: quantile(0.5),
      ninetieth: quantile(0.9),
      most: counts.at(-1)![0],
    };
  }
}

/** The least number that so large a share of all do not exceed. */
export interface Summary {
  readonly mean: number;
  readonly least: number;
  readonly tenth: number;
  readonly median: number;
  readonly ninetieth: number;
  readonly most: number;
}
