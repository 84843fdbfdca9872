import { mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readFlamingo } from "../../src/checkpoints/flamingo-folder.node.js";
import { saveModelFolder } from "../../src/checkpoints/model-folder.node.js";
import { planSafetensors } from "../../src/checkpoints/safetensors-write.js";
import { indexJson, shardName } from "../../src/checkpoints/shards.js";
import type { Inspection, PresetInspection } from "../../src/cli/inspect.js";
import { shapesOf } from "../../src/model/parts.js";
import { presetNamed } from "../../src/model/presets.js";
import { quantiseParameters } from "../../src/nn/quantised.js";
import { command, start } from "../support/command.js";
import { saveTinyModel, TINY_FILE } from "../support/tiny-model.js";

let place: string;
let model: string;
const at = (name: string) => join(place, name);

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-inspect-"));
  model = at("model");
  await saveTinyModel(model);
});
afterAll(() => rm(place, { recursive: true }));

async function inspected(...args: string[]): Promise<Inspection> {
  const { code, out, err } = await command(["inspect", ...args, "--json"]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return JSON.parse(out) as Inspection;
}

describe("flamingo inspect of a folder", () => {
  it("tells the parts, what of them is trained, and how far the gates are open", async () => {
    const { total, parts, gates, tokenizer, formats, config } = await inspected(model);
    expect(parts.map(({ name, trained }) => [name, trained])).toEqual([
      ["vision", false],
      ["resampler", true],
      ["xattn", true],
      ["language", false],
      ["embeddings", true],
    ]);
    expect(parts.reduce((sum, part) => sum + part.parameters, 0)).toBe(total);
    expect(formats).toEqual({ F16: total });
    expect(gates.map(({ before }) => before)).toEqual([0, 2]);
    for (const { attention, dense } of gates)
      for (const { value, tanh } of [attention!, dense!]) {
        expect(value).not.toBe(0);
        expect(tanh).toBeCloseTo(Math.tanh(value), 10);
      }
    expect(tokenizer).toBeLessThanOrEqual(config.language.vocabulary);
    expect(config).toEqual(TINY_FILE);
  });

  it("says the same in words", async () => {
    const { out } = await command(["inspect", model]);
    expect(out).toMatch(
      /^tiny {2}\(.*model\)\n[\d,]+ parameters in 0\.1 MiB \(F16\), \d+ tokens, prompts of at most 4 pictures/,
    );
    expect(out).toMatch(/^vision +[\d,]+ {2}frozen {3}folded-nfnet, 16 x 16 px to 16 patches of 16$/m);
    expect(out).toMatch(/^xattn +[\d,]+ {2}trained {2}2 blocks before language blocks 0, 2, 3 heads$/m);
    expect(out).toMatch(/^int4 +0\.2 MiB +[\d,]+$/m);
    expect(out).toMatch(/^a token that is written +65\.1 k +384 +768$/m);
    expect(out).toMatch(/^gated\.1 +language\.2 +-?\d\.\d{4}/m);
  });

  it("tells of weights in few bits what they are held in", async () => {
    const { config, tokenizer, params } = await readFlamingo(model);
    const folder = at("int4");
    await saveModelFolder(folder, { config, tokenizer, params: quantiseParameters(params, "int4"), dtype: "F16" });
    const { total, formats, memory, gates } = await inspected(folder);
    const { kept } = memory.find(({ held }) => held === "int4")!;
    expect(formats).toEqual({ int4: total - kept, F16: kept });
    expect(gates).toEqual((await inspected(model)).gates);
    expect((await command(["inspect", folder])).out).toMatch(/\([\d,]+ in F16, [\d,]+ in int4\)/);
  });

  it("looks at ten gigabytes in two files without reading them", async () => {
    const folder = at("large");
    await saveHollow(folder);
    const { total, parts, gates, bytes } = await inspected(folder);
    expect(total).toBe(2_558_328_880);
    expect(bytes).toBeGreaterThan(4 * total);
    expect(parts.find(({ name }) => name === "embeddings")!.parameters).toBe(50_280 * 2048);
    expect(gates).toHaveLength(24);
    expect(gates[0]).toEqual({ before: 0, attention: { value: 0, tanh: 0 }, dense: { value: 0, tanh: 0 } });
  });
});

/** An OpenFlamingo-3B in two files, of which only the headers are written: its numbers are holes, and read as 0. */
async function saveHollow(folder: string): Promise<void> {
  await mkdir(folder);
  const { config } = presetNamed("openflamingo-3b");
  await writeFile(join(folder, "config.json"), JSON.stringify({ ...TINY_FILE, ...config, name: "hollow" }));
  const { tokenizer } = await readFlamingo(model);
  await writeFile(join(folder, "tokenizer.json"), JSON.stringify(tokenizer));
  const shapes = [...shapesOf(config)];
  const fileOf = new Map<string, string>();
  for (const [shard, part] of [shapes.slice(0, 500), shapes.slice(500)].entries()) {
    const file = shardName(shard, 2);
    const plan = planSafetensors(new Map(part.map(([name, shape]) => [name, { dtype: "F32", shape }])));
    await using weights = await open(join(folder, file), "w");
    await weights.write(plan.header);
    await weights.truncate(plan.size);
    for (const [name] of part) fileOf.set(name, file);
  }
  await writeFile(join(folder, "model.safetensors.index.json"), indexJson(fileOf, 0));
}

describe("flamingo inspect --preset", () => {
  it("tells a published model's parts, memory and operations without weights", async () => {
    const { ended } = start(["inspect", "--preset", "openflamingo-3b", "--json"]);
    const { code, out } = await ended;
    expect(code).toBe(0);
    const { name, parts, total, memory, flops, config } = JSON.parse(out) as PresetInspection;
    expect(name).toBe("openflamingo-3b");
    expect(parts.map(({ name, parameters, trained }) => [name, parameters, trained])).toEqual([
      ["vision", 303_177_728, false],
      ["resampler", 63_019_008, true],
      ["xattn", 881_000_496, true],
      ["language", 1_208_158_208, false],
      ["embeddings", 102_973_440, true],
    ]);
    expect(total).toBe(2_558_328_880);
    expect(memory.map(({ held }) => held)).toEqual(["f32", "f16", "int8", "int4"]);
    expect(memory[0]!.bytes).toBe(4 * total);
    expect(flops.generatedToken.fixed).toBeGreaterThan(flops.promptToken.fixed);
    expect(config).toEqual(presetNamed("openflamingo-3b").config);
  });

  it("says in words where the sizes come from, and what is printed there", async () => {
    const { out } = await command(["inspect", "--preset", "flamingo-80b"]);
    expect(out).toMatch(
      /^flamingo-80b {2}\(arXiv:2204\.14198, tables 4 and 5\)\n80,363,766,908 parameters; 80 billion/,
    );
    expect(out).toMatch(/^xattn .* 12 blocks before each 7 language blocks from 0 to 77, 64 heads$/m);
    expect(out).toMatch(/^int4 +49\.1 GiB/m);
  });

  it.each([
    ["flamingo-3b-grafting", /^xattn .* {2}20 layers upon the language model, 16 heads$/m],
    ["flamingo-3b-vanilla-xattn", /^xattn .* 24 blocks inside every language block/m],
    ["flamingo-3b-single-in-the-middle", /^xattn .* 1 blocks? before language block 12, /m],
    ["flamingo-3b-mlp-resampler", /^resampler .* mlp, 10 layers, .* to 100 visual tokens of 1536$/m],
    ["idefics-9b-instruct", /^embeddings .* 3 tokens added to the language model's$/m],
    ["nano", /^embeddings +0 .* no token of its own$/m],
  ])("tells what is particular about %s", async (name, line) => {
    expect((await command(["inspect", "--preset", name])).out).toMatch(line);
  });

  it("refuses a name that there is not, with those there are, and a folder beside it", async () => {
    const unknown = await command(["inspect", "--preset", "flamingo-4b"]);
    expect(unknown.code).toBe(2);
    expect(unknown.err).toMatch(/no preset flamingo-4b\.\nTo mend it: name one of flamingo-3b, /);
    const both = await command(["inspect", model, "--preset", "nano"]);
    expect(both.code).toBe(2);
    expect(both.err).toMatch(/at once\.\nTo mend it: leave out the folder, or --preset/);
  });
});
