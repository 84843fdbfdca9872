/** Short dialogues about a picture: one asks, another answers, two to four times. */
import type { Random } from "../../random.js";
import type { Concept } from "./concepts.js";
import { NUMBERS, nounPhrase, numberKind, plural, withArticle } from "./nouns.js";
import type { ScenePage } from "./pages.js";
import { conceptsOf, conceptThat, countedConcept, sceneOf, surelyAbsent, type WorldOptions } from "./sampling.js";
import type { Scene } from "./scene.js";

/** A question and its one right answer. */
export interface Turn {
  readonly question: string;
  readonly answer: string;
}

/** A page of one picture and what two say about it. */
export interface Dialogue {
  /** The scene, then all turns as one text, a paragraph for each: `User: ... Assistant: ...`. */
  readonly page: ScenePage;
  readonly turns: readonly Turn[];
}

/** A dialogue; it begins with what is seen, the questions after it are different ones. */
export function dialogueOf(random: Random, options: WorldOptions = {}): Dialogue {
  const concepts = conceptsOf(options);
  const several = random.chance(0.4);
  const concept = several
    ? countedConcept(random, concepts)
    : conceptThat(random, concepts, ({ mainColour }) => mainColour !== undefined);
  const count = several ? 2 + random.integer(4) : 1;
  const scene = sceneOf(random, [{ concept, count }], 0.8);
  const others = random.shuffle(ASKS).flatMap((ask) => ask(random, concept, scene, concepts) ?? []);
  const turns = [first(random, concept, count), ...others.slice(0, 1 + random.integer(3))];
  const text = turns.map(({ question, answer }) => `User: ${question} Assistant: ${answer}`).join("\n\n");
  return { page: [{ scene, tell: "background" }, { text }], turns };
}

function first(random: Random, concept: Concept, count: number): Turn {
  return {
    question: random.pick(["What is this?", "What can you see?", "What does the picture show?"]),
    answer: nounPhrase(concept, count),
  };
}

type Ask = (random: Random, concept: Concept, scene: Scene, concepts: readonly Concept[]) => Turn | undefined;

const ASKS: readonly Ask[] = [
  (_, concept, { things }) =>
    things[0]!.count > 1 || numberKind(concept) === "count"
      ? { question: `How many ${plural(concept.name)} are there?`, answer: NUMBERS[things[0]!.count]! }
      : undefined,
  (_, { mainColour, name }, { things }) =>
    things[0]!.count === 1 && mainColour !== undefined && !name.includes(mainColour)
      ? { question: "Which colour has it?", answer: mainColour }
      : undefined,
  (_, __, { background }) =>
    background.colour === undefined ? undefined : { question: "And the background?", answer: background.colour },
  (_, { group }, { things }) =>
    things[0]!.count === 1 ? { question: "What kind of thing is that?", answer: withArticle(group) } : undefined,
  (random, concept, _, concepts) => ({
    question: `Is there ${nounPhrase(conceptThat(random, concepts, (other) => surelyAbsent(other, concept)))} too?`,
    answer: "no",
  }),
];
