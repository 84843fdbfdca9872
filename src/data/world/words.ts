/**
 * Invented words: names that no text has used, for learning a new word from examples.
 */
import type { Random } from "../../random.js";
import { concepts, fnv1a } from "./concepts.js";
import { LEXICON_WORDS } from "./lexicon.js";

const ONSETS = "b d f g h j k l m n p r s t v w y z bl br dr fl fr gl gr kl pl pr sl sm sn sp st sw tr tw zw".split(
  " ",
);
const VOWELS = "a e i o u a e i o u oo ee".split(" ");
const CODAS = "b d g k l m n p r s t x z ck ff ll nd nk rt sk lt mp p g".split(" ");
const MIDDLES = "b d f g k l m n p r t v z ck ll mb nd nt rp lf lg".split(" ");

/** The words psychologists made famous stay out of training by name. */
const ALWAYS_HELD_OUT = new Set(["dax", "blicket", "wug", "fep", "toma", "zorpel"]);

const REAL = new Set([...concepts.flatMap(({ name, family }) => [...name.split(/[ -]/), family]), ...LEXICON_WORDS]);

/** Whether training never uses the invented word: those known from experiments ("dax", "wug"), and by hash a fifth of all. */
export function heldOutWord(word: string): boolean {
  return ALWAYS_HELD_OUT.has(word) || fnv1a(`word/${word}`) % 100 < 20;
}

/**
 * A pronounceable word of 3 to 8 letters, out of some 200,000, that is no word of the world's texts.
 *
 * @param heldOut  false (default): a word that training may use; true: one that it never does.
 */
export function inventedWord(random: Random, heldOut = false): string {
  for (;;) {
    const word = anyWord(random);
    if (word.length >= 3 && word.length <= 8 && !REAL.has(word) && heldOutWord(word) === heldOut) return word;
  }
}

/** `count` different invented words. */
export function inventedWords(random: Random, count: number, heldOut = false): string[] {
  const words = new Set<string>();
  while (words.size < count) words.add(inventedWord(random, heldOut));
  return [...words];
}

function anyWord(random: Random): string {
  const start = random.pick(ONSETS) + random.pick(VOWELS);
  const kind = random.uniform();
  if (kind < 0.3) return start + random.pick(CODAS);
  if (kind < 0.5) return start + random.pick(MIDDLES) + random.pick(["a", "o", "i", "u"]);
  return start + random.pick(MIDDLES) + random.pick(VOWELS) + random.pick(CODAS);
}
