import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import {
  type Answerer,
  evaluate,
  nanoSuite,
  pixelNeighbour,
  reportText,
  writtenOut,
} from "../../src/evaluation/index.js";
import { type Document, framesOf, isMedium } from "../../src/prompt/document.js";
import { Random } from "../../src/random.js";
import { answerer, rightAnswers, wordsIn } from "./support.js";

const withoutHands = nanoSuite.tasks.map(({ name }) => name).filter((name) => !name.includes("hand"));
const picturesOf = (document: Document) => document.filter(isMedium).map((medium) => framesOf(medium)[0]!);

/** What each task's prompts were, by a model that answers nothing. */
async function promptsOf(only: readonly string[], episodes: number): Promise<Document[]> {
  const prompts: Document[] = [];
  const mute = answerer("mute", (prompt) => {
    prompts.push(prompt);
    return "";
  });
  await evaluate(mute, nanoSuite, { only, episodes });
  return prompts;
}

describe("the harness", () => {
  it("counts every answer of an oracle as right", async () => {
    const right = rightAnswers(nanoSuite, 4, withoutHands);
    const oracle = answerer("oracle", (_, n) => right[n]!);
    const { model, measures } = await evaluate(oracle, nanoSuite, { episodes: 4, only: withoutHands });
    expect(model).toBe("oracle");
    expect(measures.map(({ name, value }) => [name, value])).toEqual(withoutHands.map((name) => [name, 1]));
  });

  it("gives one that guesses among the two words about a half, within its interval", async () => {
    const random = new Random("a guess");
    const guesser = answerer("guesser", (prompt) => random.pick(wordsIn(prompt)));
    for (const only of ["bind2-emoji-1", "bind2-emoji-3-shuffled"]) {
      const [measure] = (await evaluate(guesser, nanoSuite, { only: [only], episodes: 300 })).measures;
      if (measure?.value == null) throw new Error("nothing was measured");
      expect(measure.low).toBeLessThan(0.5);
      expect(measure.high).toBeGreaterThan(0.5);
      expect(measure.episodes).toBe(300);
    }
  });

  it("says of absent data that there is no value, and why", async () => {
    const { measures } = await evaluate(
      answerer("any", () => ""),
      nanoSuite,
      { only: ["bind5-hand-1"] },
    );
    expect(measures).toEqual([
      { name: "bind5-hand-1", value: null, reason: expect.stringContaining("--omniglot DIR") },
    ]);
    expect(reportText({ model: "any", measures }, nanoSuite)).toContain("no handwriting");
  });

  it("asks the same whether a task is measured alone or among others", async () => {
    const alone = await promptsOf(["question-count"], 3);
    const among = await promptsOf(["caption-known", "question-count"], 3);
    expect(among.slice(3)).toEqual(alone);
  });

  it("asks for captions and answers without examples, in the words of the paper", async () => {
    const [caption] = await promptsOf(["caption-known"], 1);
    const [question] = await promptsOf(["question-colour"], 1);
    expect(writtenOut(caption!)).toBe("<image> Output:");
    expect(writtenOut(question!)).toBe("<image> Question: What colour is the background? Answer:");
    expect(picturesOf(caption!)[0]).toMatchObject({ width: 64, height: 64 });
  });

  it("asks for a new word after examples that are closed, on a picture unlike any of theirs", async () => {
    const [prompt] = await promptsOf(["bind2-emoji-3"], 1);
    expect(writtenOut(prompt!)).toMatch(/^(<image> Output: [a-z]+<EOC>){6}<image> Output:$/);
    const pictures = picturesOf(prompt!);
    for (const [i, a] of pictures.entries())
      for (const b of pictures.slice(i + 1)) expect(Buffer.from(a.data).equals(b.data)).toBe(false);
  });

  it("shows one grey picture everywhere in the blank control, under the words of the task it controls", async () => {
    const [blank] = await promptsOf(["bind2-emoji-3-blank"], 1);
    const [prompt] = await promptsOf(["bind2-emoji-3"], 1);
    expect(writtenOut(blank!)).toBe(writtenOut(prompt!));
    expect(new Set(picturesOf(blank!).flatMap(({ data }) => [...data]))).toEqual(new Set([128]));
  });

  it("tells how far it has come, and gives up when it is told to", async () => {
    const gaveUp = new AbortController();
    const done: number[] = [];
    const asked = evaluate(
      answerer("any", () => ""),
      nanoSuite,
      {
        only: ["caption-known"],
        signal: gaveUp.signal,
        onProgress: (progress) => {
          expect(progress).toMatchObject({ task: "caption-known", of: 500, right: 0 });
          done.push(progress.done);
          if (progress.done === 2) gaveUp.abort();
        },
      },
    );
    await expect(asked).rejects.toThrow(/abort/i);
    expect(done).toEqual([1, 2]);
  });

  it("refuses a measure that there is not, and less than one episode", async () => {
    const any = answerer("any", () => "");
    await expect(evaluate(any, nanoSuite, { only: ["bind9"] })).rejects.toThrow(
      /no measure "bind9"\.\s.*choose of .*bind2-emoji-1/,
    );
    await expect(evaluate(any, nanoSuite, { episodes: 0 })).rejects.toThrow(UsageError);
  });
});

describe("the nearest pixels", () => {
  const picture = (value: number) => ({ image: { width: 2, height: 2, data: new Uint8Array(12).fill(value) } });
  const example = (value: number, word: string) => [picture(value), { text: ` Output: ${word}` }];

  it("answer as the example most like the query", async () => {
    const prompt = [...example(10, "dax"), ...example(200, "blicket"), picture(180), { text: " Output:" }];
    expect((await pixelNeighbour.generate(prompt)).text).toBe("blicket");
  });

  it("have nothing to answer without examples", async () => {
    await expect(pixelNeighbour.generate([picture(1), { text: " Output:" }])).rejects.toThrow(/examples/);
  });

  const OMNIGLOT = join(import.meta.dirname, "../../../shared/data/omniglot");
  it("hardly know a character again by another hand, moved and turned", async ({ skip }) => {
    if (!existsSync(OMNIGLOT)) skip("the Omniglot zip files are not beside the repository");
    const options = { omniglot: OMNIGLOT, only: ["bind5-hand-1", "bind5-hand-5"], episodes: 25 };
    const { measures } = await evaluate(pixelNeighbour satisfies Answerer, nanoSuite, options);
    for (const { value } of measures) {
      expect(value).toBeGreaterThan(0);
      expect(value).toBeLessThan(0.7);
    }
  });
});
