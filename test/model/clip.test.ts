import { describe, expect, it } from "vitest";
import { clipNames, clipSpare, openClipNames } from "../../src/checkpoints/names/clip.js";
import type { Tensor } from "../../src/checkpoints/safetensors.js";
import { axes, axis, gradients, graph, input, mul, sum, type Value } from "../../src/graph/index.js";
import {
  CLIP_VIT_B_16,
  CLIP_VIT_B_32,
  CLIP_VIT_H_14,
  CLIP_VIT_L_14,
  type ClipVitConfig,
} from "../../src/model/vision/clip-vit.js";
import { cubicTable } from "../../src/model/vision/cubic.js";
import { initVision, visionGrid, visionTower } from "../../src/model/vision/tower.js";
import { countParameters } from "../../src/nn/parameters.js";
import { Undrawn } from "../../src/random.js";
import { runEngine } from "../support/check.js";
import type { Numbers } from "../support/evaluate.js";
import { numbersOf } from "../support/feeds.js";
import { bound } from "../support/parameters.js";
import {
  expectNear,
  labelled,
  putBack,
  readReference,
  slopesOf,
  under,
  unread,
  withWeights,
} from "../support/reference.js";

/** Both written by tools/reference/clip.py. */
const transformers = readReference<{
  sizes: Record<"own" | "larger" | "smaller", number>;
  counts: Record<string, { all: number; postNorm: number }>;
}>("clip-transformers");
const openClip = readReference("clip-open-clip");
const { sizes, counts } = transformers.facts;
/** One tensor of a reference, for comparison and for feeding. */
const at = ({ tensors }: typeof openClip, name: string) => tensors.get(name)!;
const fedBy = (from: typeof openClip, name: string) => numbersOf(at(from, name));

const TINY: ClipVitConfig = {
  kind: "clip-vit",
  size: sizes.own,
  patch: 4,
  positions: 5,
  width: 24,
  layers: 3,
  heads: 3,
  hidden: 40,
  activation: "quickGelu",
  classToken: true,
  postNorm: true,
};
const rows = clipNames(TINY);
const fresh = (config: ClipVitConfig) => ({ vision: initVision(new Undrawn(), config) });
const tree = withWeights(fresh(TINY), rows, under(transformers.tensors, "weights."));

/** The tokens behind a number of pictures that is known only when the graph runs. */
async function tokensOf(params: typeof tree, config: ClipVitConfig, pixels: Numbers): Promise<Record<string, Numbers>> {
  const { params: values, feeds } = bound(params.vision, "vision");
  const pictures = input("pixels", "float32", axes("pictures", config.size, config.size, 3));
  const features = visionTower(values, config, pictures);
  const hidden = [...labelled(features)].filter(([label]) => /^vision\.(embedded|block \d+)$/.test(label));
  const found = await runEngine(
    graph({ features, ...Object.fromEntries(hidden) } as Record<string, Value>),
    new Map([...feeds, ["pixels", pixels]]),
  );
  return Object.fromEntries(Object.entries(found).map(([name, tensor]) => [name, numbersOf(tensor)]));
}

/** All but the first token. */
function withoutFirst({ shape: [pictures, tokens, width], data }: Tensor): Tensor {
  const kept = data.filter((_, i) => Math.floor(i / width!) % tokens! > 0);
  return { shape: [pictures!, tokens! - 1, width!], data: kept };
}

