/** Each rule of MassiveWeb's repetition filter at its threshold (Gopher, table A1). */
import { describe, expect, it } from "vitest";
import { GOPHER_REPETITION, type RepetitionRules, repetitionFaults } from "../../../src/data/web/repetition.js";

/** Limits that nothing breaks, but for those told. */
const only = (rules: Partial<RepetitionRules>): RepetitionRules => ({
  duplicateLines: 9,
  duplicateLineCharacters: 9,
  duplicateParagraphs: 9,
  duplicateParagraphCharacters: 9,
  topGrams: {},
  duplicateGrams: {},
  ...rules,
});
const rulesOf = (text: string, rules: RepetitionRules) => repetitionFaults(text, rules).map(({ rule }) => rule);
const distinct = (count: number, first = 0) =>
  Array.from({ length: count }, (_, n) => `w${String(first + n).padStart(3, "0")}`);

describe("the repetition filter keeps", () => {
  it("three lines of ten that were there before, not more", () => {
    const rules = only({ duplicateLines: GOPHER_REPETITION.duplicateLines });
    const text = (again: number) =>
      [...distinct(10 - again), ...Array.from({ length: again }, () => "w000")].join("\n");
    expect(rulesOf(text(3), rules)).toEqual([]);
    expect(rulesOf(text(4), rules)).toEqual(["duplicateLines"]);
  });

  it("three paragraphs of ten that were there before, not more", () => {
    const rules = only({ duplicateParagraphs: GOPHER_REPETITION.duplicateParagraphs });
    const text = (again: number) =>
      [...distinct(10 - again), ...Array.from({ length: again }, () => "w000")].join("\n\n");
    expect(rulesOf(text(3), rules)).toEqual([]);
    expect(rulesOf(text(4), rules)).toEqual(["duplicateParagraphs"]);
  });

  it.each([
    ["duplicateLineCharacters", "\n"],
    ["duplicateParagraphCharacters", "\n\n"],
  ] as const)("a fifth of the characters in such: %s", (rule, between) => {
    const rules = only({ [rule]: GOPHER_REPETITION[rule] });
    // The line of 20 characters again, in a text of 100.
    const text = (length: number) =>
      ["a".repeat(20), "b".repeat(length - 40 - 2 * between.length), "a".repeat(20)].join(between);
    expect(text(100)).toHaveLength(100);
    expect(rulesOf(text(100), rules)).toEqual([]);
    expect(rulesOf(text(99), rules)).toEqual([rule]);
  });

  it.each([2, 3, 4])("the limit's share of characters in the commonest %i words in a row", (n) => {
    const limit = GOPHER_REPETITION.topGrams[n]!;
    const gram = distinct(n).join(" ");
    const rest = (length: number) => `${gram} ${"x".repeat(length)} ${gram}`;
    const atLimit = Math.ceil((2 * gram.length) / limit) - 2 * gram.length - 2;
    expect(rulesOf(rest(atLimit), only({ topGrams: { [n]: limit } }))).toEqual([]);
    expect(rulesOf(rest(atLimit - 2), only({ topGrams: { [n]: limit } }))).toEqual([`top ${n}-gram`]);
  });

  it.each([5, 6, 7, 8, 9, 10])("the limit's share of characters in %i words in a row that were there before", (n) => {
    const limit = GOPHER_REPETITION.duplicateGrams[n]!;
    const gram = distinct(n).join(" ");
    const rest = (length: number) => `${gram} ${"x".repeat(length)} ${gram}`;
    const atLimit = Math.ceil(gram.length / limit) - 2 * gram.length - 2;
    expect(rulesOf(rest(atLimit), only({ duplicateGrams: { [n]: limit } }))).toEqual([]);
    expect(rulesOf(rest(atLimit - 2), only({ duplicateGrams: { [n]: limit } }))).toEqual([`duplicate ${n}-grams`]);
  });

  it("a character in several runs counted once", () => {
    const twelve = distinct(12).join(" ");
    const [fault] = repetitionFaults(`${twelve} ${twelve}`, only({ duplicateGrams: { 5: 0 } }));
    // The second twelve words whole, of two times them and a space.
    expect(fault?.value).toBeCloseTo(twelve.length / (2 * twelve.length + 1), 10);
  });

  it("a text in which nothing occurs twice, one word, and no text", () => {
    for (const text of [distinct(40).join(" "), "word", "", " \n\n "]) expect(repetitionFaults(text)).toEqual([]);
  });
});

it("a text of 100,000 words is measured in seconds", () => {
  const text = Array.from({ length: 100_000 }, (_, n) => `w${(n * 7919) % 5003}`).join(" ");
  const began = performance.now();
  repetitionFaults(text);
  // Measured: 0.7 s. Seven times that is no matter of the machine.
  expect(performance.now() - began).toBeLessThan(5000);
});
