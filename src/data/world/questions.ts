/**
 * Pictures with a question and its answer: the form of the paper's visual question answering prompts.
 */
import type { Random } from "../../random.js";
import type { Concept } from "./concepts.js";
import { NUMBERS, nounPhrase, numberKind, plural } from "./nouns.js";
import type { ScenePage } from "./pages.js";
import {
  conceptsOf,
  conceptThat,
  countedConcept,
  differentConcepts,
  otherConcept,
  sceneOf,
  type WorldOptions,
} from "./sampling.js";
import type { Scene } from "./scene.js";

/** What is asked: is it there, how many, the ground's colour, the thing's colour, what it is. */
export const QUESTION_KINDS = ["presence", "count", "background", "colour", "name"] as const;

/** One of `QUESTION_KINDS`. */
export type QuestionKind = (typeof QUESTION_KINDS)[number];

/** Which questions are drawn. */
export interface QuestionOptions extends WorldOptions {
  /** All kinds alike unless told. */
  readonly kinds?: readonly QuestionKind[];
  /** The chance of a kind's first wording; 0.8 unless told. */
  readonly canonical?: number;
}

/** A picture, a question and its one right answer. */
export interface QuestionPair {
  /** The scene, then `Question: ... Answer: ...`. */
  readonly page: ScenePage;
  readonly kind: QuestionKind;
  readonly question: string;
  readonly answer: string;
}

/** One question of a random kind. Of "presence", half are answered yes; counts are uniform from one to five. */
export function questionPair(random: Random, options: QuestionOptions = {}): QuestionPair {
  const kind = random.pick(options.kinds ?? QUESTION_KINDS);
  const { scene, subject, answer } = ASK[kind](random, conceptsOf(options));
  const wordings = WORDINGS[kind];
  const wording = random.chance(options.canonical ?? 0.8) ? wordings[0]! : random.pick(wordings);
  const question = wording
    .replace("{a}", nounPhrase(subject))
    .replace("{many}", plural(subject.name))
    .replace("{Be}", numberKind(subject) === "plural" ? "Are" : "Is")
    .replace("{be}", numberKind(subject) === "plural" ? "are" : "is")
    .replace("{name}", subject.name);
  const tell = kind === "background" || kind === "colour" ? { tell: kind } : {};
  return { page: [{ scene, ...tell }, { text: `Question: ${question} Answer: ${answer}` }], kind, question, answer };
}

const WORDINGS: Readonly<Record<QuestionKind, readonly string[]>> = {
  presence: ["{Be} there {a}?", "Can you see {a}?", "Does the picture show {a}?", "Do you see {a} here?"],
  count: ["How many {many} are there?", "How many {many} can you see?", "What is the number of {many}?"],
  background: ["What colour is the background?", "Which colour is behind?", "What is the colour of the background?"],
  colour: ["What colour {be} the {name}?", "Which colour {be} the {name}?", "What is the colour of the {name}?"],
  name: ["What is this?", "What is in the picture?", "What can you see?", "What does the picture show?"],
};

interface Asked {
  readonly scene: Scene;
  readonly subject: Concept;
  readonly answer: string;
}

const ASK: Readonly<Record<QuestionKind, (random: Random, concepts: readonly Concept[]) => Asked>> = {
  presence(random, concepts) {
    const shown = differentConcepts(random, concepts, random.chance(0.7) ? 1 : 2);
    const scene = sceneOf(
      random,
      shown.map((concept) => ({ concept })),
    );
    if (random.chance(0.5)) return { scene, subject: random.pick(shown), answer: "yes" };
    const families = new Set(shown.map(({ family }) => family));
    const near = random.chance(0.4)
      ? concepts.filter((one) => one.group === shown[0]!.group && !families.has(one.family))
      : [];
    return {
      scene,
      subject: near.length > 0 ? random.pick(near) : otherConcept(random, concepts, shown),
      answer: "no",
    };
  },
  count(random, concepts) {
    const subject = countedConcept(random, concepts);
    const count = 1 + random.integer(5);
    const beside = count < 4 && random.chance(0.15) ? [{ concept: otherConcept(random, concepts, [subject]) }] : [];
    return { scene: sceneOf(random, [{ concept: subject, count }, ...beside]), subject, answer: NUMBERS[count]! };
  },
  background(random, concepts) {
    const subject = random.pick(concepts);
    const scene = sceneOf(random, [{ concept: subject }], 1);
    return { scene, subject, answer: scene.background.colour! };
  },
  colour(random, concepts) {
    const subject = conceptThat(random, concepts, ({ mainColour, name }) => !!mainColour && !name.includes(mainColour));
    return { scene: sceneOf(random, [{ concept: subject }]), subject, answer: subject.mainColour! };
  },
  name(random, concepts) {
    const subject = random.pick(concepts);
    return { scene: sceneOf(random, [{ concept: subject }]), subject, answer: nounPhrase(subject) };
  },
};
