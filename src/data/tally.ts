/**
 * What became of every record of a run, by stage. Nothing is left out silently: what a rule drops and what is broken are
 * counted by reason, with the places of the first few. Broken input never ends a run, until there is more than was allowed.
 */
import { FlamingoError } from "../errors.js";

/** Where a record stands. */
export interface Place {
  /** Path or address. */
  readonly file: string;
  /** Number of the record in the file, from 0. */
  readonly record?: number;
  /** Byte of the file at which it begins, from 0. */
  readonly byte?: number;
  /** What was found there: a key, a size, a message. */
  readonly found?: string;
}

/** How many records went for one reason, and where the first of them stand. */
export interface Reason {
  readonly count: number;
  readonly first: readonly Place[];
}

/** What became of the records that reached a stage; reasons in alphabetical order. */
export interface StageTally {
  readonly passed: number;
  /** By a rule: too short, in another language. */
  readonly dropped: Readonly<Record<string, Reason>>;
  /** Broken input: cut off, not decodable. */
  readonly faults: Readonly<Record<string, Reason>>;
}

/** A tally as JSON, stages in the order in which they were first met. */
export type TallyJson = Readonly<Record<string, StageTally>>;

/** More of the input is broken than was allowed. */
export class TooManyFaultsError extends FlamingoError {
  readonly code = "DATA_FAULTS";
}

interface Stage {
  passed: number;
  readonly dropped: Map<string, { count: number; first: Place[] }>;
  readonly faults: Map<string, { count: number; first: Place[] }>;
}

/** Counts what became of records, stage by stage. */
export class Tally {
  readonly #stages = new Map<string, Stage>();
  readonly #limit: number;
  readonly #keep: number;
  #faults = 0;

  /**
   * @param limit  faults that are put up with; one more is an error. Of what rules drop there is no limit.
   * @param keep  places kept of each reason
   */
  constructor({
    limit = Number.POSITIVE_INFINITY,
    keep = 5,
  }: { readonly limit?: number; readonly keep?: number } = {}) {
    this.#limit = limit;
    this.#keep = keep;
  }

  /** Faults of all stages. */
  get faults(): number {
    return this.#faults;
  }

  /** Counts records that a stage let through. */
  pass(stage: string, count = 1): void {
    this.#stage(stage).passed += count;
  }

  /** Counts a record that a rule leaves out. */
  drop(stage: string, reason: string, place: Place): void {
    this.#add(this.#stage(stage).dropped, reason, 1, [place]);
  }

  /**
   * Counts a record that is broken, and is skipped.
   * @throws {TooManyFaultsError} if there are now more than the limit
   */
  fault(stage: string, reason: string, place: Place): void {
    this.#add(this.#stage(stage).faults, reason, 1, [place]);
    this.#faults++;
    this.#check(`${stage}: ${reason}: ${placeInWords(place)}`);
  }

  /**
   * Adds the counts of another tally, of another shard or worker.
   * @throws {TooManyFaultsError} if there are now more faults than the limit
   */
  merge(other: TallyJson): void {
    for (const [name, { passed, dropped, faults }] of Object.entries(other)) {
      const stage = this.#stage(name);
      stage.passed += passed;
      for (const [reason, { count, first }] of Object.entries(dropped)) this.#add(stage.dropped, reason, count, first);
      for (const [reason, { count, first }] of Object.entries(faults)) {
        this.#add(stage.faults, reason, count, first);
        this.#faults += count;
      }
    }
    this.#check("counted together");
  }

  toJSON(): TallyJson {
    return Object.fromEntries(
      [...this.#stages].map(([name, { passed, dropped, faults }]) => [
        name,
        { passed, dropped: reasons(dropped), faults: reasons(faults) },
      ]),
    );
  }

  #stage(name: string): Stage {
    let stage = this.#stages.get(name);
    if (stage === undefined) {
      stage = { passed: 0, dropped: new Map(), faults: new Map() };
      this.#stages.set(name, stage);
    }
    return stage;
  }

  #add(to: Stage["faults"], reason: string, count: number, places: readonly Place[]): void {
    const entry = to.get(reason) ?? { count: 0, first: [] };
    entry.count += count;
    entry.first.push(...places.slice(0, Math.max(0, this.#keep - entry.first.length)));
    to.set(reason, entry);
  }

  #check(last: string): void {
    if (this.#faults > this.#limit)
      throw new TooManyFaultsError(
        `${this.#faults} records are broken, and ${this.#limit} were allowed; the last: ${last}.`,
        "look at the places that the report names, mend or leave out those files, or allow more faults",
      );
  }
}

function reasons(of: Stage["faults"]): Record<string, Reason> {
  const names = [...of.keys()].sort();
  return Object.fromEntries(
    names.map((name) => [name, { count: of.get(name)!.count, first: [...of.get(name)!.first] }]),
  );
}

/** A place in a line: `shard-00000.tar, record 3, byte 2048: no text`. */
export function placeInWords({ file, record, byte, found }: Place): string {
  const where = [
    file,
    ...(record === undefined ? [] : [`record ${record}`]),
    ...(byte === undefined ? [] : [`byte ${byte}`]),
  ];
  return found === undefined ? where.join(", ") : `${where.join(", ")}: ${found}`;
}
