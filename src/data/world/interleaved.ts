/**
 * Small pages like those of the web: a few pictures among sentences that speak of them, before or after.
 */
import type { Random } from "../../random.js";
import { captionPair, captionScene, contents } from "./captions.js";
import type { Concept } from "./concepts.js";
import { say } from "./grammar.js";
import { generic, NUMBERS, nounPhrase, numberKind, withArticle } from "./nouns.js";
import type { PagePiece, ScenePage } from "./pages.js";
import { QUESTION_KINDS, questionPair } from "./questions.js";
import { conceptsOf, differentConcepts, sceneOf, type WorldOptions } from "./sampling.js";

/** A page of two to five pictures, at most about 100 words: a story, a list, a comparison, an album or a letter. */
export function interleavedPage(random: Random, options: WorldOptions = {}): ScenePage {
  return random.pick(KINDS)(random, conceptsOf(options));
}

/**
 * Worked examples of one task, one after another, as the paper's few-shot prompts: captions in one form, or questions of
 * one kind.
 *
 * @param count  pictures in the page.
 */
export function examplesPage(random: Random, count: number, options: WorldOptions = {}): ScenePage {
  if (random.chance(0.5)) {
    return Array.from({ length: count }, () => captionPair(random, { ...options, canonical: 1 })).flat();
  }
  const kinds = [random.pick(QUESTION_KINDS)];
  return Array.from({ length: count }, () => questionPair(random, { ...options, kinds, canonical: 1 }).page).flat();
}

type Writer = (random: Random, concepts: readonly Concept[]) => ScenePage;

const KINDS: readonly Writer[] = [story, story, list, comparison, album, before, gathering];

const picture = (random: Random, concept: Concept): PagePiece => ({ scene: sceneOf(random, [{ concept }]) });

/** The words that templates use of a concept. */
function wordsOf(concept: Concept): Record<string, string> {
  const many = numberKind(concept) === "plural";
  return {
    a: nounPhrase(concept),
    name: concept.name,
    all: generic(concept),
    be: many ? "are" : "is",
    it: many ? "they" : "it",
    It: many ? "They" : "It",
    them: many ? "them" : "it",
    kind: withArticle(concept.group),
    colour: concept.mainColour ?? "",
  };
}

function story(random: Random, concepts: readonly Concept[]): ScenePage {
  const who = random.pick([
    "I",
    "we",
    "Anna",
    "Ben",
    "my sister",
    "our teacher",
    "Omar",
    "the old man",
    "Nina",
    "Hugo",
  ]);
  const page: PagePiece[] = [{ text: say(random, STORY_OPENINGS, { who }) }];
  differentConcepts(random, concepts, 2 + random.integer(3)).forEach((concept, i) => {
    const templates = i === 0 ? STORY_FIRST : STORY_NEXT;
    page.push(picture(random, concept), { text: say(random, templates, { who, ...wordsOf(concept) }) });
  });
  return random.chance(0.6) ? closed(random, page) : page;
}

/** The page with a last sentence joined to its last text. */
function closed(random: Random, page: readonly PagePiece[]): ScenePage {
  const last = page.at(-1);
  if (!last || !("text" in last)) return page;
  return [...page.slice(0, -1), { text: `${last.text} ${say(random, ["{opinion}", "{opinion}", "{person} {did}."])}` }];
}

const STORY_OPENINGS = [
  "{time} {who} {went} {place}.",
  "{title}. {time} {who} {went} {place}.",
  "it was {weather} {time}. {who} {went} {place}.",
  "{who} {went} {place} {time}. It was {weather}.",
  "{title}",
];
const STORY_FIRST = [
  "first {who} {saw} {a}.",
  "{who} {saw} {a} {spot}.",
  "there {be} {a} {spot}.",
  "{a}! {who} {did}.",
  "{who} {saw} {a} and {did}.",
  "{person} {saw} {a}.",
];
const STORY_NEXT = [
  "{link} {who} {saw} {a}.",
  "{link} there {|came|was} {a}.",
  "{person} {bought} {a} {|near|not far from} {place}.",
  "and {a}. {person} {did}.",
  "{link} {person} {saw} {a} {spot}.",
  "{who} {did}, and {|there|here} {be} {a}.",
  "we kept the {name} {spot}.",
];

