import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import { beam } from "../../src/generation/beam.js";
import { greedy } from "../../src/generation/greedy.js";
import { EOC, seededTable, tableModel } from "./table.js";

const toEoc = { stop: [EOC], maximumTokens: 5 };

/** Every answer of at most `maximumTokens` tokens and its probability, by walking the whole tree. */
function everyAnswer(table: (prefix: string) => readonly number[], maximumTokens: number) {
  const answers: { tokens: number[]; finished: string; logProb: number }[] = [];
  const walk = (tokens: number[], logProb: number) => {
    if (tokens.length === maximumTokens) return void answers.push({ tokens, finished: "length", logProb });
    for (const [token, probability] of table(tokens.join(" ")).entries()) {
      const sum = logProb + Math.log(probability);
      if (token === EOC) answers.push({ tokens, finished: "eoc", logProb: sum });
      else walk([...tokens, token], sum);
    }
  };
  walk([], 0);
  return answers.sort((a, b) => b.logProb - a.logProb);
}

describe("beam search", () => {
  it("of width 1 is the greedy answer", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const { prompt } = tableModel(seededTable(seed));
        const [{ score: _, ...best }] = await beam(prompt, { ...toEoc, width: 1 });
        expect(best).toEqual(await greedy(prompt, toEoc));
      }),
    );
  });

  it("finds the likelier answer where the likeliest first word leads astray", async () => {
    const table: Record<string, number[]> = { "": [0, 0.6, 0.4], "1": [0.3, 0.35, 0.35], "2": [0.9, 0.05, 0.05] };
    const { prompt } = tableModel((prefix) => table[prefix] ?? [0.9, 0.05, 0.05]);
    expect((await greedy(prompt, toEoc)).tokens).toEqual([1, 1]);
    const [best] = await beam(prompt, { ...toEoc, width: 3 });
    expect(best.tokens).toEqual([2]);
    expect(best.logProb).toBeCloseTo(Math.log(0.4 * 0.9), 6);
  });

  it("wide enough finds the likeliest of all answers, and the next ones in order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const table = seededTable(seed, 3);
        const every = everyAnswer(table, 3);
        const found = await beam(tableModel(table).prompt, { stop: [EOC], maximumTokens: 3, width: every.length });
        expect(found.map(({ tokens }) => tokens.join())).toEqual(every.map(({ tokens }) => tokens.join()));
        found.forEach((answer, i) => {
          expect(answer.logProb).toBeCloseTo(every[i]!.logProb, 5);
          expect(answer.finished).toBe(every[i]!.finished);
        });
      }),
      { numRuns: 30 },
    );
  });

  it("keeps its width of unfinished texts beside the answers that it finds", async () => {
    const table: Record<string, number[]> = { "": [0.4, 0.35, 0.25], "1": [0.3, 0.35, 0.35], "2": [0.9, 0.05, 0.05] };
    const { prompt } = tableModel((prefix) => table[prefix] ?? [0.9, 0.05, 0.05]);
    const found = await beam(prompt, { ...toEoc, width: 2 });
    expect(found.map(({ tokens }) => tokens)).toEqual([[], [2]]);
  });

  it("gives as many answers as it is wide, different, best first, each the sum of its tokens", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 4 }), async (seed, width) => {
        const found = await beam(tableModel(seededTable(seed)).prompt, { ...toEoc, width });
        expect(found).toHaveLength(width);
        expect(new Set(found.map(({ tokens, finished }) => `${tokens} ${finished}`)).size).toBe(width);
        found.forEach(({ logProb, tokenLogProbs, tokens, finished, score }, i) => {
          expect(score).toBeLessThanOrEqual(found[i - 1]?.score ?? 0);
          expect(logProb).toBeCloseTo(
            tokenLogProbs.reduce((sum, one) => sum + one, 0),
            9,
          );
          expect(tokenLogProbs).toHaveLength(tokens.length + Number(finished === "eoc"));
        });
      }),
    );
  });

  it("favours long answers under a length penalty above 0, and has none unless told", async () => {
    const { prompt } = tableModel((prefix) => (prefix === "" ? [0.5, 0.5] : [0.6, 0.4]));
    expect((await beam(prompt, { ...toEoc, width: 2 }))[0].tokens).toEqual([]);
    expect((await beam(prompt, { ...toEoc, width: 2, lengthPenalty: 1 }))[0].tokens).toEqual([1]);
  });

  it("answers the same whether states go on together or one by one", async () => {
    const model = tableModel(seededTable(11));
    const alone = await beam(model.prompt, { ...toEoc, width: 3 });
    expect(await beam(model.prompt, { ...toEoc, width: 3, batching: model.batching })).toEqual(alone);
  });

  it("releases every state once, goes on from none that is released, and leaves the prompt (F4.14)", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 4 }), async (seed, width) => {
        const model = tableModel(seededTable(seed));
        const before = model.prompt.logits.slice();
        await beam(model.prompt, { ...toEoc, width });
        expect([model.leaked(), model.promptIsLive()]).toEqual([0, true]);
        expect(model.prompt.logits).toEqual(before);
      }),
    );
  });

  it("knows several stop tokens, forbidden ones, and no room at all", async () => {
    const { prompt } = tableModel(seededTable(5));
    const found = await beam(prompt, { stop: [0, 1], forbidden: [2], maximumTokens: 4, width: 3 });
    for (const { tokens } of found) expect(tokens.every((token) => token > 2)).toBe(true);
    expect(await beam(prompt, { stop: [EOC], maximumTokens: 0, width: 3 })).toMatchObject([
      { tokens: [], finished: "length", logProb: 0 },
    ]);
    await expect(beam(prompt, { ...toEoc, width: 0 })).rejects.toThrow(UsageError);
  });
});
