/** The harness: it draws, asks and counts, and knows no measure by name. */
import { type Everything, openEverything } from "../data/world/everything.node.js";
import { UsageError } from "../errors.js";
import { Random } from "../random.js";
import { episodeOf, promptOf, randomOf } from "./draw.js";
import { wilson } from "./intervals.js";
import type { Answerer, Suite, Task } from "./task.js";

/** What was measured, or why it was not. */
export type Measure =
  | {
      readonly name: string;
      /** The share of right answers, 0 to 1, with its 95% interval (Wilson). */
      readonly value: number;
      readonly low: number;
      readonly high: number;
      readonly episodes: number;
    }
  | { readonly name: string; readonly value: null; readonly reason: string };

/** A suite's measures of one model, in the suite's order. */
export interface Report {
  readonly model: string;
  readonly measures: readonly Measure[];
}

/** How far a task has come. */
export interface Progress {
  readonly task: string;
  readonly done: number;
  readonly of: number;
  readonly right: number;
  readonly elapsedMs: number;
}

export interface EvaluateOptions {
  /** Episodes of each task; the suite's unless told. */
  readonly episodes?: number;
  /** Folder with the Omniglot zip files. */
  readonly omniglot?: string;
  /** Names of the tasks to measure; all unless told. What they measure does not depend on the others. */
  readonly only?: readonly string[];
  /** Told after every episode. */
  readonly onProgress?: (progress: Progress) => void;
  /** Seed of the episodes, for another sample; the suite's unless told. */
  readonly seed?: string;
  readonly signal?: AbortSignal;
}

/**
 * Measures a model, greedily and open-ended, one prompt after the other.
 *
 * @throws {UsageError} for a task that the suite has not, for less than one episode, and for an `omniglot` without drawings
 */
export async function evaluate(model: Answerer, suite: Suite, options: EvaluateOptions = {}): Promise<Report> {
  const { episodes = suite.episodes, seed = suite.seed } = options;
  if (!Number.isInteger(episodes) || episodes < 1)
    throw new UsageError(`${episodes} episodes were asked for.`, "give a whole number, 1 or more");
  const tasks = tasksOf(suite, options.only);
  const world = await openEverything(options.omniglot);
  const measures: Measure[] = [];
  for (const task of tasks) {
    const reason = task.absent?.(world);
    if (reason !== undefined) measures.push({ name: task.name, value: null, reason });
    else measures.push(await measure(model, suite, task, world, { ...options, episodes, seed }));
  }
  return { model: model.config.name, measures };
}

function tasksOf(suite: Suite, only: readonly string[] = suite.tasks.map(({ name }) => name)): Task[] {
  const unknown = only.filter((wanted) => suite.tasks.every(({ name }) => name !== wanted));
  if (unknown.length > 0)
    throw new UsageError(
      `${suite.name} has no measure ${unknown.map((name) => `"${name}"`).join(", ")}.`,
      `choose of ${suite.tasks.map(({ name }) => name).join(", ")}`,
    );
  return suite.tasks.filter(({ name }) => only.includes(name));
}

async function measure(
  model: Answerer,
  suite: Suite,
  task: Task,
  world: Everything,
  { episodes, seed, onProgress, signal }: EvaluateOptions & { readonly episodes: number; readonly seed: string },
): Promise<Measure> {
  const random = new Random(seed);
  const began = performance.now();
  const stop = signal === undefined ? {} : { signal };
  let right = 0;
  for (let index = 0; index < episodes; index++) {
    signal?.throwIfAborted();
    const episode = episodeOf(task, random, world, index);
    const prompt = await promptOf(task, episode, world, randomOf(task, random, index));
    const { text } = await model.generate(prompt, { maximumTokens: suite.maximumTokens, ...stop });
    if (suite.metric(text, episode.query.answer)) right++;
    const elapsedMs = performance.now() - began;
    onProgress?.({ task: task.name, done: index + 1, of: episodes, right, elapsedMs });
  }
  return { name: task.name, value: right / episodes, ...wilson(right, episodes), episodes };
}
