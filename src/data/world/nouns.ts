/**
 * The English of names: articles, plurals and which names can be counted.
 */
import type { Concept } from "./concepts.js";

const PLURAL = new Set(
  `fireworks,sparkles,theatre masks,skis,beans,blueberries,cherries,chopsticks,clinking mugs,clinking glasses,french fries,grapes,
  pancakes,peanuts,paw prints,ballet shoes,books,briefs,bubbles,chains,control knobs,crossed swords,glasses,gloves,goggles,
  headphones,jeans,maracas,musical notes,prayer beads,scales,scissors,shopping bags,shorts,socks,sunglasses,eyes,lungs,
  clapping hands,crossed fingers,folded hands,heart hands,open hands,pinched fingers,raising hands,hugging people,bunny dancers,
  wrestlers,thumbs up,thumbs down,sweat droplets,houses,nesting dolls`.split(/,\s*/),
);

const MASS = new Set(
  `badminton,bowling,ice hockey,lacrosse,ping pong,tennis,bacon,bread,broccoli,bubble tea,butter,canned food,corn,curry,custard,
  falafel,fondue,garlic,ginger root,ice,lettuce,popcorn,sake,salt,shaved ice,spaghetti,sushi,coral,camping,fog,wind,soap,yarn,
  thread,fire,nail polish,santa claus,mount fuji,milky way,poo,oden,dango,statue of liberty,tokyo tower,yin yang,luggage,candy,flatbread,stuffed flatbread`.split(
    /,\s*/,
  ),
);

/** How a name behaves: "an apple", "scissors" (already many), "bread" (no article, not counted). */
export type NumberKind = "count" | "plural" | "mass";

/** How the concept's name behaves. */
export function numberKind({ name }: Pick<Concept, "name">): NumberKind {
  return PLURAL.has(name) ? "plural" : MASS.has(name) ? "mass" : "count";
}

/** Whether "three ..." can be said of it without twisting the words. */
export function countable(concept: Pick<Concept, "name">): boolean {
  return numberKind(concept) === "count" && !/\band\b|^pair of|^hear |^see |^speak /.test(concept.name);
}

/** "a" or "an" before the words, by sound where spelling misleads ("an hourglass", "a unicorn"). */
export function article(words: string): "a" | "an" {
  if (/^(unicorn|unicycle|uniform|euro|one\b|used|useful|usual)/.test(words)) return "a";
  return /^([aeiou]|hour|honest|x-ray)/i.test(words) ? "an" : "a";
}

/** The words with their article: "a red apple", "an owl". */
export function withArticle(words: string): string {
  return `${article(words)} ${words}`;
}

const IRREGULAR: Readonly<Record<string, string>> = {
  person: "people",
  man: "men",
  woman: "women",
  child: "children",
  mouse: "mice",
  goose: "geese",
  foot: "feet",
  tooth: "teeth",
  ox: "oxen",
  wolf: "wolves",
  leaf: "leaves",
  knife: "knives",
  scarf: "scarves",
  elf: "elves",
  die: "dice",
  deer: "deer",
  moose: "moose",
  bison: "bison",
  squid: "squid",
  shrimp: "shrimp",
  buffalo: "buffalo",
  potato: "potatoes",
  tomato: "tomatoes",
  mango: "mangoes",
  mosquito: "mosquitoes",
  volcano: "volcanoes",
  superhero: "superheroes",
  tornado: "tornadoes",
  goldfish: "goldfish",
  fish: "fish",
  jellyfish: "jellyfish",
  pufferfish: "pufferfish",
  rickshaw: "rickshaws",
  merman: "mermen",
  snowman: "snowmen",
  aircraft: "aircraft",
};

/** The plural of a countable name, made on its head: "cups of tea", "wolves", "people in bed". */
export function plural(name: string): string {
  const [, head = name, rest = ""] = /^(.*?)( (?:of|in|on|with|behind|at|to) .*)$/.exec(name) ?? [];
  const at = head.lastIndexOf(" ") + 1;
  return head.slice(0, at) + pluralWord(head.slice(at)) + rest;
}

function pluralWord(word: string): string {
  const irregular = IRREGULAR[word];
  if (irregular) return irregular;
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`;
  return /(s|x|z|ch|sh)$/.test(word) ? `${word}es` : `${word}s`;
}

/** Numbers as words; index 1 is "one". */
export const NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"] as const;

/** The thing as an object of a sentence: "a red apple", "three red apples", "scissors", "bread". */
export function nounPhrase(concept: Pick<Concept, "name">, count = 1): string {
  if (count > 1) return `${NUMBERS[count] ?? String(count)} ${plural(concept.name)}`;
  return numberKind(concept) === "count" ? withArticle(concept.name) : concept.name;
}

/** All of them in general: "tigers", "scissors", "bread". */
export function generic(concept: Pick<Concept, "name">): string {
  return numberKind(concept) === "count" ? plural(concept.name) : concept.name;
}

/** The text with its first letter large. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
