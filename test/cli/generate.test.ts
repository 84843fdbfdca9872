import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GenerateOutput } from "../../src/cli/generate.js";
import { toPng } from "../../src/cli/pictures.js";
import { documentOfCommand } from "../../src/cli/pieces.js";
import { command, start } from "../support/command.js";
import { noise, saveTinyModel } from "../support/tiny-model.js";

let place: string;
let model: string;
const at = (name: string) => join(place, name);

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-generate-"));
  model = at("model");
  await saveTinyModel(model);
  for (const [i, name] of ["a.png", "b.png", "c.png"].entries())
    await writeFile(at(name), await toPng(noise(name, 16 + i, 16)));
  await writeFile(at("picture without ending"), await toPng(noise("d", 20, 16)));
});
afterAll(() => rm(place, { recursive: true }));

const generate = async (...args: string[]) => {
  const { code, out, err } = await command([
    "generate",
    ...args,
    "--model",
    model,
    "--threads",
    "1",
    "--json",
    "--max-tokens",
    "6",
  ]);
  expect(err).toBe("");
  expect(code).toBe(0);
  return JSON.parse(out) as GenerateOutput;
};
const shots = () => [at("a.png"), "Output: a red apple", at("b.png"), "Output: a dog", at("c.png"), "Output:"];

describe("the arguments of generate", () => {
  const io = {
    out: () => {},
    err: () => {},
    terminal: { out: false, err: false },
    input: async () => "",
    lines: async function* () {},
    taken: async () => {},
  };
  const read = (...pieces: string[]) => documentOfCommand(pieces, undefined, io);
  const png = async (name: string) => `data:image/png;base64,${(await toPng(noise(name))).toString("base64")}`;

  it("are pictures and texts in the order given", async () => {
    expect((await read(...shots())).map((piece) => ("text" in piece ? piece.text : Object.keys(piece)[0]))).toEqual([
      "image",
      "Output: a red apple",
      "image",
      "Output: a dog",
      "image",
      "Output:",
    ]);
  });

  it("are pictures when they are files, whatever they are called, or addresses", async () => {
    const address = await png("x");
    const document = await read(at("picture without ending"), "a", address, "b");
    expect(document).toEqual([{ image: noise("d", 20, 16) }, { text: "a" }, { image: noise("x") }, { text: "b" }]);
  });

  it("are text when nothing says that they are pictures", async () => {
    const texts = ["Output:", "data: 3", "read a/b and c.png", "http is a word", "", "and so on..."];
    expect(await read(...texts)).toEqual(texts.map((text) => ({ text })));
  });

  it.each(["cat.png", "pictures/cat", "cat.JPEG"])("are an error when they can only be a path: %s", async (path) => {
    await expect(read(path, "Output:")).rejects.toMatchObject({
      problem: `There is no file ${path}.`,
      mend: expect.stringContaining("check the spelling"),
    });
  });
});

describe("flamingo generate", () => {
  it("prints the answer and nothing else", async () => {
    const { code, out, err } = await command([
      "generate",
      ...shots(),
      "--model",
      model,
      "--threads",
      "1",
      "--max-tokens",
      "6",
    ]);
    const { text } = await generate(...shots());
    expect({ code, out, err }).toEqual({ code: 0, out: `${text}\n`, err: "" });
  });

  it("gives with --json the text, its tokens, its log-probability and the times", async () => {
    const answer = await generate(...shots());
    expect(Object.keys(answer)).toEqual(["text", "tokens", "logProb", "timings"]);
    expect(answer.tokens.length).toBeGreaterThan(0);
    expect(answer.logProb).toBeLessThan(0);
    expect(Object.keys(answer.timings)).toEqual(["lookMs", "readMs", "writeMs"]);
  });

  it("answers a prompt in JSON, from a file or the standard input, as it answers arguments", async () => {
    const words = shots();
    const json = JSON.stringify(words.map((piece, i) => (i % 2 === 0 ? { image: piece } : { text: piece })));
    await writeFile(at("prompt.json"), json);
    const { text, tokens, logProb } = await generate(...words);
    expect(await generate("--prompt", at("prompt.json"))).toMatchObject({ text, tokens, logProb });
    const piped = start(
      ["generate", "--prompt", "-", "--model", model, "--threads", "1", "--json", "--max-tokens", "6"],
      { input: json },
    );
    const ended = await piped.ended;
    expect(ended).toMatchObject({ code: 0, err: "" });
    expect(JSON.parse(ended.out)).toMatchObject({ text, tokens, logProb });
  });

  it("ranks choices: their probabilities sum to 1, and the answer is the likeliest", async () => {
    const { choices, text, logProb } = await generateChoices("yes|no|a red apple");
    expect(choices!.map((choice) => choice.text).sort()).toEqual(["a red apple", "no", "yes"]);
    expect(choices!.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 10);
    expect(choices!.map(({ probability }) => probability)).toEqual(
      choices!.map(({ probability }) => probability).sort((a, b) => b - a),
    );
    expect({ text, logProb }).toEqual({ text: choices![0]!.text, logProb: choices![0]!.logProb });
    const { out } = await command(["generate", ...shots(), "--model", model, "--threads", "1", "--choices", "yes|no"]);
    expect(out).toMatch(/^0\.\d{3} {2}(yes|no)\n0\.\d{3} {2}(yes|no)\n$/);
  });

  async function generateChoices(choices: string): Promise<GenerateOutput> {
    const { out } = await command([
      "generate",
      ...shots(),
      "--model",
      model,
      "--threads",
      "1",
      "--choices",
      choices,
      "--json",
    ]);
    return JSON.parse(out) as GenerateOutput;
  }

  it("searches with --beam: one is greedy, and three find an answer at least as likely", async () => {
    const greedy = await generate(...shots());
    expect((await generate(...shots(), "--beam", "1")).tokens).toEqual(greedy.tokens);
    expect((await generate(...shots(), "--beam", "3")).logProb).toBeGreaterThanOrEqual(greedy.logProb - 1e-4);
  });

  it("draws the same with the same seed, and otherwise with another", async () => {
    const drawn = async (seed: string) => (await generate(...shots(), "--temperature", "3", "--seed", seed)).tokens;
    expect(await drawn("one")).toEqual(await drawn("one"));
    expect(await drawn("one")).not.toEqual(await drawn("two"));
    expect((await generate(...shots(), "--top-p", "0.000001")).tokens).toEqual((await generate(...shots())).tokens);
  });
});
