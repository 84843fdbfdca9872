/**
 * Reading sets of shards: streaming, shuffled by tar and by buffer, seeded, split among processes and workers, and resumable
 * at the exact record. The order is a function of the seed and the files alone.
 */
import { basename } from "node:path";
import { Random } from "../../random.js";
import type { DataRecord } from "../record.js";
import { Tally, type TallyJson } from "../tally.js";
import { ReaderStateError, ShardError } from "./errors.js";
import { findShards, samplesIn } from "./find.js";
import { fingerprint } from "./index-file.js";
import { type Part, WHOLE } from "./part.js";
import { type ForeignOptions, recordOfSample } from "./record-files.js";
import type { Damage, Sample } from "./sample.js";

/** How a set is read. */
export interface ReadOptions extends ForeignOptions {
  readonly seed?: string | number;
  /** Records among which the next is drawn, of tars in an order that is drawn too; 0 for the order on the disk. */
  readonly shuffle?: number;
  /** Which of several processes this is, and which of its workers: each record goes to one of them. */
  readonly part?: Part;
  readonly worker?: Part;
  /** Times everything is read, each in another order. Where `samplesIn` is to draw anew, open a reader for each. */
  readonly epochs?: number;
  /** Broken records that are put up with, where no tally is given. */
  readonly limit?: number;
  /** What counts; one that nobody else counts in, if the reader's state is used. */
  readonly tally?: Tally;
  /** Where an earlier reader of the same files and options was. */
  readonly state?: ReaderState;
}

/** A place between two records, as JSON: some 20 bytes for each record of the buffer. */
export interface ReaderState {
  readonly format: "flamingo-reader-1";
  /** Of the files and of all options that decide the order. */
  readonly made: string;
  readonly epoch: number;
  /** Which tar of this epoch's is being read, and the last sample that was taken from it. */
  readonly turn: number;
  readonly last: readonly [number: number, at: number] | null;
  /** Draws from the buffer in this epoch. */
  readonly drawn: number;
  /** Samples in the buffer: their tar, number and byte. */
  readonly buffer: readonly Reference[];
  readonly tally: TallyJson;
}

/** A sample: its tar among the files, its number in it, and the byte at which it begins. */
export type Reference = readonly [file: number, number: number, at: number];

interface Held {
  readonly record: DataRecord;
  readonly reference: Reference;
}

const SHUFFLE = 1000;

/**
 * Opens folders of shards, or tars, as one set.
 * @throws {ShardError} if there is nothing to read
 * @throws {ReaderStateError} if `state` is of other files or options
 */
export async function readShards(paths: string | readonly string[], options: ReadOptions = {}): Promise<ShardReader> {
  return new ShardReader(await findShards(paths), options);
}

/** The stage under which a reader counts. */
export const READ = "read";

/** A set of shards as a stream of records. It can be iterated once. */
export class ShardReader implements AsyncIterable<DataRecord> {
  readonly #files: readonly string[];
  readonly #options: ReadOptions;
  readonly #random: Random;
  readonly #made: string;
  /** Readers among which the records are split, and which of them this is. */
  readonly #readers: number;
  readonly #reader: number;
  readonly #tally: Tally;
  readonly #buffer: Held[] = [];
  #epoch = 0;
  #turn = 0;
  #last: readonly [number: number, at: number] | null = null;
  #drawn = 0;
  #draws: Random | undefined;
  #resume: ReaderState | undefined;

