import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import { wilson } from "../../src/evaluation/intervals.js";
import { exactWord } from "../../src/evaluation/metrics/exact-word.js";

describe("Wilson's interval", () => {
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0.0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])("of %i in %i is as published (Newcombe 1998, table I, method 3)", (successes, trials, low, high) => {
    const interval = wilson(successes, trials);
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  });

  it("is the same from either side: failures have the mirror image of successes", () => {
    const [some, others] = [wilson(3, 40), wilson(37, 40)];
    expect(1 - others.high).toBeCloseTo(some.low, 12);
    expect(1 - others.low).toBeCloseTo(some.high, 12);
  });

  it("stays within 0 and 1, and is never a point", () => {
    expect(wilson(0, 500).low).toBe(0);
    expect(wilson(0, 500).high).toBeGreaterThan(0.007);
    expect(wilson(500, 500).high).toBe(1);
    expect(wilson(500, 500).low).toBeLessThan(0.993);
  });

  it("narrows with the root of the episodes", () => {
    const width = (trials: number) => wilson(trials / 2, trials).high - wilson(trials / 2, trials).low;
    expect(width(400) / width(1600)).toBeCloseTo(2, 1);
  });

  it("refuses to tell of nothing, or of more successes than trials", () => {
    expect(() => wilson(0, 0)).toThrow(UsageError);
    expect(() => wilson(3, 2)).toThrow(/3 in 2/);
  });
});

describe("an exact word", () => {
  it("may differ in a leading article, capitals and a final full stop", () => {
    for (const answer of ["red apple", "a red apple", "The red apple.", " A red apple. "])
      expect(exactWord(answer, "a red apple")).toBe(true);
  });

  it("may not differ in anything else", () => {
    for (const answer of ["apple", "red apples", "red apple on the table", "a a red apple", "red  apple", "", "."])
      expect(exactWord(answer, "a red apple")).toBe(false);
  });

  it("keeps what only looks like an article", () => {
    expect(exactWord("anchor", "chor")).toBe(false);
    expect(exactWord("a", "")).toBe(false);
  });
});
