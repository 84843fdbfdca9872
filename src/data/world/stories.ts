/**
 * Pages of text alone: small stories, what things are, what colour they have, and how new words are used.
 */
import type { Random } from "../../random.js";
import type { Concept } from "./concepts.js";
import { say } from "./grammar.js";
import { LEXICON } from "./lexicon.js";
import { generic, nounPhrase, numberKind, plural, withArticle } from "./nouns.js";
import type { ScenePage } from "./pages.js";
import { conceptsOf, conceptThat, countedConcept, differentConcepts, type WorldOptions } from "./sampling.js";
import { inventedWord } from "./words.js";

/** A page of one text, at most about 60 words. */
export function textPage(random: Random, options: WorldOptions = {}): ScenePage {
  return [{ text: random.pick(KINDS)(random, conceptsOf(options)) }];
}

type Writer = (random: Random, concepts: readonly Concept[]) => string;

const KINDS: readonly Writer[] = [tale, tale, facts, facts, newWord, newWord, asked, examples];

function tale(random: Random, concepts: readonly Concept[]): string {
  const hero = random.pick(LEXICON.person);
  const things = differentConcepts(random, concepts, 2 + random.integer(2));
  const sentences = [
    say(random, ["{time} {hero} {went} {place}.", "{hero} {went} {place}. It was {weather}.", "{hero} was {mood}."], {
      hero,
    }),
  ];
  for (const concept of things) {
    const many = numberKind(concept) === "plural";
    const verbs = many ? { was: "were", be: "are", It: "They" } : { was: "was", be: "is", It: "It" };
    const words = { hero, a: nounPhrase(concept), name: concept.name, all: generic(concept), ...verbs };
    sentences.push(say(random, TALE, words));
    if (random.chance(0.5)) sentences.push(say(random, ABOUT, words));
  }
  if (random.chance(0.6))
    sentences.push(
      say(random, ["{opinion}", "{hero} {did}.", "so {hero} was {mood}.", "{hero} {did} and {did}."], { hero }),
    );
  return sentences.join(" ");
}

const TALE = [
  "{hero} {saw} {a}.",
  "{link} {hero} {saw} {a} {spot}.",
  "{hero} {bought} {a} {|from|for|with} {person}.",
  "there {was} {a} {spot}.",
  "{person} {saw} {a} near {place}.",
  "{hero} {saw} {a}, and {person} {did}.",
];
const ABOUT = [
  "the {name} {was} {adjective}.",
  "{hero} liked the {name}.",
  "where {be} the {name}? {It} {be} {spot}.",
  "{person} {saw} the {name} too.",
  "not everybody likes {all}.",
  "the {name} {be} still {|near|not far from} {place}.",
];

function facts(random: Random, concepts: readonly Concept[]): string {
  const count = 1 + random.integer(3);
  return Array.from({ length: count }, () =>
    fact(random, random.chance(0.5) ? coloured(random, concepts) : random.pick(concepts)),
  ).join(" ");
}

const coloured = (random: Random, concepts: readonly Concept[]): Concept =>
  conceptThat(random, concepts, ({ mainColour }) => mainColour !== undefined);

function fact(random: Random, concept: Concept): string {
  const many = numberKind(concept) === "plural";
  const words = {
    a: nounPhrase(concept),
    all: generic(concept),
    name: concept.name,
    kind: withArticle(concept.group),
    be: many ? "are" : "is",
  };
  const every = numberKind(concept) === "mass" ? "is" : "are";
  const templates = many
    ? ["the {name} are of the kind: {group}."]
    : ["{a} is {kind}.", "the {name} is {kind}.", "what is {a}? It is {kind}."];
  if (concept.mainColour)
    templates.push(
      `{all} ${every} ${concept.mainColour}.`,
      `the {name} {be} ${concept.mainColour}.`,
      `most {all} ${every} ${concept.mainColour}.`,
    );
  templates.push("you find {all} near {place}.");
  return say(random, templates, { ...words, group: concept.group });
}

function newWord(random: Random, concepts: readonly Concept[]): string {
  const [word, other] = [inventedWord(random), inventedWord(random)];
  const [concept, second] = differentConcepts(random, concepts, 2) as [Concept, Concept];
  const words = {
    word,
    other,
    a: nounPhrase(concept),
    name: concept.name,
    kind: withArticle(concept.group),
    b: nounPhrase(second),
  };
  return say(random, NEW_WORDS, words);
}

const NEW_WORDS = [
  "the {word} is {kind}. Where is the {word}? The {word} is {spot}.",
  "{person} calls {a} a {word}. Look, a {word}! {person} {saw} the {word} too.",
  "a {word} is like {a}. I have a {word} {spot}. It is a {adjective} {word}.",
  "this is a {word}. It is {kind}. {person} {bought} two {word}s. One {word} is {spot}.",
  "{a} is a {word}. {b} is a {other}. What is {a}? A {word}. What is {b}? A {other}.",
  "Word: {word}. Meaning: {name}. So the {name} is called {word}.",
  "Question: What is a {word}? Answer: {kind}. Question: Where is the {word}? Answer: {spot}",
  "{person} has a {word} and a {other}. The {word} is {adjective}, the {other} is {adjective}. I want the {word}.",
  "near {place} they say {word} for {a}. A {adjective} {word} was {spot}.",
];

function asked(random: Random, concepts: readonly Concept[]): string {
  const [concept, second] = differentConcepts(random, concepts, 2) as [Concept, Concept];
  const counted = countedConcept(random, concepts);
  const number = random.pick(["two", "three", "four", "five"]);
  const words = {
    a: nounPhrase(concept),
    b: nounPhrase(second),
    kind: withArticle(concept.group),
    many: plural(counted.name),
    number,
  };
  return say(
    random,
    [
      "Question: What is {a}? Answer: {kind}",
      "Question: Is {a} {kind}? Answer: yes",
      concept.group === second.group ? "Question: What is {b}? Answer: {kind}" : "Question: Is {b} {kind}? Answer: no",
      "{person} has {number} {many}. Question: How many {many} has {|she|he}? Answer: {number}",
      "there are {number} {many} {spot}. Question: How many {many} are there? Answer: {number}",
      "here is {a} and {b}. Question: Is there {a}? Answer: yes",
      "here is {a}. Question: Is there {b}? Answer: no",
    ],
    words,
  );
}

/** Captions without their pictures, as the paper's zero-shot prompts hold them. */
function examples(random: Random, concepts: readonly Concept[]): string {
  const captions = Array.from({ length: 2 }, () => `Output: ${nounPhrase(random.pick(concepts))}`);
  return captions.join("<EOC>");
}
