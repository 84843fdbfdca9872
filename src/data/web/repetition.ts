/** The repetition filter of MassiveWeb (Gopher, arXiv 2112.11446, A.1.1, table A1): does a text say the same again and again? */
import type { Fault } from "./quality.js";

/** The most of each share; a text at a limit is kept. */
export interface RepetitionRules {
  /** Lines that were there before, of the lines; their characters, of the text's. */
  readonly duplicateLines: number;
  readonly duplicateLineCharacters: number;
  /** The same of paragraphs, which empty lines part. */
  readonly duplicateParagraphs: number;
  readonly duplicateParagraphCharacters: number;
  /** For n words in a row: characters of the most frequent such, of the text's. */
  readonly topGrams: Readonly<Record<number, number>>;
  /** For n words in a row: characters in those that were there before, each counted once, of the text's. */
  readonly duplicateGrams: Readonly<Record<number, number>>;
}

/** The paper's limits. */
export const GOPHER_REPETITION: RepetitionRules = {
  duplicateLines: 0.3,
  duplicateLineCharacters: 0.2,
  duplicateParagraphs: 0.3,
  duplicateParagraphCharacters: 0.2,
  topGrams: { 2: 0.2, 3: 0.18, 4: 0.16 },
  duplicateGrams: { 5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.1 },
};

export type RepetitionRule =
  | Exclude<keyof RepetitionRules, "topGrams" | "duplicateGrams">
  | `top ${number}-gram`
  | `duplicate ${number}-grams`;
export type RepetitionFault = Fault<RepetitionRule>;

/** The rules a text breaks; none of a text that is kept. */
export function repetitionFaults(text: string, rules: RepetitionRules = GOPHER_REPETITION): readonly RepetitionFault[] {
  const faults: RepetitionFault[] = [];
  const most = (rule: RepetitionRule, value: number, limit: number) => {
    if (value > limit) faults.push({ rule, value, limit });
  };
  const lines = duplicates(text.split(/\n+/), text.length);
  most("duplicateLines", lines.share, rules.duplicateLines);
  most("duplicateLineCharacters", lines.characters, rules.duplicateLineCharacters);
  const paragraphs = duplicates(text.split(/\n\s*\n/), text.length);
  most("duplicateParagraphs", paragraphs.share, rules.duplicateParagraphs);
  most("duplicateParagraphCharacters", paragraphs.characters, rules.duplicateParagraphCharacters);

  const words = wordsOf(text);
  const limits = (of: Readonly<Record<number, number>>) =>
    Object.entries(of).map(([n, limit]) => [Number(n), limit] as const);
  const tops = new Map(limits(rules.topGrams));
  const repeated = new Map(limits(rules.duplicateGrams));
  const longest = Math.max(0, ...tops.keys(), ...repeated.keys());
  let grams = words.ids;
  for (let n = 1; n <= longest && n <= words.ids.length; n += 1) {
    if (n > 1) grams = longer(grams, words.ids, n);
    const top = tops.get(n);
    if (top !== undefined) most(`top ${n}-gram`, topShare(grams, n, words, text.length), top);
    const limit = repeated.get(n);
    if (limit !== undefined) most(`duplicate ${n}-grams`, repeatedShare(grams, n, words, text.length), limit);
  }
  return faults;
}

function duplicates(all: readonly string[], length: number): { readonly share: number; readonly characters: number } {
  const parts = all.map((part) => part.trim()).filter((part) => part !== "");
  const met = new Set<string>();
  let again = 0;
  let characters = 0;
  for (const part of parts) {
    if (met.has(part)) {
      again += 1;
      characters += part.length;
    } else met.add(part);
  }
  return { share: parts.length === 0 ? 0 : again / parts.length, characters: length === 0 ? 0 : characters / length };
}

/** Words as numbers, the same for the same word, and where each begins and ends in the text. */
interface Words {
  readonly ids: readonly number[];
  readonly from: readonly number[];
  readonly to: readonly number[];
}

function wordsOf(text: string): Words {
  const known = new Map<string, number>();
  const ids: number[] = [];
  const from: number[] = [];
  const to: number[] = [];
  for (const { 0: word, index } of text.matchAll(/\S+/g)) {
    ids.push(numberOf(known, word));
    from.push(index);
    to.push(index + word.length);
  }
  return { ids, from, to };
}

function numberOf<Key>(known: Map<Key, number>, key: Key): number {
  const number = known.get(key) ?? known.size;
  if (number === known.size) known.set(key, number);
  return number;
}

/** Numbers of the runs of n words from those of n - 1: two runs have one number exactly if they are the same words. */
function longer(shorter: readonly number[], ids: readonly number[], n: number): number[] {
  const known = new Map<number, number>();
  const grams: number[] = [];
  for (let at = 0; at + n <= ids.length; at += 1) {
    // Both are less than the number of words, so the sum is exact.
    grams.push(numberOf(known, shorter[at]! * ids.length + ids[at + n - 1]!));
  }
  return grams;
}

/** The share of the run that occurs most; 0 where none occurs twice. Of several that occur as often, the longest. */
function topShare(grams: readonly number[], n: number, { from, to }: Words, length: number): number {
  const counts = new Map<number, number>();
  for (const gram of grams) counts.set(gram, (counts.get(gram) ?? 0) + 1);
  let most = 1;
  let characters = 0;
  grams.forEach((gram, at) => {
    const count = counts.get(gram)!;
    const long = to[at + n - 1]! - from[at]!;
    if (count > most) characters = 0;
    if (count >= most && count > 1) {
      most = count;
      characters = Math.max(characters, long);
    }
  });
  return most === 1 ? 0 : (characters * most) / length;
}

/** The share of the characters that stand in a run that was there before. */
function repeatedShare(grams: readonly number[], n: number, { from, to }: Words, length: number): number {
  const met = new Set<number>();
  let counted = 0;
  let characters = 0;
  grams.forEach((gram, at) => {
    if (met.has(gram)) {
      const end = to[at + n - 1]!;
      characters += end - Math.max(from[at]!, counted);
      counted = end;
    } else met.add(gram);
  });
  return characters / length;
}
