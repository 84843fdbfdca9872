/** From a task's number of an episode to its prompt. */

import type { Everything } from "../data/world/everything.node.js";
import { conceptOf, renderScene } from "../data/world/index.js";
import { type Document, isMedium } from "../prompt/document.js";
import { fewShot, type PromptStyle } from "../prompt/templates.js";
import type { Random } from "../random.js";
import type { Episode, Shown, Task, Things } from "./task.js";

/** The side of every picture, in pixels. */
const SIZE = 64;

/** `<image> Output:`, as the prompts printed in the paper's appendix have it. */
const STYLE: PromptStyle = { spaceAfterImage: true };

/** The stream of episode `index`, which depends on nothing that was drawn before. */
export function randomOf(task: Task, suite: Random, index: number): Random {
  return suite.fork(task.stream ?? task.name).fork(index);
}

/** Episode `index` of a task: the same whatever else is measured, and in whatever order. */
export function episodeOf(task: Task, suite: Random, things: Things, index: number): Episode {
  return task.draw(randomOf(task, suite, index), things, index);
}

/**
 * The prompt of an episode: its examples, closed, and its query, open for the answer. Each picture is drawn from a stream
 * of its own.
 */
export async function promptOf(task: Task, episode: Episode, world: Everything, random: Random): Promise<Document> {
  const shown = [...episode.supports, episode.query];
  const ids = shown.flatMap(({ scene }) => scene.things.map(({ id }) => id));
  await world.artwork.load(ids.filter((id) => conceptOf(id) !== undefined));
  const draw = task.picture ?? ((scene, sprites, own) => renderScene(scene, sprites, own, SIZE));
  const example = ({ scene, question, answer }: Shown, n: number) => ({
    medium: { image: draw(scene, world, random.fork(`picture ${n}`)) },
    fields: { question },
    answer,
  });
  const examples = shown.map(example);
  return fewShot(task.template, examples.slice(0, -1), examples.at(-1)!, STYLE);
}

/** A prompt as text: `<image>` where a picture stands, `<EOC>` where the document says that a chunk ends. */
export function writtenOut(document: Document): string {
  return document
    .map((segment) => (isMedium(segment) ? "<image>" : "text" in segment ? segment.text : "<EOC>"))
    .join("");
}
