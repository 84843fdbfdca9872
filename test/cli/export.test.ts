import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { saveModelFolder } from "../../src/checkpoints/model-folder.node.js";
import { toPng } from "../../src/cli/pictures.js";
import { initFlamingo } from "../../src/model/flamingo-parameters.js";
import { Random } from "../../src/random.js";
import { bitsOf, letters, saveOpenFlamingo, savePublishedIdefics } from "../conversion/models.js";
import { command } from "../support/command.js";
import { noise, saveTinyModel } from "../support/tiny-model.js";

let place: string;
const at = (...names: readonly string[]) => join(place, ...names);
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-cli-export-"));
});
afterAll(() => rm(place, { recursive: true }));

async function done(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await command(args);
  expect(code, err).toBe(0);
  return out;
}

describe("flamingo export", () => {
  it("writes an OpenFlamingo that flamingo import takes back to the last bit", async () => {
    await saveOpenFlamingo(at("model"), "neox", "BF16");
    const said = await done("export", "--model", at("model"), "--format", "openflamingo", "--out", at("out"));
    expect(said).toMatch(
      /^tiny in .*out: checkpoint\.pt, language\/model\.safetensors, vision\/model\.safetensors of [\d.]+ KiB$/m,
    );
    expect(said).toMatch(/^OpenFlamingo's own code reads it with:\n {2}cross_attn_every_n_layers=2$/m);
    const towers = ["--language", at("out", "language"), "--vision", at("out", "vision")];
    await done("import", at("out"), ...towers, "--out", at("again"));
    expect(await bitsOf(at("again"))).toEqual(await bitsOf(at("model")));
  });

  it("writes an IDEFICS, and says in JSON what became of every tensor", async () => {
    await savePublishedIdefics(at("published"), "published");
    await done("import", at("published"), "--out", at("idefics"));
    const said = JSON.parse(
      await done("export", "--model", at("idefics"), "--format", "idefics", "--out", at("idefics-out"), "--json"),
    );
    expect(said).toMatchObject({ format: "idefics", files: ["model.safetensors"] });
    expect(said.tensors).toContainEqual({
      theirs: "lm_head.additional_fc.weight",
      ours: ["language.addedHead.weight"],
      place: ".",
      dtype: "F32",
      shape: [3, 16],
    });
    expect(JSON.parse(await readFile(at("idefics-out", "export.json"), "utf8"))).toEqual(said);
  });

  it("writes graphs of any model", async () => {
    await saveTinyModel(at("own"));
    const said = await done("export", "--model", at("own"), "--format", "onnx", "--out", at("graphs"));
    expect(said).toMatch(/^tiny in .*graphs: look\.onnx, read\.onnx, model\.safetensors of [\d.]+ KiB$/m);
    expect(await readdir(at("graphs"))).toContain("README.md");
  });

  it.each([
    [["--format", "onnx"], 2, /There is no place for the export/],
    [["--out", "OUT"], 2, /There is no format to export in/],
    [["--format", "gguf", "--out", "OUT"], 2, /Give one of openflamingo, idefics, onnx/],
    [["--model", "nowhere", "--format", "onnx", "--out", "OUT"], 1, /There is no model folder at .*nowhere/],
    [["--format", "openflamingo", "--out", "OUT"], 1, /vision\.kind is "folded-nfnet"; the format has only clip-vit/],
  ])("%j is refused, and nothing is written", async (args, code, wanted) => {
    const out = at("refused");
    const ended = await command(["export", ...args.map((arg) => (arg === "OUT" ? out : arg))]);
    expect(ended.err).toMatch(wanted);
    expect(ended.err).toMatch(/To mend it: /);
    expect(ended).toMatchObject({ code, out: "" });
    expect(await readdir(place)).not.toContain("refused");
  });
});

describe("flamingo new", () => {
  beforeAll(async () => {
    const config = await saveOpenFlamingo(at("parts"), "neox");
    const { vision, normalisation } = config;
    const language = { ...config.language, vocabulary: 40 };
    const params = initFlamingo(new Random("parts"), { ...config, language } as typeof config);
    const prompt = { policy: "paper", marks: { bos: "<|endoftext|>", eos: "<|endoftext|>", pad: null } };
    const tokenizer = letters(["<|endoftext|>"], 36);
    const save = (folder: string, own: object, tree: object) =>
      saveModelFolder(at(folder), { config: own, tokenizer, params: tree });
    await save("words", { kind: "language", language, prompt }, { language: params.language });
    await save("eyes", { kind: "vision", vision, normalisation }, { vision: params.vision });
  });
  const towers = () => ["--language", at("words"), "--vision", at("eyes")];

  it("makes a model that inspect, walk and generate take", async () => {
    const said = await done("new", ...towers(), "--every", "2", "--latents", "4", "--out", at("made"));
    expect(said).toMatch(/^made in .*made, model\.safetensors of [\d.]+ KiB$/m);
    expect(said).toMatch(/^gated blocks before language blocks 0, 2, all gates closed$/m);
    expect(said).toMatch(/^tokens with new rows: <EOC>, <PAD>$/m);
    const { parts, gates } = JSON.parse(await done("inspect", at("made"), "--json"));
    expect(parts.map(({ name }: { name: string }) => name)).toContain("embeddings");
    for (const { attention, dense } of gates) expect([attention.value, dense.value]).toEqual([0, 0]);
    await writeFile(at("a.png"), await toPng(noise("a")));
    expect(await done("walk", at("a.png"), "ab", "--model", at("made"))).toContain("gated");
    const answer = JSON.parse(
      await done("generate", at("a.png"), "ab", "--model", at("made"), "--max-tokens", "2", "--json"),
    );
    expect(answer.logProb).toBeLessThan(0);
  });

  it.each([
    [(all: string[]) => all.slice(0, 2), /There is no vision tower/],
    [(all: string[]) => all.slice(2), /There is no language model/],
    [(all: string[]) => all, /There is no place for the model/],
    [
      (all: string[]) => ["--language", all[3]!, "--vision", all[1]!, "--out", at("x")],
      /is no folder of a language model/,
    ],
  ])("tells what is missing", async (change, wanted) => {
    const { code, err } = await command(["new", ...change(towers())]);
    expect(err).toMatch(wanted);
    expect(err).toMatch(/To mend it: /);
    expect(code).toBe(2);
  });
});
