/** Two pictures and a question about both: what text can only answer by looking at the first and at the second. */
import type { Random } from "../../random.js";
import { nounPhrase, plural } from "./nouns.js";
import type { ScenePage } from "./pages.js";
import {
  conceptsOf,
  conceptThat,
  countedConcept,
  otherConcept,
  sceneOf,
  surelyAbsent,
  type WorldOptions,
} from "./sampling.js";
import type { Scene } from "./scene.js";

/** What is compared: which has more of a thing, which shows a thing, which ground is of a colour, whether both show the same. */
export const COMPARISON_KINDS = ["more", "which", "background", "same"] as const;

/** One of `COMPARISON_KINDS`. */
export type ComparisonKind = (typeof COMPARISON_KINDS)[number];

/** Two pictures, a question and its one right answer. */
export interface Comparison {
  /** A scene and a few words that name it, the other and a few words, the question and the answer in the last text. */
  readonly page: ScenePage;
  readonly kind: ComparisonKind;
  readonly question: string;
  readonly answer: string;
}

interface Compared {
  readonly scenes: readonly [Scene, Scene];
  readonly question: string;
  readonly answer: string;
}

/** One comparison of a random kind; each answer of a kind is as likely as the other. */
export function comparisonOf(
  random: Random,
  { kinds = COMPARISON_KINDS, ...options }: WorldOptions & { readonly kinds?: readonly ComparisonKind[] } = {},
): Comparison {
  const kind = random.pick(kinds);
  const { scenes, question, answer } = COMPARE[kind](random, options);
  const tell = kind === "background" ? { tell: kind } : {};
  const [first, second] = random.pick(CALLED);
  const page: ScenePage = [
    { scene: scenes[0], ...tell },
    { text: first },
    { scene: scenes[1], ...tell },
    { text: `${second} Question: ${question} Answer: ${answer}` },
  ];
  return { page, kind, question, answer };
}

const CALLED = [
  ["The first picture.", "The second picture."],
  ["This is the first.", "This is the second."],
  ["First.", "Second."],
] as const;

/** Puts what the answer is about first or second. */
function either(random: Random, it: Scene, other: Scene): Pick<Compared, "scenes" | "answer"> {
  return random.chance(0.5)
    ? { scenes: [it, other], answer: "the first" }
    : { scenes: [other, it], answer: "the second" };
}

const COMPARE: Readonly<Record<ComparisonKind, (random: Random, options: WorldOptions) => Compared>> = {
  more(random, options) {
    const concept = countedConcept(random, conceptsOf(options));
    const few = 1 + random.integer(3);
    const many = few + 1 + random.integer(3);
    const scene = (count: number) => sceneOf(random, [{ concept, count }]);
    return {
      ...either(random, scene(many), scene(few)),
      question: `Which picture has more ${plural(concept.name)}?`,
    };
  },
  which(random, options) {
    const concepts = conceptsOf(options);
    const other = random.pick(concepts);
    const it = conceptThat(random, concepts, (concept) => surelyAbsent(concept, other));
    return {
      ...either(random, sceneOf(random, [{ concept: it }]), sceneOf(random, [{ concept: other }])),
      question: `Which picture shows ${nounPhrase(it)}?`,
    };
  },
  background(random, options) {
    const it = sceneOf(random, [{ concept: random.pick(conceptsOf(options)) }], 1);
    const { colour } = it.background;
    let other = sceneOf(random, [{ concept: random.pick(conceptsOf(options)) }], 1);
    while (other.background.colour === colour)
      other = sceneOf(random, [{ concept: random.pick(conceptsOf(options)) }], 1);
    return { ...either(random, it, other), question: `Which picture has a ${colour} background?` };
  },
  same(random, options) {
    const concepts = conceptsOf(options);
    const concept = random.pick(concepts);
    const same = random.chance(0.5);
    const second = same ? concept : otherConcept(random, concepts, [concept]);
    return {
      scenes: [sceneOf(random, [{ concept }]), sceneOf(random, [{ concept: second }])],
      question: "Do both pictures show the same?",
      answer: same ? "yes" : "no",
    };
  },
};
