/**
 * A run is a page: one file under `runs/` that says everything about one training. The loop knows nothing of what is
 * trained; a page knows nothing of steps, files or threads.
 */
import type { ArrayOf, Graph } from "../graph/index.js";
import type { Random } from "../random.js";
import type { Tensor } from "../runtime/contract.js";
import type { AdamWOptions } from "./adamw.js";
import type { Schedule } from "./schedule.js";

/** One training, from its data to the files it leaves. */
export interface Run {
  readonly name: string;
  /** One line for `train --list`: what it makes, from what, and how long it took where. */
  readonly summary: string;
  readonly steps: number;
  readonly seed: string;
  readonly optimizer: AdamWOptions & { readonly clip: number };
  readonly schedule: Schedule;
  /** Loads data and initial weights. `options` are the command's `--key value` pairs, by the names in `accepts`. */
  open(options: RunOptions): Promise<Stage>;
  /** Options a page takes, each with a line of help. */
  readonly accepts?: Readonly<Record<string, string>>;
}

export type RunOptions = Readonly<Record<string, string>>;

/** A run with its data loaded. */
export interface Stage {
  /** The whole parameter tree; leaves that are `trained` change in place. Paths in the graphs start at its root. */
  readonly params: unknown;
  readonly objectives: readonly Objective[];
  /** Writes the finished model as a folder. */
  save(folder: string): Promise<void>;
  /** Ends what the page started, such as threads of its own. */
  close?(): Promise<void>;
}

/** One dataset of the mixture: its loss as a graph and its batches. */
export interface Objective {
  readonly name: string;
  /** Factor on its gradient; the paper's lambda. */
  readonly weight: number;
  /** Made by `trainingGraph`. */
  readonly graph: Graph;
  /** Tokens that a batch predicts, for the progress line; pictures where there is no text. */
  readonly tokens: number;
  /** The feeds of one step, drawn from `random` alone: the same step gives the same batch in any session. */
  batch(random: Random, step: number): Promise<Feeds> | Feeds;
}

export type Feeds = Readonly<Record<string, Tensor | ArrayOf>>;
