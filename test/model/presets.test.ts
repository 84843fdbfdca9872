import { describe, expect, it } from "vitest";
import { languageFamily } from "../../src/checkpoints/families/language.js";
import { type IdeficsConfig, ideficsNames } from "../../src/checkpoints/names/idefics.js";
import { openFlamingoNames } from "../../src/checkpoints/names/openflamingo.js";
import type { NameRow } from "../../src/checkpoints/names/table.js";
import { type FlamingoConfig, initFlamingo } from "../../src/model/flamingo-parameters.js";
import { flopsOf } from "../../src/model/flops.js";
import { chinchilla } from "../../src/model/language/chinchilla.js";
import { type PartName, parametersByPart, partOf, shapesOf, TRAINED, weightOf } from "../../src/model/parts.js";
import { PRESETS, presetNamed, TINY } from "../../src/model/presets.js";
import { countParameters, sizeOf, storedIn } from "../../src/nn/parameters.js";
import { type Held, quantiseParameters } from "../../src/nn/quantised.js";
import { Random } from "../../src/random.js";

const countsOf = (name: string) => parametersByPart(presetNamed(name).config);
const totalOf = (counts: Readonly<Record<PartName, number>>) => Object.values(counts).reduce((sum, n) => sum + n, 0);
const trainedOf = (counts: Readonly<Record<PartName, number>>) =>
  Object.entries(counts).reduce((sum, [part, n]) => sum + (TRAINED[part as PartName] ? n : 0), 0);

describe("the paper's models", () => {
  // In millions, to the digits that are printed.
  it.each([
    ["flamingo-3b", { language: 1400, vision: 435, xattn: 1200, resampler: 194 }, { language: 100, xattn: 100 }],
    ["flamingo-9b", { language: 7100, vision: 435, xattn: 1600, resampler: 194 }, { language: 100, xattn: 100 }],
    ["flamingo-80b", { language: 70_000, vision: 435, xattn: 10_000, resampler: 194 }, { language: 1000, xattn: 1000 }],
  ] as const)("%s has the parameters of each part that are printed (table 5)", (name, printed, digits) => {
    const counts = countsOf(name);
    const rounded = (part: PartName, to: number) => Math.round(counts[part] / 1e6 / to) * to;
    expect({
      language: rounded("language", digits.language),
      vision: rounded("vision", 1),
      xattn: rounded("xattn", digits.xattn),
      resampler: rounded("resampler", 1),
    }).toEqual(printed);
    expect(counts.embeddings).toBe(presetNamed(name).config.language.width);
  });

  const printed = Object.entries(PRESETS).flatMap(([name, { printedBillions }]) =>
    printedBillions === undefined ? [] : [[name, printedBillions] as const],
  );

  it("are 3, and 13 rows of the ablations (tables 3 and 10)", () => {
    expect(printed).toHaveLength(16);
  });

  it.each(printed)("%s has the %d billion parameters that are printed", (name, billions) => {
    const unit = billions >= 10 ? 1 : 0.1;
    // Some are printed cut off (9B, a single block), some as sums of parts already rounded (F0): none is a unit away.
    expect(Math.abs(totalOf(countsOf(name)) / 1e9 - billions)).toBeLessThan(0.6 * unit);
  });

  it("of 9B can be had with the depth that is printed beside it, which is 11.5 billion (table 4)", () => {
    const { config } = presetNamed("flamingo-9b-40");
    expect(config.gated.before).toEqual([0, 4, 8, 12, 16, 20, 24, 28, 32, 36]);
    expect(totalOf(countsOf("flamingo-9b-40")) / 1e9).toBeCloseTo(11.5, 1);
  });

  it("read 100 patches of an image, in front of every, every 4th and every 7th block (2.2)", () => {
    const placesOf = (name: string) => presetNamed(name).config.gated.before;
    expect(placesOf("flamingo-3b")).toHaveLength(24);
    expect(placesOf("flamingo-9b")).toEqual([0, 4, 8, 12, 16, 20, 24, 28]);
    expect(placesOf("flamingo-80b")).toEqual([0, 7, 14, 21, 28, 35, 42, 49, 56, 63, 70, 77]);
  });
});

describe("OpenFlamingo", () => {
  it.each([
    ["openflamingo-3b", 24, 36_708_354, 1_046_992_944],
    ["openflamingo-4b", 16, 56_109_058, 1_218_197_536],
    ["openflamingo-9b", 8, 139_476_994, 1_384_781_840],
  ])("%s has %i gated blocks of %i parameters, and %i in its checkpoint", (name, blocks, each, checkpoint) => {
    const counts = countsOf(name);
    expect(counts.resampler).toBe(63_019_008);
    expect(counts.xattn).toBe(blocks * each);
    expect(trainedOf(counts)).toBe(checkpoint);
  });

  it("has blocks in front of the last of each group", () => {
    expect(presetNamed("openflamingo-9b").config.gated.before).toEqual([3, 7, 11, 15, 19, 23, 27, 31]);
  });
});

