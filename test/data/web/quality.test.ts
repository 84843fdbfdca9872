/** Each rule of MassiveWeb's quality filter at its threshold (Gopher, A.1.1). */
import { describe, expect, it } from "vitest";
import { GOPHER_QUALITY, measureQuality, qualityFaults } from "../../../src/data/web/quality.js";

const rulesOf = (text: string) => qualityFaults(text).map(({ rule }) => rule);
const repeat = (word: string, times: number) => Array.from({ length: times }, () => word);
/** So many words, two of them stop words. */
const prose = (count: number) => ["the", "and", ...repeat("word", count - 2)].join(" ");
/** A text of lines of prose, of which so many begin or end as told. */
const lines = (count: number, marked: number, mark: (line: string) => string) =>
  Array.from({ length: count }, (_, n) => (n < marked ? mark(prose(12)) : prose(12))).join("\n");

describe("the quality filter keeps", () => {
  it("50 words and 100,000, not 49 nor 100,001", () => {
    expect(rulesOf(prose(50))).toEqual([]);
    expect(rulesOf(prose(49))).toEqual(["minWords"]);
    expect(rulesOf(prose(100_000))).toEqual([]);
    expect(rulesOf(prose(100_001))).toEqual(["maxWords"]);
  });

  it("words of 3 to 10 characters in the mean", () => {
    expect(rulesOf(["the", "and", ...repeat("abc", 98)].join(" "))).toEqual([]);
    expect(rulesOf(["the", "and", ...repeat("abc", 97), "ab"].join(" "))).toEqual(["minMeanWordLength"]);
    // 3 + 3 and 98 others of ten letters but for 14 more: 1000 letters in 100 words.
    const long = ["the", "and", ...repeat("abcdefghij", 97)];
    expect(rulesOf([...long, "a".repeat(24)].join(" "))).toEqual([]);
    expect(rulesOf([...long, "a".repeat(25)].join(" "))).toEqual(["maxMeanWordLength"]);
  });

  it("a hash in every tenth word, not in more", () => {
    const tagged = (hashes: number) =>
      ["the", "and", ...repeat("#word", hashes), ...repeat("word", 98 - hashes)].join(" ");
    expect(rulesOf(tagged(10))).toEqual([]);
    expect(rulesOf(tagged(11))).toEqual(["maxHashes"]);
  });

  it("an ellipsis in every tenth word, not in more, of dots or one character", () => {
    const trailing = (count: number, mark: string) =>
      ["the", "and", ...repeat(`word${mark}`, count), ...repeat("word", 98 - count)].join(" ");
    for (const mark of ["...", "…"]) {
      expect(rulesOf(trailing(10, mark))).toEqual([]);
      expect(rulesOf(trailing(11, mark))).toEqual(["maxEllipses"]);
    }
  });

  it("nine lines of ten that are bullets, not more", () => {
    expect(rulesOf(lines(10, 9, (line) => `• ${line}`))).toEqual([]);
    expect(rulesOf(lines(10, 10, (line) => `- ${line}`))).toEqual(["maxBulletLines"]);
  });

  it("three lines of ten that end in an ellipsis, not more", () => {
    expect(rulesOf(lines(10, 3, (line) => `${line}...`))).toEqual([]);
    expect(rulesOf(lines(10, 4, (line) => `${line}… `))).toEqual(["maxEllipsisLines"]);
  });

  it("four words of five with a letter in them, not less", () => {
    const numbered = (numbers: number) =>
      ["the", "and", ...repeat("word", 98 - numbers), ...repeat("1234", numbers)].join(" ");
    expect(rulesOf(numbered(20))).toEqual([]);
    expect(rulesOf(numbered(21))).toEqual(["minLetterWords"]);
  });

  it("two of the stop words, with what stands around them, not one twice", () => {
    const filler = repeat("word", 60).join(" ");
    expect(rulesOf(`${filler} The, "with"`)).toEqual([]);
    expect(rulesOf(`${filler} the the`)).toEqual(["minStopWords"]);
  });
});

it("a word of a million digits is measured in time that grows with its length", () => {
  const began = performance.now();
  expect(measureQuality(`the${"1".repeat(1e6)}x${"1".repeat(1e6)}`).stopWords).toBe(0);
  expect(performance.now() - began).toBeLessThan(5000);
});

describe("a fault of quality", () => {
  it("says the rule, what was found and the limit, for every rule that is broken", () => {
    expect(qualityFaults("1 2 3")).toEqual([
      { rule: "minWords", value: 3, limit: 50 },
      { rule: "minMeanWordLength", value: 1, limit: 3 },
      { rule: "minLetterWords", value: 0, limit: 0.8 },
      { rule: "minStopWords", value: 0, limit: 2 },
    ]);
    expect(measureQuality("").words).toBe(0);
  });

  it("is by the limits it is given", () => {
    const rules = { ...GOPHER_QUALITY, minWords: 3, minStopWords: 1, stopWords: ["der"] };
    expect(qualityFaults("der kleine Hund", rules)).toEqual([]);
  });
});