  constructor(files: readonly string[], options: ReadOptions = {}) {
    const { seed = 0, shuffle = SHUFFLE, part = WHOLE, worker = WHOLE, limit, tally, state, text } = options;
    this.#files = files;
    this.#options = options;
    this.#random = new Random(seed);
    this.#readers = part.of * worker.of;
    this.#reader = part.index * worker.of + worker.index;
    this.#tally = tally ?? new Tally(limit === undefined ? {} : { limit });
    this.#made = fingerprint([files.map((file) => basename(file)), String(seed), shuffle, part, worker, text ?? null]);
    if (state === undefined) return;
    if (state.format !== "flamingo-reader-1" || state.made !== this.#made)
      throw new ReaderStateError(
        `The saved place is one in other files, or of another seed, shuffling or split (${state.made}, not ${this.#made}).`,
        "open the same files with the same options, or begin anew without it",
      );
    this.#resume = state;
    this.#epoch = state.epoch;
    this.#turn = state.turn;
    this.#last = state.last;
    this.#drawn = state.drawn;
    this.#tally.merge(state.tally);
  }

  /** What was read and what was skipped until now. */
  get tally(): TallyJson {
    return this.#tally.toJSON();
  }

  /** The place after the record that was given last; asked for between records, not while the next is awaited. */
  state(): ReaderState {
    if (this.#resume !== undefined) return this.#resume;
    return {
      format: "flamingo-reader-1",
      made: this.#made,
      epoch: this.#epoch,
      turn: this.#turn,
      last: this.#last,
      drawn: this.#drawn,
      buffer: this.#buffer.map(({ reference }) => reference),
      tally: this.tally,
    };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<DataRecord, void> {
    const { shuffle = SHUFFLE, epochs = 1 } = this.#options;
    await this.#refill();
    let before = this.#resume === undefined ? 0 : 1;
    this.#resume = undefined;
    for (; this.#epoch < epochs; this.#epoch++) {
      let given = before;
      before = 0;
      for await (const some of this.#records()) {
        for (const held of some) {
          const next = this.#exchange(held, shuffle);
          if (next === undefined) continue;
          given++;
          yield next.record;
        }
      }
      for (let next = this.#drain(); next !== undefined; next = this.#drain()) {
        given++;
        yield next.record;
      }
      this.#turn = 0;
      this.#last = null;
      this.#drawn = 0;
      if (given === 0 && epochs === Number.POSITIVE_INFINITY)
        throw new ShardError(
          "A whole epoch gave no record, and there would be endlessly many.",
          "see what the tally says of the records, or give fewer readers fewer parts",
        );
    }
  }

  /** Puts a record into the buffer, and takes out another once it is full. */
  #exchange(held: Held, size: number): Held | undefined {
    if (size === 0) return held;
    if (this.#buffer.length < size) {
      this.#buffer.push(held);
      return undefined;
    }
    const slot = this.#draw(size);
    const out = this.#buffer[slot];
    this.#buffer[slot] = held;
    return out;
  }

  #drain(): Held | undefined {
    if (this.#buffer.length === 0) return undefined;
    const slot = this.#draw(this.#buffer.length);
    const out = this.#buffer[slot];
    const last = this.#buffer.pop()!;
    if (slot < this.#buffer.length) this.#buffer[slot] = last;
    return out;
  }

  /** Streams of 256 draws each, so that any draw can be come to without those long before it. */
  #draw(below: number): number {
    const within = this.#drawn % 256;
    if (within === 0 || this.#draws === undefined) {
      this.#draws = this.#random.fork(`draws/${this.#epoch}/${Math.floor(this.#drawn / 256)}`);
      for (let i = 0; i < within; i++) this.#draws.bits();
    }
    this.#drawn++;
    return this.#draws.integer(below);
  }

  /** The tars of this epoch in their order. With fewer tars than readers each reader takes its records of every tar. */
  #order(): readonly number[] {
    const all = this.#files.map((_, i) => i);
    const order =
      (this.#options.shuffle ?? SHUFFLE) === 0 ? all : this.#random.fork(`files/${this.#epoch}`).shuffle(all);
    return this.#splitsRecords ? order : order.filter((_, i) => i % this.#readers === this.#reader);
  }

  get #splitsRecords(): boolean {
    return this.#files.length < this.#readers;
  }

  /** The records of this epoch from the present place, as many at once as were read at once. */
  async *#records(): AsyncGenerator<Iterable<Held>> {
    for (const order = this.#order(); this.#turn < order.length; this.#turn++) {
      const file = order[this.#turn]!;
      const [number, at] = this.#last ?? [0, 0];
      for await (const items of samplesIn(this.#files[file]!, { number, at })) yield this.#take(file, items);
      this.#last = null;
    }
  }

  *#take(file: number, items: readonly (Sample | Damage)[]): Generator<Held> {
    for (const item of items) {
      if (item.number <= (this.#last?.[0] ?? -1)) continue;
      const place = { file: this.#files[file]!, record: item.number, byte: item.at };
      if ("reason" in item) {
        if (!this.#splitsRecords || file % this.#readers === this.#reader)
          this.#tally.fault(READ, item.reason, { ...place, found: item.found });
        continue;
      }
      this.#last = [item.number, item.at];
      if (this.#splitsRecords && (item.number + file) % this.#readers !== this.#reader) continue;
      const record = recordOfSample(item, this.#options);
      if ("reason" in record) {
        if (!item.torn) this.#tally.fault(READ, record.reason, { ...place, found: record.found });
        continue;
      }
      this.#tally.pass(READ);
      yield { record: this.#options.shuffle === 0 ? record : copied(record), reference: [file, item.number, item.at] };
    }
  }

  /** Reads what was in the buffer when the state was saved. */
  async #refill(): Promise<void> {
    const wanted = this.#resume?.buffer ?? [];
    const slots = new Map(wanted.map(([file, number], slot) => [`${file}/${number}`, slot]));
    for (const file of new Set(wanted.map(([file]) => file))) {
      const references = wanted.filter(([of]) => of === file);
      const [, number, at] = references.reduce((first, next) => (next[1] < first[1] ? next : first));
      let missing = references.length;
      for await (const items of samplesIn(this.#files[file]!, { number, at })) {
        for (const item of items) {
          const slot = slots.get(`${file}/${item.number}`);
          if (slot === undefined || "reason" in item) continue;
          const record = recordOfSample(item, this.#options);
          if ("reason" in record) continue;
          this.#buffer[slot] = { record: copied(record), reference: wanted[slot]! };
          missing--;
        }
        if (missing === 0) break;
      }
      if (missing > 0)
        throw new ReaderStateError(
          `${this.#files[file]} has no longer ${missing} of the records that were in the buffer.`,
          "put back the file as it was, or begin anew without the saved place",
        );
    }
  }
}

/** The record with bytes of its own: those it was read with belong to a larger piece, which would stay in memory. */
function copied(record: DataRecord): DataRecord {
  const media = record.media.map((medium) => ({
    ...medium,
    files: medium.files.map(({ type, bytes }) => ({ type, bytes: Buffer.from(bytes) })),
  }));
  return { ...record, media };
}
