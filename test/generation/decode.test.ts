import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import { greedy } from "../../src/generation/greedy.js";
import { LogitsError, likeliestTokens, logSoftmax } from "../../src/generation/language-state.js";
import { nucleus, sample, tempered } from "../../src/generation/sample.js";
import { cutAtKeywords } from "../../src/generation/stop.js";
import { Random } from "../../src/random.js";
import { EOC, seededTable, tableModel } from "./table.js";

const toEoc = { stop: [EOC], maximumTokens: 8 };

describe("log-probabilities", () => {
  it("are normalised in float64, however large the logits", () => {
    const logProbs = logSoftmax(Float32Array.of(1000, 1000, -1000));
    expect(logProbs[0]).toBeCloseTo(-Math.LN2, 12);
    expect(logProbs[2]).toBe(-2000 - Math.LN2);
  });

  it("leave forbidden tokens out and share what they had", () => {
    expect([...logSoftmax(Float32Array.of(3, 0, 0), [0])]).toEqual([Number.NEGATIVE_INFINITY, -Math.LN2, -Math.LN2]);
  });

  it.each([[[Number.NaN, 1]], [[1, Number.NaN]], [[1, Number.POSITIVE_INFINITY]], [[]]])(
    "are refused where the logits are %j",
    (logits) => {
      expect(() => logSoftmax(Float32Array.from(logits))).toThrow(LogitsError);
    },
  );

  it("rank the likeliest tokens as sorting all of them does", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5, max: 0 })), fc.integer({ min: 1, max: 9 }), (values, count) => {
        const sorted = [...values.keys()].sort((a, b) => values[b]! - values[a]! || a - b).slice(0, count);
        expect(likeliestTokens(Float64Array.from(values), count)).toEqual(sorted);
      }),
    );
  });
});

describe("a greedy answer", () => {
  it("takes the likeliest token until <EOC>, which it counts but does not say (2.5)", async () => {
    const model = tableModel((prefix) => ({ "": [0.1, 0.6, 0.3], "1": [0.2, 0.3, 0.5] })[prefix] ?? [0.9, 0.05, 0.05]);
    const said: number[] = [];
    const answer = await greedy(model.prompt, { ...toEoc, onToken: (token) => said.push(token) });
    expect(answer.tokens).toEqual([1, 2]);
    expect(said).toEqual([1, 2]);
    expect(answer.finished).toBe("eoc");
    expect(answer.tokenLogProbs).toHaveLength(3);
    expect(answer.logProb).toBeCloseTo(Math.log(0.6 * 0.5 * 0.9), 6);
  });

  it("ends at its length, without reading the token that nobody goes on from", async () => {
    const model = tableModel(() => [0.1, 0.9]);
    const answer = await greedy(model.prompt, { stop: [EOC], maximumTokens: 3 });
    expect([answer.tokens, answer.finished, answer.tokenLogProbs.length]).toEqual([[1, 1, 1], "length", 3]);
    expect(model.made()).toBe(2);
    expect((await greedy(model.prompt, { stop: [EOC], maximumTokens: 0 })).tokens).toEqual([]);
  });

  it("never says a forbidden token", async () => {
    const model = tableModel(() => [0.1, 0.7, 0.2]);
    expect((await greedy(model.prompt, { stop: [EOC], maximumTokens: 2, forbidden: [1] })).tokens).toEqual([2, 2]);
  });

  it("stops when it is told to, and needs a way to end", async () => {
    const model = tableModel(() => [0.1, 0.9]);
    const control = new AbortController();
    const stopped = greedy(model.prompt, { ...toEoc, signal: control.signal, onToken: () => control.abort() });
    await expect(stopped).rejects.toThrow(/abort/);
    expect(model.leaked()).toBe(0);
    await expect(greedy(model.prompt, { stop: [], maximumTokens: 3 })).rejects.toThrow(UsageError);
    await expect(greedy(model.prompt, { stop: [EOC], maximumTokens: -1 })).rejects.toThrow(UsageError);
  });

  it("releases every state it made, and leaves the prompt", async () => {
    const model = tableModel(seededTable(3));
    await greedy(model.prompt, toEoc);
    expect([model.leaked(), model.promptIsLive()]).toEqual([0, true]);
  });
});

