/**
 * Sentences from templates: `{place}` is an item of the lexicon, `{a}` a word the caller gives, `{|x|y}` a choice.
 */
import type { Random } from "../../random.js";
import { LEXICON, type Part } from "./lexicon.js";
import { article, sentence } from "./nouns.js";

/**
 * One sentence or more from a random one of the templates, each sentence's first letter large and each
 * "a" made "an" where the next word asks for it.
 *
 * A `{|very |quite |}` becomes one of its choices, which may be empty; `{name}` the given word, or else one of the lexicon's.
 */
export function say(
  random: Random,
  templates: readonly string[],
  given: Readonly<Record<string, string>> = {},
): string {
  const text = random
    .pick(templates)
    .replace(/\{\|([^}]*)\}/g, (_, choices: string) => random.pick(choices.split("|")))
    .replace(/\{(\w+)\}/g, (_, name: string) => given[name] ?? random.pick(LEXICON[name as Part]));
  const spelled = text.replace(
    /\b(a)( [a-z][\w-]*)/gi,
    (_, a: string, word: string) => a + article(word.trim()).slice(1) + word,
  );
  return spelled.replace(/(^|[.!?] )([a-z])/g, (_, before: string, letter: string) => before + sentence(letter));
}
