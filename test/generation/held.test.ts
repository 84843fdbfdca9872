import { mkdtempSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
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
    const before = temporary();
    const found = await ranking("int8");
    await using model = await startFlamingo(await readFlamingo(EMBEDDED), "nano", { dtype: "int8" });
    const { choices } = await model.rank(PROMPT, ["a wug", "a dax", "a penguin"]);
    expect(Object.fromEntries(choices.map(({ text, logProb }) => [text, logProb]))).toEqual(found);
    expect(temporary()).toEqual(before);
  });

  it("is refused where the folder holds few bits already, which says how it can be opened", async () => {
    const { config, tokenizer, params } = await readFlamingo(EMBEDDED);
    const folder = mkdtempSync(join(tmpdir(), "held-"));
    folders.push(folder);
    await saveModelFolder(join(folder, "model"), { config, tokenizer, params: quantiseParameters(params, "int4") });
    await expect(ranking("int8", join(folder, "model"))).rejects.toThrow(
      /in few bits already \(.*\.packed\).*open it as it is/s,
    );
    expect(Object.keys(await ranking("f32", join(folder, "model")))).toHaveLength(3);
  });
});

function temporary(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith("flamingo-held-"));
}
