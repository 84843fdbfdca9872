import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import { ensemble, score } from "../../src/generation/score.js";
import { EOC, seededTable, tableModel } from "./table.js";

const candidate = fc.array(fc.nat(4), { minLength: 1, maxLength: 4 });

/** The log-probability of a text by the table itself. */
const exactly = (table: (prefix: string) => readonly number[], tokens: readonly number[]) =>
  tokens.reduce((sum, token, i) => sum + Math.log(table(tokens.slice(0, i).join(" "))[token]!), 0);

describe("ranking candidates by their likelihood", () => {
  it("is what exact enumeration gives, read together or token by token (2.5, close-ended)", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.array(candidate, { minLength: 1, maxLength: 12 }), async (seed, candidates) => {
        const table = seededTable(seed);
        const model = tableModel(table);
        const ranked = await score(model.prompt, candidates, { atOnce: 2 });
        expect(ranked.map((one) => one.candidate).sort((a, b) => a - b)).toEqual([...candidates.keys()]);
        ranked.forEach((one, i) => {
          expect(one.logProb).toBeCloseTo(exactly(table, candidates[one.candidate]!), 5);
          expect(one.score).toBeLessThanOrEqual(ranked[i - 1]?.score ?? 0);
        });
        expect(await score(model.prompt, candidates, { batching: model.batching })).toEqual(ranked);
        expect([model.leaked(), model.promptIsLive()]).toEqual([0, true]);
      }),
    );
  });

  it("reads what candidates begin with in common once", async () => {
    const model = tableModel(seededTable(1));
    await score(model.prompt, [
      [1, 2, 3],
      [1, 2, 4],
      [1, 3],
    ]);
    expect(model.made()).toBe(2);
  });

  it("takes the plain sum, or the mean per token when told", async () => {
    const { prompt } = tableModel(() => [0.2, 0.5, 0.3]);
    const candidates = [[2], [1, 1]];
    expect((await score(prompt, candidates))[0]!.candidate).toBe(0);
    const byMean = await score(prompt, candidates, { normalise: "mean" });
    expect(byMean[0]!.candidate).toBe(1);
    expect(byMean[0]!.score).toBeCloseTo(Math.log(0.5), 6);
    expect(byMean[0]!.logProb).toBeCloseTo(2 * Math.log(0.5), 6);
  });

  it("can count <EOC>, so that a candidate which begins another is not favoured", async () => {
    const { prompt } = tableModel(
      (prefix) => ({ "": [0, 1, 0], "1": [0.1, 0, 0.9], "1 2": [1, 0, 0] })[prefix] ?? [1, 0, 0],
    );
    const candidates = [[1], [1, 2]];
    expect((await score(prompt, candidates))[0]!.candidate).toBe(0);
    expect((await score(prompt, candidates, { end: EOC }))[0]!.candidate).toBe(1);
  });

  it("puts impossible candidates last, in their own order", async () => {
    const { prompt } = tableModel(() => [0, 1, 0]);
    const ranked = await score(prompt, [[0], [2], [1]]);
    expect(ranked.map((one) => one.candidate)).toEqual([2, 0, 1]);
  });

  it("refuses no candidates, and one without tokens, which would always win", async () => {
    const { prompt } = tableModel(() => [0.5, 0.5]);
    await expect(score(prompt, [])).rejects.toThrow(UsageError);
    await expect(score(prompt, [[1], []])).rejects.toThrow(/Candidate 1 has no tokens/);
  });
});

describe("prompt ensembling", () => {
  it("averages an answer's log-likelihood over the orders of the examples (2.5)", () => {
    const one = (candidate: number, score: number) => ({ candidate, score, logProb: score, tokenLogProbs: [score] });
    expect(
      ensemble([
        [one(0, -1), one(1, -2)],
        [one(1, -1), one(0, -4)],
      ]),
    ).toEqual([
      { candidate: 1, score: -1.5 },
      { candidate: 0, score: -2.5 },
    ]);
    expect(() => ensemble([[one(0, -1)], []])).toThrow(UsageError);
  });
});
