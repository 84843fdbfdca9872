import { describe, expect, it } from "vitest";
import { nfnetNames, nfnetSpare } from "../../src/checkpoints/names/nfnet.js";
import type { Tensor } from "../../src/checkpoints/safetensors.js";
import { axes, axis, gradients, graph, input, mul, sum, type Value } from "../../src/graph/index.js";
import {
  NFNET_F0,
  NFNET_F1,
  NFNET_F2,
  NFNET_F3,
  NFNET_F4,
  NFNET_F5,
  NFNET_F6,
  type NfnetConfig,
} from "../../src/model/vision/nfnet.js";
import { initVision, visionGrid, visionTower } from "../../src/model/vision/tower.js";
import { bind } from "../../src/nn/layers.js";
import { countParameters } from "../../src/nn/parameters.js";
import { Undrawn } from "../../src/random.js";
import { checkGradients, runEngine } from "../support/check.js";
import { numbersOf } from "../support/feeds.js";
import { anyLoss } from "../support/loss.js";
import { bound, normalNumbers, stirred } from "../support/parameters.js";
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

/** Written by tools/reference/nfnet.py. */
const { tensors, facts } = readReference<{
  config: { channels: number[]; depths: number[]; num_features: number };
  sizes: Record<string, number>;
}>("nfnet");
const { config: theirs, sizes } = facts;
const at = (name: string) => tensors.get(name)!;

const configOf = (size: string, variant: string): NfnetConfig => ({
  kind: "nfnet",
  size: sizes[size]!,
  stem: 16,
  stages: theirs.channels.map((width, i) => ({ width, depth: theirs.depths[i]! })),
  bottleneck: 0.5,
  groupWidth: 8,
  squeeze: 0.5,
  alpha: 0.2,
  head: theirs.num_features,
  padding: variant === "symmetric" ? "symmetric" : "same",
  guard: variant === "floor" ? "floor" : "add",
});
const rows = nfnetNames(configOf("even", "same"));
const weights = under(tensors, "weights.");
const tree = withWeights({ vision: initVision(new Undrawn(), configOf("even", "same")) }, rows, weights);

describe("beside timm's NFNet, on the same numbers (2102.06171)", () => {
  it.each(["same", "symmetric", "floor"].flatMap((variant) => ["even", "odd"].map((size) => [variant, size] as const)))(
    "every block, the features and the slopes are the same: %s, a picture of %s size",
    async (variant, size) => {
      const config = configOf(size, variant);
      const seen = numbersOf(at(`inputs.${size}`));
      const { params, trained, feeds } = bound(tree.vision, "vision");
      // As pictures come when a model answers: how many is known only then.
      const pixels = input("pixels", "float32", axes("pictures", config.size, config.size, 3));
      const features = visionTower(params, config, pixels);
      const outputs: Record<string, Value> = { features };
      const expected = at(`outputs.${variant}.${size}.result`);
      const { patches, width } = visionGrid(config);
      const [pictures] = seen.shape;
      expect(features.axes.slice(1).map((a) => a.size)).toEqual([patches, width]);
      const wanted: Record<string, Tensor> = {
        features: { shape: [pictures!, patches, width], data: expected.data },
      };
      const labels = labelled(features);
      for (const name of under(tensors, `outputs.${variant}.${size}.`).keys()) {
        if (name === "result") continue;
        const label =
          name === "stem" ? "vision.stem" : name.replace(/stages\.(\d+)\.(\d+)/, "vision.stage $1.block $2");
        outputs[name] = labels.get(label)!;
        wanted[name] = at(`outputs.${variant}.${size}.${name}`);
      }
      expect(Object.keys(outputs)).toHaveLength(variant === "floor" ? 1 : 7);

      // Slopes, of a number of pictures that is known.
      const fixed = input("pixels", "float32", axes(axis("pictures", pictures!), config.size, config.size, 3));
      const cotangent = input("cotangent", "float32", axes(axis("pictures", pictures!), patches, width));
      const loss = sum(mul(visionTower(params, config, fixed), cotangent), [0, 1, 2]);
      const toParameters = [...slopesOf(tree, rows, under(tensors, `gradients.${variant}.${size}.`))];
      expect(toParameters).toHaveLength(9);
      const slopes = gradients(loss, [fixed, ...toParameters.map(([path]) => trained.get(path)!)]);
      const inputs = new Map([
        ...feeds,
        ["pixels", seen],
        ["cotangent", numbersOf({ shape: wanted.features!.shape, data: at(`inputs.${size}.loss`).data })],
      ]);
      const found = await runEngine(graph(outputs), inputs);
      for (const [name, value] of Object.entries(wanted)) expectNear(numbersOf(found[name]!), value, name);
      const walked = await runEngine(graph(Object.fromEntries(slopes.map((slope, i) => [`to ${i}`, slope]))), inputs);
      expectNear(numbersOf(walked["to 0"]!), at(`gradients.${variant}.${size}.pixels`), "slope of the pixels");
      toParameters.forEach(([path, slope], i) => {
        expectNear(numbersOf(walked[`to ${i + 1}`]!), slope, `slope of ${path}`);
      });
    },
  );

  it("what is put back under timm's names is what was read, bit for bit", () => {
    const back = putBack(tree, rows);
    expect(back.size).toBe(weights.size);
    for (const [name, { shape, data }] of weights) expect(back.get(name), name).toEqual({ shape, data });
  });

  it("the table reads every tensor of a network; of a whole one, all but the classifier", () => {
    expect(unread(rows, weights)).toEqual([]);
    expect(["head.fc.weight", "head.fc.bias"].every(nfnetSpare)).toBe(true);
    expect(rows.some((row) => nfnetSpare(row.theirs))).toBe(false);
  });
});