describe("IDEFICS", () => {
  it("9b has the gated layers, the resampler and the added tokens of its checkpoint", () => {
    const { xattn, resampler, embeddings } = countsOf("idefics-9b");
    expect({ xattn, resampler, embeddings }).toEqual({
      xattn: 1_434_519_568,
      resampler: 125_961_984,
      embeddings: 2 * 2 * 4096,
    });
  });

  it("80b has 80 billion", () => {
    expect(totalOf(countsOf("idefics-80b")) / 1e9).toBeCloseTo(80, 0);
    expect(presetNamed("idefics-80b").config.gated.before).toHaveLength(20);
  });

  it("has one token more when it was taught to talk", () => {
    expect(countsOf("idefics-9b-instruct").embeddings).toBe(3 * 2 * 4096);
    expect(countsOf("idefics-9b-instruct").language).toBe(countsOf("idefics-9b").language);
  });
});

describe("names of published checkpoints", () => {
  const pathsOf = (config: FlamingoConfig, chosen: (part: PartName) => boolean) =>
    [...shapesOf(config).keys()].filter((path) => chosen(partOf(path, config))).sort();
  const ours = (rows: readonly NameRow[]) => rows.map((row) => row.ours).sort();

  it.each([
    ["openflamingo-3b", "mpt"],
    ["openflamingo-4b", "gpt_neox"],
    ["openflamingo-9b", "mpt"],
  ] as const)("are those of every trained parameter of %s, upon %s", (name, family) => {
    const { config } = presetNamed(name);
    expect(ours(openFlamingoNames(config, family))).toEqual(pathsOf(config, (part) => TRAINED[part]));
  });

  it.each(["idefics-9b", "idefics-80b-instruct"])("are those of every parameter of %s", (name) => {
    const { config } = presetNamed(name);
    expect(ours(ideficsNames(config as IdeficsConfig))).toEqual(pathsOf(config, () => true));
  });
});

describe("language models of presets", () => {
  const mosaic = { no_bias: true, alibi: true, alibi_bias_max: 8, max_seq_len: 2048, vocab_size: 50280 };
  it.each([
    [
      "openflamingo-3b",
      { ...mosaic, model_type: "mosaic_gpt", d_model: 2048, n_heads: 16, n_layers: 24, mlp_ratio: 4, attn_qk_ln: true },
    ],
    [
      "openflamingo-9b",
      {
        model_type: "mpt",
        d_model: 4096,
        n_heads: 32,
        n_layers: 32,
        vocab_size: 50280,
        no_bias: true,
        attn_config: { alibi: true, alibi_bias_max: 8 },
      },
    ],
    [
      "openflamingo-4b",
      {
        model_type: "gpt_neox",
        hidden_size: 2560,
        intermediate_size: 10240,
        num_hidden_layers: 32,
        num_attention_heads: 32,
        vocab_size: 50280,
        rotary_pct: 1,
        use_parallel_residual: false,
      },
    ],
    [
      "idefics-80b",
      {
        model_type: "llama",
        hidden_size: 8192,
        intermediate_size: 22016,
        num_hidden_layers: 80,
        num_attention_heads: 64,
        vocab_size: 32000,
        additional_vocab_size: 2,
        rms_norm_eps: 1e-5,
      },
    ],
  ])("%s has the one that its published config.json makes", (name, json) => {
    expect(languageFamily(json, name).config(json, name)).toEqual(presetNamed(name).config.language);
  });
});

describe("what a preset weighs", () => {
  const UNTIED: FlamingoConfig = {
    ...TINY,
    language: { ...chinchilla(2, 128), vocabulary: 70, hidden: 60, head: "own" },
    gated: { before: [0], heads: 2, headDim: 8, hidden: 90, project: true },
  };

  it.each(
    (["f32", "int8", "int4"] as const).flatMap((held) => [
      ["tied", held, TINY],
      ["untied", held, UNTIED],
    ]) as [string, Held, FlamingoConfig][],
  )("is, with a head that is %s, in %s what the weights themselves take", (_, held, config) => {
    const weights = storedIn(quantiseParameters(initFlamingo(new Random("tiny"), config), held));
    const bytes = [...weights.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    expect(weightOf(config, held).bytes).toBe(bytes);
    const whole = [...weights].filter(([path]) => !/\.(packed|scales)$/.test(path));
    const kept = whole.reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0);
    expect(weightOf(config, held).kept).toBe(held === "f32" ? 0 : kept);
  });

  it("is told without making the weights, of 80 billion parameters too", () => {
    const before = process.memoryUsage().arrayBuffers;
    const { config } = presetNamed("flamingo-80b");
    expect(totalOf(parametersByPart(config))).toBe(80_363_766_908);
    expect(weightOf(config, "f32").bytes).toBe(4 * 80_363_766_908);
    flopsOf(config);
    // Constants of the graphs, such as offsets of 0: some hundreds of short rows.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 ** 20);
  });
});

describe("parts", () => {
  it("hold every parameter once", () => {
    for (const { config } of [presetNamed("nano"), presetNamed("tiny")])
      expect(totalOf(parametersByPart(config))).toBe(countParameters(initFlamingo(new Random("parts"), config)));
  });

  it("refuse a name that there is not, and tell those there are", () => {
    for (const name of ["flamingo-4b", "toString"])
      expect(() => presetNamed(name)).toThrow(/no preset .*\n.*flamingo-3b, flamingo-9b.*idefics-80b/);
  });
});
