/** Learning a new word from its examples: held-out things, held-out invented words, open-ended answers. */
import { type BindingOptions, bindingEpisode, heldOutConcepts, scenesOf } from "../../data/world/index.js";
import { captioning } from "../../prompt/templates.js";
import type { Random } from "../../random.js";
import type { Episode, Shown, Task } from "../task.js";

/**
 * An episode of `ways x shots` examples in random order and one query, a new rendering of one of the things. Words are
 * invented, of those that training never uses, unless `words` are given.
 */
export function bindingOf(
  random: Random,
  options: Pick<BindingOptions, "concepts" | "words"> & { readonly ways: number; readonly shots: number },
): Episode {
  const { page, items } = bindingEpisode(random, {
    ...options,
    heldOutWords: true,
    queries: 1,
    maximumImages: options.ways * options.shots + 1,
  });
  const scenes = scenesOf(page);
  const shown = items.map(({ word }, i) => ({ scene: scenes[i]!, question: "", answer: word }));
  return { supports: shown.slice(0, -1), query: shown.at(-1)! };
}

/** Things of the emoji set that no training has shown, of different families. */
export function bindEmoji(ways: number, shots: number): Task {
  return {
    name: `bind${ways}-emoji-${shots}`,
    summary: `${ways} things never shown before, named by new words in ${plural(shots)} each`,
    template: captioning,
    chance: 1 / ways,
    draw: (random) => bindingOf(random, { ways, shots, concepts: heldOutConcepts }),
  };
}

/** Handwritten characters of alphabets that no training has shown; no drawing comes twice in an episode. */
export function bindHand(ways: number, shots: number): Task {
  return {
    name: `bind${ways}-hand-${shots}`,
    summary: `${ways} handwritten characters never shown before, named by new words in ${plural(shots)} each`,
    template: captioning,
    chance: 1 / ways,
    absent: ({ handwriting }) =>
      (handwriting?.heldOut.length ?? 0) >= ways
        ? undefined
        : "no handwriting: give --omniglot DIR with images_background_small2.zip of github.com/brendenlake/omniglot",
    draw: (random, { handwriting }) =>
      differentDrawings(random, bindingOf(random, { ways, shots, concepts: handwriting?.heldOut ?? [] })),
  };
}

const plural = (shots: number): string => (shots === 1 ? "1 example" : `${shots} examples`);

/** Omniglot has as many drawings of each character, each by another hand. */
const DRAWINGS = Array.from({ length: 20 }, (_, i) => String(i + 1).padStart(2, "0"));

/** The episode with a drawing chosen for each picture: `Tagalog/character03#07`. */
function differentDrawings(random: Random, { supports, query }: Episode): Episode {
  const left = new Map<string, string[]>();
  const choose = (id: string): string => {
    const drawings = left.get(id) ?? random.shuffle(DRAWINGS);
    left.set(id, drawings.slice(1));
    return `${id}#${drawings[0]!}`;
  };
  const chosen = (shown: Shown): Shown => ({
    ...shown,
    scene: { ...shown.scene, things: shown.scene.things.map(({ id, count }) => ({ id: choose(id), count })) },
  });
  return { supports: supports.map(chosen), query: chosen(query) };
}