function list(random: Random, concepts: readonly Concept[]): ScenePage {
  const group = random.pick(concepts).group;
  const same = concepts.filter((concept) => concept.group === group);
  const pool = random.chance(0.6) && same.length > 12 ? same : concepts;
  const things = differentConcepts(random, pool, 3 + random.integer(3));
  const forms = random.pick([
    ["{name}"],
    ["{a}"],
    ["{a}."],
    ["number {n}: {a}"],
    ["{n}. {name}"],
    ["the {name}"],
    ["{name}, {|two|three|five|nine} coins"],
  ]);
  const title =
    pool === same
      ? ["{group} pictures", "{title}: {group}", "some of the {group} kind"]
      : ["{title}", "{title} from near {place}"];
  return [
    { text: say(random, title, { group }) },
    ...things.flatMap((concept, i): PagePiece[] => [
      picture(random, concept),
      { text: say(random, forms, { ...wordsOf(concept), n: NUMBERS[i + 1]! }) },
    ]),
  ];
}

function comparison(random: Random, concepts: readonly Concept[]): ScenePage {
  const [first, second] = differentConcepts(random, concepts, 2) as [Concept, Concept];
  const words = {
    x: nounPhrase(first),
    y: nounPhrase(second),
    kx: withArticle(first.group),
    ky: withArticle(second.group),
  };
  const both =
    first.group === second.group
      ? [`Each is ${words.kx}.`]
      : ["The first is {kx}, the second {ky}.", "They are not alike."];
  if (first.mainColour && second.mainColour)
    both.push(`The first is ${first.mainColour}, the second is ${second.mainColour}.`);
  return [
    ...(random.chance(0.5)
      ? [{ text: say(random, ["{title}", "two things", "which one do you like?", "first and second"]) }]
      : []),
    picture(random, first),
    { text: say(random, ["{x}.", "this is {x}.", "first, {x}.", "on one side {x}."], words) },
    picture(random, second),
    {
      text:
        say(random, ["{y}.", "and this {y}.", "second, {y}.", "on the other side {y}."], words) +
        " " +
        say(random, both, words),
    },
  ];
}

function album(random: Random, concepts: readonly Concept[]): ScenePage {
  const page: PagePiece[] = random.chance(0.6)
    ? [{ text: say(random, ["{title}", "{title} {|of|by} {person}", "{adjective} pictures"]) }]
    : [];
  for (let pictures = 2 + random.integer(3); pictures > 0; pictures--) {
    page.push(...captionPair(random, { concepts, canonical: 0 }));
  }
  return page;
}

function before(random: Random, concepts: readonly Concept[]): ScenePage {
  const things = differentConcepts(random, concepts, 2 + random.integer(2));
  const introduce = (concept: Concept | undefined) => (concept ? say(random, BEFORE, wordsOf(concept)) : "");
  const pieces: PagePiece[] = [{ text: introduce(things[0]) }];
  things.forEach((concept, i) => {
    const after = concept.mainColour
      ? [...AFTER, "{It} {be} {colour}.", "the {name} {be} {colour}, as you see."]
      : AFTER;
    const next = introduce(things[i + 1]);
    const text = say(random, after, wordsOf(concept)) + (next ? ` ${next}` : "");
    pieces.push(picture(random, concept), { text });
  });
  return pieces;
}

const BEFORE = [
  "look at this {name}:",
  "here {be} {a}:",
  "{person} sent me a picture of {a}.",
  "{time} {person} {bought} {a}:",
  "do you know {all}?",
  "next comes {a}:",
  "a picture of {a}:",
];
const AFTER = [
  "{opinion}",
  "the {name} {be} {kind}.",
  "I like {all}.",
  "{person} {saw} {them} {spot}.",
  "{It} {be} now near {place}.",
  "a {adjective} thing, the {name}.",
  "is the {name} not {adjective}?",
];

function gathering(random: Random, concepts: readonly Concept[]): ScenePage {
  const scenes = Array.from({ length: 2 + random.integer(2) }, () => captionScene(random, { concepts }));
  const named = scenes.map((scene) => contents(scene));
  const last = `${named.slice(0, -1).join(", ")} and ${named.at(-1)}`;
  const sum = say(random, ["so we had {last}.", "together: {last}.", "that makes {last}."], { last });
  return scenes.flatMap((scene, i): PagePiece[] => {
    const text = say(random, ["{what}.", "{link} {what}.", "{person} has {what}."], { what: named[i]! });
    return [{ scene }, { text: i === scenes.length - 1 ? `${text} ${sum}` : text }];
  });
}