describe("a drawn answer", () => {
  it("is the same for the same seed and different for others", async () => {
    const model = tableModel(seededTable(7, 20));
    const draw = (seed: number) => sample(model.prompt, { ...toEoc, random: new Random(seed) });
    expect(await draw(1)).toEqual(await draw(1));
    const drawn = await Promise.all(Array.from({ length: 20 }, (_, seed) => draw(seed)));
    expect(new Set(drawn.map(({ tokens }) => tokens.join())).size).toBeGreaterThan(15);
    expect(model.leaked()).toBe(0);
  });

  it.each([
    { temperature: 1, topP: 1, chances: [0.5, 0.3, 0.15, 0.05] },
    { temperature: 0.5, topP: 1, chances: [0.25, 0.09, 0.0225, 0.0025].map((p) => p / 0.365) },
    { temperature: 1, topP: 0.8, chances: [0.5 / 0.8, 0.3 / 0.8, 0, 0] },
  ])("comes as often as it should at temperature $temperature and nucleus $topP", async ({ chances, ...how }) => {
    const model = tableModel(() => [0.5, 0.3, 0.15, 0.05]);
    const random = new Random("chi-square");
    const counts = [0, 0, 0, 0];
    const draws = 4000;
    for (let i = 0; i < draws; i++) {
      const { tokens } = await sample(model.prompt, { stop: [9], maximumTokens: 1, random, ...how });
      counts[tokens[0]!]!++;
    }
    const square = chances.reduce((sum, p, i) => sum + (p && (counts[i]! - draws * p) ** 2 / (draws * p)), 0);
    expect(counts.filter((count, i) => chances[i] === 0 && count > 0)).toEqual([]);
    expect(square).toBeLessThan(16.27); // 3 degrees of freedom, one seed in a thousand
  });

  it("is given with the model's own log-probability, whatever the temperature", async () => {
    const model = tableModel(() => [0.5, 0.5]);
    const { logProb } = await sample(model.prompt, { ...toEoc, temperature: 9, random: new Random(2) });
    expect(logProb / Math.log(0.5)).toBeCloseTo(Math.round(logProb / Math.log(0.5)), 6);
  });

  it("is refused at a temperature or a nucleus that is none", async () => {
    const { prompt } = tableModel(() => [0.5, 0.5]);
    for (const wrong of [{ temperature: 0 }, { temperature: Number.NaN }, { topP: 0 }, { topP: 1.1 }])
      await expect(sample(prompt, { ...toEoc, random: new Random(1), ...wrong })).rejects.toThrow(UsageError);
  });
});

describe("the nucleus", () => {
  it("is the fewest likeliest tokens that reach its probability", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100), { minLength: 1 }), fc.integer({ min: 1, max: 99 }), (weights, percent) => {
        const total = weights.reduce((sum, weight) => sum + weight + 1, 0);
        const chances = Float64Array.from(weights, (weight) => (weight + 1) / total);
        const kept = nucleus(chances, percent / 100);
        const reached = kept.map((token) => chances[token]!).reduce((sum, p) => sum + p, 0);
        expect(reached).toBeGreaterThan(percent / 100 - 1e-9);
        expect(reached - chances[kept.at(-1)!]!).toBeLessThan(percent / 100);
        const least = Math.min(...kept.map((token) => chances[token]!));
        for (const [token, p] of chances.entries()) if (!kept.includes(token)) expect(p).toBeLessThanOrEqual(least);
      }),
    );
  });

  it("of a cold distribution is the likeliest token", () => {
    expect(nucleus(tempered(Float64Array.of(-1, -0.5, -3), 1e-3), 0.9)).toEqual([1]);
  });
});

describe("an answer without <EOC>", () => {
  it("is cut where it goes on to write another prompt (2.5, first version of the paper)", () => {
    const keywords = ["Question:", "Answer:"];
    expect(cutAtKeywords("a cat Question: what? Answer: a dog", keywords)).toBe("a cat");
    expect(cutAtKeywords(" a cat ", keywords)).toBe(" a cat ");
    expect(cutAtKeywords("Answer: a", keywords)).toBe("");
  });
});
