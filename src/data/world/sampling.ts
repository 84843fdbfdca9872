/**
 * Chooses what a picture shows: which things, how many, on what ground.
 */
import type { Random } from "../../random.js";
import { type Concept, conceptOf, knownConcepts } from "./concepts.js";
import type { Group } from "./grouping.js";
import { countable } from "./nouns.js";
import { COLOUR_NAMES, type ColourName } from "./palette.js";
import { BACKGROUND_KINDS, type Background, type Scene } from "./scene.js";

/** What every sampler of pages takes. */
export interface WorldOptions {
  /** The concepts that may be shown and named; the known ones unless told. */
  readonly concepts?: readonly Concept[];
}

/** Concepts that a sampler may use, and how a thing is chosen among them. */
export const conceptsOf = ({ concepts = knownConcepts }: WorldOptions): readonly Concept[] => concepts;

/** A concept whose family is none of these; after many tries whatever comes. */
export function otherConcept(random: Random, concepts: readonly Concept[], than: readonly Concept[]): Concept {
  let other = random.pick(concepts);
  for (let tries = 0; tries < 50 && than.some(({ family }) => family === other.family); tries++)
    other = random.pick(concepts);
  return other;
}

/** `count` concepts of different families, as far as the list has them. */
export function differentConcepts(random: Random, concepts: readonly Concept[], count: number): Concept[] {
  const chosen: Concept[] = [];
  while (chosen.length < count) chosen.push(otherConcept(random, concepts, chosen));
  return chosen;
}

/** Groups of things that stand alone: seldom worn, held, eaten with or a part of another. */
const ALONE: readonly Group[] = ["animal", "vehicle", "instrument", "tool", "fruit", "building"];

/** Groups whose drawings hold things of those: a jockey sits on a horse, a shortcake has a strawberry. */
const HOLDING: Partial<Record<Group, readonly Group[]>> = {
  person: ["animal", "vehicle", "tool"],
  gesture: ["tool"],
  food: ["animal", "fruit"],
  drink: ["fruit"],
  toy: ["animal"],
  place: ["animal", "vehicle", "building"],
};

/**
 * Whether nobody would say that a picture of one thing shows the other: other families are not enough, for an eagle is
 * a bird, a padlock and key a key, and a clown's face has a nose.
 */
export function surelyAbsent(other: Concept, shown: Concept): boolean {
  const apart = ALONE.includes(other.group) && other.group !== shown.group && other.family !== shown.family;
  const named = shown.name.includes(other.name) || other.name.includes(shown.name);
  return apart && !named && !HOLDING[shown.group]?.includes(other.group);
}

/** A concept that satisfies `wanted`. */
export function conceptThat(
  random: Random,
  concepts: readonly Concept[],
  wanted: (concept: Concept) => boolean,
): Concept {
  for (let tries = 0; tries < 200; tries++) {
    const concept = random.pick(concepts);
    if (wanted(concept)) return concept;
  }
  return random.pick(concepts.filter(wanted));
}

/** A concept that can be counted. */
export const countedConcept = (random: Random, concepts: readonly Concept[]): Concept =>
  conceptThat(random, concepts, countable);

/**
 * A ground on which the things can be seen: never named after a colour they are painted in. Handwriting stands on paper.
 *
 * @param named  the chance that the ground has a colour with a name.
 */
export function backgroundFor(random: Random, ids: readonly string[], named = 0.6): Background {
  const painted = ids.map(conceptOf);
  if (painted.some((concept) => concept === undefined)) return { kind: "paper", colour: undefined };
  const kind = random.chance(0.3) ? "plain" : random.pick(BACKGROUND_KINDS);
  if (!random.chance(named)) return { kind, colour: undefined };
  const taken = new Set<ColourName>(painted.flatMap((concept) => concept?.colours ?? []));
  return { kind, colour: random.pick(COLOUR_NAMES.filter((colour) => !taken.has(colour))) };
}

/** A scene of these concepts, each with its count, 1 unless told. */
export function sceneOf(
  random: Random,
  things: readonly { readonly concept: Pick<Concept, "id">; readonly count?: number }[],
  named?: number,
): Scene {
  return {
    things: things.map(({ concept, count = 1 }) => ({ id: concept.id, count })),
    background: backgroundFor(
      random,
      things.map(({ concept }) => concept.id),
      named,
    ),
  };
}