describe("beside CLIP's vision model of transformers, on the same numbers (2103.00020)", () => {
  it.each([
    ["quick_gelu", "own"],
    ["gelu", "own"],
    ["quick_gelu", "larger"],
    ["quick_gelu", "smaller"],
  ] as const)(
    "the tokens behind every block and the slopes are the same: %s, a picture of %s size",
    async (act, size) => {
      const activation = act === "gelu" ? "gelu" : "quickGelu";
      const config: ClipVitConfig = { ...TINY, size: sizes[size], activation, postNorm: false };
      const { postNorm: _, ...kept } = tree.vision as { postNorm?: unknown };
      const raw = { vision: kept as typeof tree.vision };
      const pixels = fedBy(transformers, `inputs.${size}`);
      const found = await tokensOf(raw, config, pixels);
      const hidden = ["vision.embedded", "vision.block 0", "vision.block 1", "vision.block 2"];
      hidden.forEach((name, i) => {
        expectNear(found[name]!, at(transformers, `outputs.${act}.${size}.hidden.${i}`), name);
      });
      expectNear(found.features!, at(transformers, `outputs.${act}.${size}.hidden.3`), "features");

      const { params, trained, feeds } = bound(raw.vision, "vision");
      const pictures = input("pixels", "float32", axes(axis("pictures", 2), config.size, config.size, 3));
      const { patches, width } = visionGrid(config);
      const weights = input("weights", "float32", axes(axis("pictures", 2), patches, width));
      const loss = sum(mul(visionTower(params, config, pictures), weights), [0, 1, 2]);
      const wanted = [...slopesOf(tree, rows, under(transformers.tensors, `gradients.${act}.${size}.`))];
      expect(wanted).toHaveLength(9);
      const slopes = gradients(loss, [pictures, ...wanted.map(([path]) => trained.get(path)!)]);
      const walked = await runEngine(
        graph(Object.fromEntries(slopes.map((slope, i) => [`to ${i}`, slope]))),
        new Map([...feeds, ["pixels", pixels], ["weights", fedBy(transformers, `inputs.${size}.loss`)]]),
      );
      expectNear(
        numbersOf(walked["to 0"]!),
        at(transformers, `gradients.${act}.${size}.pixels`),
        "slope of the pixels",
      );
      wanted.forEach(([path, slope], i) => {
        expectNear(numbersOf(walked[`to ${i + 1}`]!), slope, `slope of ${path}`);
      });
    },
  );

  it("the last norm goes over every token where a configuration asks for it", async () => {
    const { features } = await tokensOf(tree, TINY, fedBy(transformers, "inputs.own"));
    expectNear(features!, at(transformers, "outputs.quick_gelu.own.normal"), "normalised tokens");
  });

  it("a table of positions that fits is not interpolated, and one that is keeps what is constant", () => {
    const alike = cubicTable(5, 5);
    expect([...alike]).toEqual(Array.from({ length: 625 }, (_, i) => (i % 26 === 0 ? 1 : 0)));
    const table = cubicTable(5, 7);
    for (let place = 0; place < 49; place++)
      expect(table.subarray(place * 25, (place + 1) * 25).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
  });
});

describe("beside open_clip, on the same numbers", () => {
  const own = openClipNames(TINY);
  const loaded = withWeights(fresh(TINY), own, under(openClip.tensors, "weights."));

  it("OpenFlamingo's tokens are the raw ones of the patches: not behind ln_post, as open_clip has given them since 2.23 (F4.8)", async () => {
    const config: ClipVitConfig = { ...TINY, classToken: false, postNorm: false };
    const { postNorm: _, ...kept } = loaded.vision as { postNorm?: unknown };
    const pixels = fedBy(openClip, "inputs.own");
    const { features } = await tokensOf({ vision: kept as typeof loaded.vision }, config, pixels);
    expectNear(features!, withoutFirst(at(openClip, "outputs.raw")), "raw tokens");

    const drifted = at(openClip, "outputs.tokens");
    const behind = await tokensOf(loaded, { ...TINY, classToken: false }, pixels);
    expectNear(behind.features!, drifted, "tokens behind ln_post");
    const gap = features!.data.reduce((most, x, i) => Math.max(most, Math.abs(x - drifted.data[i]!)), 0);
    expect(gap, "raw tokens beside those behind ln_post").toBeGreaterThan(0.5);
  });

  it("IDEFICS keeps the class token, the first of the tokens", async () => {
    const config: ClipVitConfig = { ...TINY, postNorm: false };
    const { postNorm: _, ...kept } = loaded.vision as { postNorm?: unknown };
    const { features } = await tokensOf(
      { vision: kept as typeof loaded.vision },
      config,
      fedBy(openClip, "inputs.own"),
    );
    expectNear(features!, at(openClip, "outputs.raw"), "all tokens");
  });

  it("queries, keys and values are the thirds of one matrix, and of one offset", () => {
    const thirds = own.filter(({ theirs }) => theirs === "visual.transformer.resblocks.0.attn.in_proj_weight");
    expect(thirds.map(({ ours }) => ours)).toEqual(
      ["query", "key", "value"].map((name) => `vision.blocks.0.${name}.weight`),
    );
    expect(thirds.map(({ layout }) => layout([24, 24]))).toEqual(
      [0, 1, 2].map((n) => expect.objectContaining({ theirs: [72, 24], offset: n * 576 })),
    );
  });
});

describe("the names of CLIP's parameters", () => {
  it.each([
    ["transformers", transformers, rows],
    ["open_clip", openClip, openClipNames(TINY)],
  ] as const)("what is put back under the names of %s is what was read, bit for bit", (_, { tensors }, table) => {
    const weights = under(tensors, "weights.");
    const back = putBack(withWeights(fresh(TINY), table, weights), table);
    expect(back.size).toBe(weights.size - unread(table, weights).length);
    for (const [name, tensor] of back) expect(tensor, name).toEqual(weights.get(name));
  });

  it("the tables read every tensor of the towers; of open_clip's, all but the projection", () => {
    expect(unread(rows, under(transformers.tensors, "weights."))).toEqual([]);
    const left = unread(openClipNames(TINY), under(openClip.tensors, "weights."));
    expect(left).toEqual(["visual.proj"]);
    expect(left.every((name) => clipSpare(name, TINY))).toBe(true);
  });

  it("IDEFICS's are under model.vision_model, with its own spelling of the first norm", () => {
    const names = clipNames({ ...TINY, postNorm: false }, "model.vision_model.").map(({ theirs }) => theirs);
    expect(names).toContain("model.vision_model.pre_layrnorm.weight");
    expect(names).toContain("model.vision_model.encoder.layers.2.self_attn.out_proj.bias");
    expect(clipSpare("model.vision_model.post_layernorm.weight", { ...TINY, postNorm: false })).toBe(true);
    expect(clipSpare("model.vision_model.post_layernorm.weight", TINY)).toBe(false);
  });

  it("what a tower leaves aside of a whole CLIP is its text side and the projections, and nothing of the tower", () => {
    const spare = (name: string) => clipSpare(name, { ...TINY, postNorm: false });
    for (const name of [
      "text_model.embeddings.position_ids",
      "text_projection.weight",
      "visual_projection.weight",
      "logit_scale",
      "vision_model.embeddings.position_ids",
      "visual.proj",
      "visual.ln_post.bias",
      "transformer.resblocks.0.ln_1.weight",
      "positional_embedding",
      "token_embedding.weight",
    ])
      expect([name, spare(name)]).toEqual([name, true]);
    for (const { theirs } of [...rows, ...openClipNames(TINY)].filter(({ ours }) => !ours.includes("postNorm")))
      expect([theirs, spare(theirs)]).toEqual([theirs, false]);
  });
});

describe("the published vision transformers of CLIP", () => {
  it.each([
    ["B_32", CLIP_VIT_B_32, 49],
    ["B_16", CLIP_VIT_B_16, 196],
    ["L_14", CLIP_VIT_L_14, 256],
    ["H_14", CLIP_VIT_H_14, 256],
  ] as const)("%s has as many parameters as that of transformers, but for the last norm", (name, config, patches) => {
    const { all, postNorm } = counts[name]!;
    expect(countParameters(fresh(config))).toBe(all - postNorm);
    expect(countParameters(fresh({ ...config, postNorm: true }))).toBe(all);
    expect(visionGrid(config)).toEqual({ patches, width: config.width });
    expect(visionGrid({ ...config, classToken: true }).patches).toBe(patches + 1);
  });

  it("L/14 at 336 pixels has 24 x 24 patches, from a table of 16 x 16 or one of its own", () => {
    const larger = { ...CLIP_VIT_L_14, size: 336 };
    expect(visionGrid(larger)).toEqual({ patches: 576, width: 1024 });
    const grown = countParameters(fresh({ ...larger, positions: 24 })) - countParameters(fresh(larger));
    expect(grown).toBe((576 - 256) * 1024);
  });
});
