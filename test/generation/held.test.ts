import { mkdtempSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { readFlamingo } from "../../src/checkpoints/flamingo-folder.node.js";
import { saveModelFolder } from "../../src/checkpoints/model-folder.node.js";
import { EMBEDDED, openFlamingo, startFlamingo } from "../../src/generation/flamingo.node.js";
import { quantiseParameters } from "../../src/nn/quantised.js";
import { image } from "../../src/prompt/load.js";

const picture = (name: string) => image(new URL(`../../examples/pictures/${name}.png`, import.meta.url));
const PROMPT = [
  picture("penguin-1"),
  "Output: a wug",
  picture("rocket-1"),
  "Output: a dax",
  picture("penguin-2"),
  "Output:",
];
const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

afterEach(() => vi.unstubAllEnvs());

const ranking = async (dtype: "f32" | "f16" | "int8" | "int4", folder = EMBEDDED) => {
  await using model = await openFlamingo(folder, { dtype });
  const { choices } = await model.rank(PROMPT, ["a wug", "a dax", "a penguin"]);
  return Object.fromEntries(choices.map(({ text, logProb }) => [text, logProb]));
};

describe("a model opened with its weights held in fewer bits", () => {
  it("says nearly what it says: in 16 bits, in 8, in 4", async () => {
    const exact = await ranking("f32");
    // nano's file is in 16 bits itself.
    expect(await ranking("f16")).toEqual(exact);
    for (const [dtype, within] of [
      ["int8", 0.2],
      ["int4", 2],
    ] as const) {
      const held = await ranking(dtype);
      expect(held, dtype).not.toEqual(exact);
      for (const [text, logProb] of Object.entries(exact))
        expect(Math.abs(held[text]! - logProb), `${text} in ${dtype}`).toBeLessThan(within);
    }
  });

  it("is the one that was quantised in memory, and leaves no file behind", async () => {
    // Of its own: other tests hold models at the same time.
    const place = mkdtempSync(join(tmpdir(), "held-"));
    folders.push(place);
    vi.stubEnv("TMPDIR", place);
    vi.stubEnv("TEMP", place);
    const found = await ranking("int8");
    await using model = await startFlamingo(await readFlamingo(EMBEDDED), "nano", { dtype: "int8" });
    const { choices } = await model.rank(PROMPT, ["a wug", "a dax", "a penguin"]);
    expect(Object.fromEntries(choices.map(({ text, logProb }) => [text, logProb]))).toEqual(found);
    expect(readdirSync(place)).toEqual([]);
  });

  it("stays as its folder has it if that is asked for, and is refused in other few bits, which says how it can be opened", async () => {
    const { config, tokenizer, params } = await readFlamingo(EMBEDDED);
    const folder = mkdtempSync(join(tmpdir(), "held-"));
    folders.push(folder);
    const model = join(folder, "model");
    await saveModelFolder(model, { config, tokenizer, params: quantiseParameters(params, "int4") });
    await expect(ranking("int8", model)).rejects.toThrow(/in few bits already \(.*\.packed\).*open it as it is/s);
    const asItIs = await ranking("f32", model);
    expect(Object.keys(asItIs)).toHaveLength(3);
    expect(await ranking("int4", model)).toEqual(asItIs);
  });
});
