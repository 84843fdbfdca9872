import { describe, expect, it } from "vitest";
import { axes, axis, constant, graph, input, matmul } from "../../src/graph/index.js";
import { flamingo, visualTokens } from "../../src/model/flamingo.js";
import { type FlamingoConfig, initFlamingo } from "../../src/model/flamingo-parameters.js";
import { type Flops, flopsOf, multiplications, type TokenFlops } from "../../src/model/flops.js";
import { chinchilla } from "../../src/model/language/chinchilla.js";
import type { TransformerConfig } from "../../src/model/language/transformer-config.js";
import { TINY } from "../../src/model/presets.js";
import type { ClipVitConfig } from "../../src/model/vision/clip-vit.js";
import { NFNET_F0, NFNET_F6 } from "../../src/model/vision/nfnet.js";
import { initVision, visionTower } from "../../src/model/vision/tower.js";
import { bind } from "../../src/nn/layers.js";
import { Undrawn } from "../../src/random.js";

const LLAMA: TransformerConfig = {
  ...chinchilla(3, 128, 2),
  heads: 4,
  keyHeads: 2,
  headDim: 16,
  hidden: 40,
  vocabulary: 60,
  positions: { kind: "rotary", base: 10000, turning: 16 },
  activation: "swiglu",
  head: "own",
};
const CLIP: ClipVitConfig = {
  kind: "clip-vit",
  size: 8,
  patch: 4,
  positions: 2,
  width: 12,
  layers: 2,
  heads: 3,
  hidden: 20,
  activation: "gelu",
  classToken: false,
  postNorm: false,
};
const SMALL: FlamingoConfig = {
  vision: CLIP,
  language: LLAMA,
  resampler: { layers: 2, heads: 2, headDim: 5, width: 14, hidden: 30, latents: 3, frames: 0 },
  gated: { before: [0, 2], heads: 2, headDim: 6, hidden: 50, project: true },
};
const RELATIVE: FlamingoConfig = { ...SMALL, language: { ...chinchilla(2, 128), hidden: 70, vocabulary: 90 } };

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
const at = ({ fixed, perToken, perImage }: TokenFlops, tokens: number, images: number) =>
  fixed + tokens * perToken + images * perImage;

