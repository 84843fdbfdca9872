/** What a measure is: a page of data, of which the harness knows no more than is said here. */
import type { Everything } from "../data/world/everything.node.js";
import type { Scene, Sprites } from "../data/world/index.js";
import type { Answer, GenerateOptions } from "../generation/flamingo-model.js";
import type { Picture } from "../media/pixels.js";
import type { Document } from "../prompt/document.js";
import type { Template } from "../prompt/templates.js";
import type { Random } from "../random.js";

/** Whoever answers: a `FlamingoModel`, a baseline without a network, a fake of a test. */
export interface Answerer {
  readonly config: { readonly name: string };
  generate(document: Document, options?: GenerateOptions): Promise<Pick<Answer, "text" | "logProb">>;
}

/** A picture that is still its meaning, and what stands beside it. */
export interface Shown {
  readonly scene: Scene;
  /** Empty where the task's template asks nothing. */
  readonly question: string;
  /** In the prompt of an example; the right answer of the query. */
  readonly answer: string;
}

/** One prompt with its right answer. */
export interface Episode {
  /** Worked examples, in the order of the prompt. */
  readonly supports: readonly Shown[];
  readonly query: Shown;
}

/** The part of the world from which episodes are drawn: what is not there is not measured. */
export type Things = Pick<Everything, "handwriting">;

/** One measure. */
export interface Task {
  readonly name: string;
  /** One line for people. */
  readonly summary: string;
  readonly template: Template<{ readonly question: string }>;
  /** The share that an answerer without eyes can get right, at most. */
  readonly chance: number;
  /** Tasks that name one stream draw from the same numbers, and so show the same pictures; `name` unless told. */
  readonly stream?: string;
  /** Why the task cannot be measured in this world, and what to do; undefined when it can. */
  readonly absent?: (things: Things) => string | undefined;
  /**
   * An episode, from `random` and its number alone. Answers that are to be equally common take turns by the number.
   */
  readonly draw: (random: Random, things: Things, index: number) => Episode;
  /** How a scene becomes a picture: by the world's renderer, at 64 pixels, unless told. */
  readonly picture?: (scene: Scene, sprites: Sprites, random: Random) => Picture;
}

/** Measures that are taken together. */
export interface Suite {
  readonly name: string;
  readonly summary: string;
  /** Seed of every episode: a string that no training uses, so that no rendering was ever trained on. */
  readonly seed: string;
  /** Episodes of each task unless told otherwise. */
  readonly episodes: number;
  /** Tokens of an answer at most. */
  readonly maximumTokens: number;
  readonly metric: (answer: string, expected: string) => boolean;
  readonly tasks: readonly Task[];
}
