/** Several sets of shards as one stream, drawn by weight; resumable as each of them is. */
import { UsageError } from "../../errors.js";
import { Random } from "../../random.js";
import type { DataRecord } from "../record.js";
import { ReaderStateError } from "./errors.js";
import type { ReaderState, ShardReader } from "./reader.js";

/** One set of a mixture. */
export interface Ingredient {
  readonly name: string;
  readonly reader: ShardReader;
  /** Records of it for each of a set of weight 1; any scale. */
  readonly weight: number;
}

/** A record and the set that it is of. */
export interface MixedRecord {
  readonly set: string;
  readonly record: DataRecord;
}

/** A place in a mixture: give each set's to its reader, and all of it to `mix`. */
export interface MixtureState {
  readonly format: "flamingo-mixture-1";
  /** In their order, which an object does not keep of every name. */
  readonly names: readonly string[];
  readonly drawn: number;
  /** Sets that have ended. */
  readonly ended: readonly string[];
  readonly sets: Readonly<Record<string, ReaderState>>;
}

/** A stream that is several; see `mix`. It can be iterated once. */
export interface Mixture extends AsyncIterable<MixedRecord> {
  /** The place after the record that was given last. */
  state(): MixtureState;
}

/**
 * Draws each record from one of the sets, as often as its weight says. A set that ends leaves the draw to the others.
 * @throws {UsageError} if there is no set, a name twice, or a weight that is no positive number
 * @throws {ReaderStateError} if `state` is of a mixture with other names
 */
export function mix(
  ingredients: readonly Ingredient[],
  { seed = 0, state }: { readonly seed?: string | number; readonly state?: MixtureState } = {},
): Mixture {
  const names = ingredients.map(({ name }) => name);
  if (names.length === 0 || new Set(names).size < names.length)
    throw new UsageError(
      `A mixture of ${names.join(", ") || "nothing"}.`,
      "give one set or more, with names that differ",
    );
  for (const { name, weight } of ingredients)
    if (!(weight > 0 && Number.isFinite(weight)))
      throw new UsageError(`The weight of ${name} is ${weight}.`, "give a number above 0, or leave the set out");
  if (state !== undefined && state.names.join() !== names.join())
    throw new ReaderStateError(
      `The saved place is one in a mixture of ${state.names.join(", ")}, not of ${names.join(", ")}.`,
      "mix the same sets in the same order, or begin anew without it",
    );
  const random = new Random(seed);
  const ended = new Set(state?.ended);
  let drawn = state?.drawn ?? 0;
  return {
    state: () => ({
      format: "flamingo-mixture-1",
      names,
      drawn,
      ended: [...ended],
      sets: Object.fromEntries(ingredients.map(({ name, reader }) => [name, reader.state()])),
    }),
    async *[Symbol.asyncIterator]() {
      const streams = ingredients.map((ingredient) => ({
        ...ingredient,
        records: ingredient.reader[Symbol.asyncIterator](),
      }));
      try {
        for (let left = streams.filter(({ name }) => !ended.has(name)); left.length > 0; ) {
          const { name, records } = draw(left, random.fork(drawn));
          const { done, value } = await records.next();
          if (done) {
            ended.add(name);
            left = left.filter((stream) => stream.name !== name);
            continue;
          }
          drawn++;
          yield { set: name, record: value };
        }
      } finally {
        for (const { records } of streams) await records.return();
      }
    },
  };
}

function draw<Weighted extends { readonly weight: number }>(from: readonly Weighted[], random: Random): Weighted {
  let at = random.uniform(
    0,
    from.reduce((sum, { weight }) => sum + weight, 0),
  );
  const found = from.find(({ weight }) => {
    at -= weight;
    return at < 0;
  });
  return found ?? from.at(-1)!;
}
