/**
 * Pages that give things names and then ask for them again: a thing drawn afresh with a word, later drawn again, when only
 * the page tells the word. Training on the recurrences is what teaches a model to learn a word from its examples.
 */
import { UsageError } from "../../errors.js";
import type { Random } from "../../random.js";
import { knownConcepts } from "./concepts.js";
import { withArticle } from "./nouns.js";
import type { ScenePage } from "./pages.js";
import { backgroundFor } from "./sampling.js";
import { inventedWords } from "./words.js";

/** A thing that can be given a name: a concept, or a handwritten character. */
export interface Nameable {
  readonly id: string;
  /** Things of one family never meet in one page. The id unless told. */
  readonly family?: string;
  /** Its own name, for `naming: "shuffled"` and `"real"`. The id unless told. */
  readonly name?: string;
}

/** How an item is written; constant within a page, `Output: dax` most often. */
export const BINDING_FORMS = ["Output: {word}", "{word}", "This is {word}.", "a {word}", "This is a {word}."] as const;

/** The shape of a page. */
export interface BindingOptions {
  /** Different things, 2 or more. */
  readonly ways: number;
  /** Times that each is shown with its word before the queries; 1 unless told. */
  readonly shots?: number;
  /** Items after these; as many as fit unless told, at least 1. */
  readonly queries?: number;
  /** Pictures in the page at most; 12 unless told. */
  readonly maximumImages?: number;
  /** What is named; the known concepts unless told. */
  readonly concepts?: readonly Nameable[];
  /** Invented words (default); names of these things given to one another; or each thing's own. */
  readonly naming?: "invented" | "shuffled" | "real";
  /** The words to use, in place of `naming`; at least `ways`. */
  readonly words?: readonly string[];
  /** Draw invented words from those that training never uses. */
  readonly heldOutWords?: boolean;
  /** How items are written; a random form, `Output: dax` in three pages of four, unless told. */
  readonly form?: (typeof BINDING_FORMS)[number];
}

/** One picture of a page and its word. */
export interface BindingItem {
  readonly id: string;
  readonly word: string;
  /** The text as it stands in the page. */
  readonly text: string;
  /** True when the thing has been named before in the page, so that the page determines the word. */
  readonly recurrence: boolean;
}

/** A page and what is in it, item by item: two pieces each. */
export interface BindingEpisode {
  readonly page: ScenePage;
  readonly items: readonly BindingItem[];
}

/**
 * A page of `ways x shots` examples in random order, then queries.
 *
 * @throws {UsageError} when examples and one query do not fit into `maximumImages`: a page cut short would ask for words it
 *   never gave; or when there are fewer things, families or words than `ways`.
 */
export function bindingEpisode(random: Random, options: BindingOptions): BindingEpisode {
  const { ways, shots = 1, maximumImages = 12, concepts = knownConcepts } = options;
  const room = maximumImages - ways * shots;
  const queries = options.queries ?? room;
  if (queries < 1 || queries > room) {
    throw new UsageError(
      `${ways} ways x ${shots} shots and ${Math.max(1, queries)} queries are more than ${maximumImages} pictures.`,
      "lower `ways`, `shots` or `queries`, or raise `maximumImages`",
    );
  }
  const things = differentThings(random, concepts, ways);
  const words = wordsFor(random, things, options);
  const form = options.form ?? (random.chance(0.75) ? BINDING_FORMS[0] : random.pick(BINDING_FORMS));
  const support = random.shuffle(Array.from({ length: ways * shots }, (_, i) => i % ways));
  const order = [...support, ...Array.from({ length: queries }, () => random.integer(ways))];
  const seen = new Set<number>();
  const items = order.map((which) => {
    const [thing, word] = [things[which]!, words[which]!];
    const item = { id: thing.id, word, text: write(form, word), recurrence: seen.has(which) };
    seen.add(which);
    return item;
  });
  const page = items.flatMap(({ id, text }) => [
    { scene: { things: [{ id, count: 1 }], background: backgroundFor(random, [id], 0.5) } },
    { text },
  ]);
  return { page, items };
}

/** The item's text: "a" becomes "an" where the word asks for it. */
const write = (form: string, word: string): string =>
  form.replace("a {word}", withArticle(word)).replace("{word}", word);

function differentThings(random: Random, concepts: readonly Nameable[], ways: number): Nameable[] {
  const chosen = new Map<string, Nameable>();
  for (let tries = 0; chosen.size < ways && tries < 100 * ways && concepts.length > 0; tries++) {
    const thing = random.pick(concepts);
    const family = thing.family ?? thing.id;
    if (!chosen.has(family)) chosen.set(family, thing);
  }
  if (chosen.size < ways) {
    throw new UsageError(
      `${ways} ways, but only ${chosen.size} families of things were found.`,
      "give more `concepts`, or lower `ways`",
    );
  }
  return [...chosen.values()];
}

function wordsFor(random: Random, things: readonly Nameable[], options: BindingOptions): readonly string[] {
  const { words, naming = "invented", heldOutWords = false } = options;
  if (words) {
    if (words.length < things.length) {
      throw new UsageError(`${things.length} ways, but only ${words.length} words.`, "give a word for each way");
    }
    return random.sample(words, things.length);
  }
  if (naming === "invented") return inventedWords(random, things.length, heldOutWords);
  const names = things.map(({ name, id }) => name ?? id);
  if (naming === "real") return names;
  const turn = 1 + random.integer(names.length - 1);
  return names.map((_, i) => names[(i + turn) % names.length]!);
}