describe("the published NFNets", () => {
  it.each([
    ["F0", NFNET_F0, 68_416_284],
    ["F1", NFNET_F1, 129_561_256],
    ["F2", NFNET_F2, 190_706_228],
    ["F3", NFNET_F3, 251_851_200],
    ["F4", NFNET_F4, 312_996_172],
    ["F5", NFNET_F5, 374_141_144],
    ["F6", NFNET_F6, 435_286_116],
  ])("%s has as many parameters as timm's dm_nfnet without its classifier", (_, config, count) => {
    expect(countParameters(initVision(new Undrawn(), config))).toBe(count);
  });

  it.each([
    [288, 9],
    [320, 10],
    [480, 15],
    [300, 10],
    [321, 11],
  ])("F6 makes of a picture of %i pixels a grid of %i x as many (2204.14198, section 3.1.1)", (size, side) => {
    const config = { ...NFNET_F6, size };
    expect(visionGrid(config)).toEqual({ patches: side * side, width: 3072 });
    const params = bind(initVision(new Undrawn(), config), "vision");
    const pixels = input("pixels", "float32", axes("pictures", size, size, 3));
    const features = visionTower(params, config, pixels);
    expect(features.axes.map((a) => a.size ?? a.name)).toEqual(["pictures", side * side, 3072]);
  });

  it("has slopes that are those of finite differences, in a block of each sort", async () => {
    const config: NfnetConfig = {
      ...configOf("even", "floor"),
      size: 6,
      stem: 8,
      stages: [
        { width: 8, depth: 1 },
        { width: 8, depth: 2 },
      ],
      groupWidth: 2,
      head: 5,
    };
    const { params, trained, feeds } = bound(stirred(initVision(new Undrawn(), config)), "vision");
    const pixels = input("pixels", "float32", axes(axis("pictures", 2), 6, 6, 3));
    const loss = anyLoss(visionTower(params, config, pixels));
    await checkGradients(
      loss,
      new Map([...trained, ["pixels", pixels]]),
      new Map([...feeds, ["pixels", normalNumbers("pixels", [2, 6, 6, 3])]]),
      { value: 1e-4, differences: 5e-6, gradient: 1e-4, entries: 2 },
    );
  });
});