describe("operations", () => {
  const told: Flops = flopsOf(SMALL);

  it("of a token are two for each number of the matrices it goes through, and what it attends to", () => {
    const block = 128 * 16 * (4 + 2 + 2 + 4) + 3 * 128 * 40;
    const gated = 2 * 128 * 12 + 2 * 128 * 50;
    expect(told.promptToken).toEqual({
      fixed: 2 * (3 * block + 2 * gated),
      perToken: 2 * 3 * 2 * 4 * 16,
      perImage: 2 * 2 * 2 * (3 * 12),
    });
    expect(told.generatedToken.fixed - told.promptToken.fixed).toBe(2 * 128 * 62);
  });

  it("of an image are those of the tower, the resampler, the projection, and keys and values of each gated block", () => {
    const tower = 4 * 48 * 12 + 2 * sum([4 * 5 * 12 * 12, 2 * 5 * 5 * 12, 2 * 5 * 12 * 20]);
    const layer = sum([2 * 3 * 14 * 10, 2 * 7 * 14 * 10, 2 * 3 * 7 * 10, 2 * 3 * 14 * 30]);
    const resampler = 4 * 12 * 14 + 2 * layer;
    const project = 3 * 14 * 128;
    const keysAndValues = 2 * 2 * 3 * 128 * 12;
    expect(told.image).toBe(2 * (tower + resampler + project + keysAndValues));
  });

  it("of relative positions are a second product with each token, of the model's whole width for each head", () => {
    const { promptToken } = flopsOf(RELATIVE);
    const heads = 1;
    expect(promptToken.perToken).toBe(2 * 2 * (2 * 128 + heads * 128));
  });

  it.each([
    ["NFNet-F6", 448, NFNET_F6, 228_289_789_952],
    ["NFNet-F6", 320, NFNET_F6, 116_549_206_016],
    ["NFNet-F0", 192, NFNET_F0, 6_973_931_520],
  ])(
    "of an %s at %i pixels are the multiplications that the convolutions of timm 1.0.31 do",
    (_, size, sizes, counted) => {
      const config = { ...sizes, size };
      const tower = bind(initVision(new Undrawn(), config), "vision");
      const pixels = input("pixels", "float32", axes(1, size, size, 3));
      expect(multiplications(graph({ features: visionTower(tower, config, pixels) }))).toBe(counted);
    },
  );

  it.each([
    ["a primer", TINY as FlamingoConfig],
    ["grouped heads", SMALL],
    ["relative positions", RELATIVE],
    ["grafts", { ...SMALL, gated: { ...SMALL.gated, before: [], grafts: 2, heads: 2, headDim: 64 } }],
  ])("of a whole prompt are those of its tokens, with %s", (_, config) => {
    const [tokens, images] = [7, 3];
    const params = bind(initFlamingo(new Undrawn(), config), "");
    const text = axis("text", tokens);
    const places = constant(
      Float32Array.from({ length: tokens }, (_, i) => i),
      [axis("", 1), text],
    );
    const keys = constant(
      Float32Array.from({ length: tokens }, (_, i) => i),
      [axis("", 1), axis("keys", tokens)],
    );
    const seen = axis("seen", images * config.resampler.latents);
    const cached = (name: string) => {
      const { headDim, heads } = config.gated;
      const inner = headDim === undefined ? config.language.width : headDim * heads;
      return input(name, "float32", [axis("batch", 1), seen, axis("", inner)]);
    };
    const { logits } = flamingo(
      params,
      config,
      input("tokens", "int32", [axis("batch", 1), text]),
      params.gated.map((_, i) => ({ key: cached(`key ${i}`), value: cached(`value ${i}`) })),
      {
        form: "mask",
        lastMedia: input("lastMedia", "int32", [axis("batch", 1), text]),
        mediaOfSeen: input("mediaOfSeen", "int32", [seen]),
      },
      { positions: places, keyPositions: keys },
    );
    const each = at(flopsOf(config).generatedToken, tokens, images);
    expect(2 * multiplications(graph({ logits }))).toBe(tokens * each);
  });

  it("of a token after others that are cached are the same as in one go", () => {
    const [past, images] = [6, 2];
    const params = bind(initFlamingo(new Undrawn(), SMALL), "");
    const one = axis("batch", 1);
    const cached = (name: string, length: number, width: number) =>
      input(name, "float32", [one, axis(name, length), axis("", width)]);
    const seen = images * 3;
    const { stream } = flamingo(
      params,
      SMALL,
      input("tokens", "int32", [one, axis("text", 1)]),
      [0, 1].map((i) => ({
        key: input(`key ${i}`, "float32", [one, axis("seen", seen), axis("", 12)]),
        value: input(`value ${i}`, "float32", [one, axis("seen", seen), axis("", 12)]),
      })),
      {
        form: "mask",
        lastMedia: input("lastMedia", "int32", [one, axis("text", 1)]),
        mediaOfSeen: input("mediaOfSeen", "int32", [axis("seen", seen)]),
      },
      {
        positions: input("positions", "float32", [one, axis("text", 1)]),
        keyPositions: input("keyPositions", "float32", [one, axis("keys", past + 1)]),
        past: [0, 1, 2].map((i) => ({
          key: cached(`past key ${i}`, past, 32),
          value: cached(`past value ${i}`, past, 32),
        })),
      },
    );
    expect(2 * multiplications(graph({ stream }))).toBe(at(flopsOf(SMALL).promptToken, past + 1, images));
  });

  it("do not count what is computed once for all, when the graph is compiled", () => {
    const fixed = constant(new Float32Array(6), axes(2, 3));
    const x = input("x", "float32", axes(5, 2));
    const y = matmul(x, matmul(fixed, fixed, { transposeRight: true }));
    expect(multiplications(graph({ y }))).toBe(5 * 2 * 2);
  });

  it("are none of gated blocks where a model has none", () => {
    const without = { ...SMALL, gated: { ...SMALL.gated, before: [] } };
    const params = bind(initFlamingo(new Undrawn(), without), "");
    const visual = visualTokens(params, without, input("pixels", "float32", axes(1, 1, 8, 8, 3)));
    const { image, promptToken } = flopsOf(without);
    expect(image).toBe(2 * multiplications(graph({ visual })));
    expect(promptToken.perImage).toBe(0);
  });
});
