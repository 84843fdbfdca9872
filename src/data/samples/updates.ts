/**
 * Several data sets in one training. The paper takes a batch of each, adds their gradients by weight, and makes one step
 * of the sum, which was 7.8 points better than a step for each in turn. (`mix` of `shards/mixture.ts` is something else: one
 * stream of records, each drawn from one of several sets.)
 */
import { UsageError } from "../../errors.js";

/** Weights and the batches of the ablations. @source arXiv:2204.14198, section 3.3 and appendix B; table 10 */
export const paperMixture = {
  m3w: { weight: 1, batch: 256 },
  align: { weight: 0.2, batch: 512 },
  ltip: { weight: 0.2, batch: 512 },
  vtp: { weight: 0.03, batch: 64 },
} as const;

/** One data set of a mixture. */
export interface UpdatePart<Item> {
  /** What its loss is multiplied by. */
  readonly weight: number;
  /** Examples of it in each step. */
  readonly batch: number;
  /** Opens the examples of an epoch, from 0. A part that ends begins again with the next. */
  readonly open: (epoch: number) => AsyncIterable<Item>;
  /** The epoch to begin with, to go on with a training; 0 unless told. */
  readonly epoch?: number;
}

/** What one step takes of one data set. */
export interface UpdateBatch<Name extends string, Item> {
  readonly name: Name;
  readonly weight: number;
  /** The epoch that the last of its examples is of. */
  readonly epoch: number;
  readonly items: readonly Item[];
}

/** Each step's batches: one of each part, or of the next part alone. */
export type UpdateOrder = "accumulate" | "in-turn";

/**
 * Steps without end. Each part is read only as far as its batches need, so that between two steps the state of its reader is
 * the place to go on from: with each part's `epoch` as the last step told it, and in `open` the reader's state for that
 * epoch, the steps that follow are those that would have followed.
 *
 * @param step  steps that were taken before, to go on with a training
 * @throws {UsageError} for a part with a weight or a batch that is none, and for one of which two epochs after another are
 *   empty (of the first there may be nothing left): the training would go on without it, and nothing would say so.
 */
export async function* updates<Name extends string, Item>(
  parts: Readonly<Record<Name, UpdatePart<Item>>>,
  order: UpdateOrder = "accumulate",
  step = 0,
): AsyncGenerator<readonly UpdateBatch<Name, Item>[]> {
  const named = Object.entries(parts) as [Name, UpdatePart<Item>][];
  for (const [name, { weight, batch }] of named) {
    if (!(weight > 0 && Number.isFinite(weight)) || !Number.isInteger(batch) || batch < 1)
      throw new UsageError(
        `The data set "${name}" has weight ${weight} and batch ${batch}.`,
        "give a weight above 0 and a batch of 1 or more, or leave the set out",
      );
  }
  if (named.length === 0) throw new UsageError("A mixture of no data sets was asked for.", "give at least one");
  const readers = named.map(([name, part]) => ({ name, part, reader: new Epochs(name, part) }));
  try {
    for (let now = step; ; now++) {
      const taking = order === "accumulate" ? readers : [readers[now % readers.length]!];
      const batches: UpdateBatch<Name, Item>[] = [];
      for (const { name, part, reader } of taking) {
        const items = await reader.take(part.batch);
        batches.push({ name, weight: part.weight, epoch: reader.epoch, items });
      }
      yield batches;
    }
  } finally {
    for (const { reader } of readers) await reader.close();
  }
}

/** One part, epoch after epoch. */
class Epochs<Item> {
  epoch: number;
  readonly #name: string;
  readonly #open: (epoch: number) => AsyncIterable<Item>;
  #current: AsyncIterator<Item> | undefined;

  constructor(name: string, { open, epoch = 0 }: UpdatePart<Item>) {
    this.#name = name;
    this.#open = open;
    this.epoch = epoch;
  }

  async take(count: number): Promise<Item[]> {
    const items: Item[] = [];
    let empty = 0;
    while (items.length < count) {
      if (this.#current === undefined) {
        this.#current = this.#open(this.epoch)[Symbol.asyncIterator]();
        empty++;
      }
      const next = await this.#current.next();
      if (!next.done) {
        items.push(next.value);
        empty = 0;
      } else {
        if (empty === 2)
          throw new UsageError(
            `Epoch ${this.epoch} of the data set "${this.#name}" has no example.`,
            "look at what its tally says was left out, or leave the set out of the mixture",
          );
        this.#current = undefined;
        this.epoch++;
      }
    }
    return items;
  }

  async close(): Promise<void> {
    await this.#current?.return?.();
  }
}
