/** Several ways to do the same work, in turns, so that whatever else the machine does befalls all of them. */
import { setTimeout as pause } from "node:timers/promises";
import { type Effort, matmulProbe, median } from "./measure.js";

/** Milliseconds of one turn, and those of it that were not spent in the engine. */
export interface Turn {
  readonly milliseconds: number;
  readonly outside?: number;
}

export interface Contestant extends AsyncDisposable {
  /** What it is, with its version, where its name does not say it. */
  readonly about?: string;
  /** Does the work once. */
  turn(): Promise<Turn>;
}

/** Medians of every contestant that could be started, by name. */
export interface Contest {
  readonly results: ReadonlyMap<string, Required<Turn>>;
  /** What the contestants say they are. */
  readonly about: readonly string[];
  /** Why the others could not take part. */
  readonly absent: readonly string[];
  /** GFLOP/s of plain matrix products in the same turns. */
  readonly raw: number;
}

/** Long enough for threads that wait for work by spinning to fall asleep. */
const REST = 250;

/** Starts every contestant and lets each take a turn after the other; the first round does not count. */
export async function inTurns(
  starters: Readonly<Record<string, () => Promise<Contestant>>>,
  effort: Effort,
): Promise<Contest> {
  await using raw = await matmulProbe(effort);
  const present = new Map<string, { contestant: Contestant; turns: Turn[] }>();
  const absent: string[] = [];
  try {
    for (const [name, start] of Object.entries(starters))
      try {
        present.set(name, { contestant: await start(), turns: [] });
      } catch (error) {
        absent.push(`${name} took no part: ${error instanceof Error ? error.message : error}`);
      }
    const rates: number[] = [];
    for (let round = effort.small ? 1 : 0; round <= effort.repetitions; round++) {
      await pause(REST);
      // The best of a few in a row: the limit is what the machine can do once it is awake.
      const bursts = [await raw.measure(), await raw.measure(), await raw.measure()];
      if (round > 0) rates.push(Math.max(...bursts));
      for (const { contestant, turns } of present.values()) {
        await pause(REST);
        // Nobody is timed on the way back into caches that the others have filled: a training's steps follow each other.
        if (!effort.small) await contestant.turn();
        const turn = await contestant.turn();
        if (round > 0) turns.push(turn);
      }
    }
    const middle = (turns: readonly Turn[]): Required<Turn> => ({
      milliseconds: median(turns.map(({ milliseconds }) => milliseconds)),
      outside: median(turns.map(({ outside = 0 }) => outside)),
    });
    return {
      results: new Map([...present].map(([name, { turns }]) => [name, middle(turns)])),
      about: [...present.values()].flatMap(({ contestant: { about } }) => (about === undefined ? [] : [about])),
      absent,
      raw: median(rates),
    };
  } finally {
    for (const { contestant } of present.values()) await contestant[Symbol.asyncDispose]();
  }
}
