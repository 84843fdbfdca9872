import { describe, expect, it } from "vitest";
import { axes, axis, input, reshape, type Value } from "../../src/graph/index.js";
import {
  type ContrastiveConfig,
  contrastiveLoss,
  embedCaptions,
  embedPictures,
  initContrastive,
} from "../../src/model/contrastive.js";
import {
  flamingo,
  gatedCrossAttention,
  perceiverResampler,
  visualKeysAndValues,
  visualTokens,
} from "../../src/model/flamingo.js";
import { initFlamingo, initGatedBlock, initResampler } from "../../src/model/flamingo-parameters.js";
import { linearPositions, wholeSequences } from "../../src/model/language/positions.js";
import { initPrimer, primerBlock } from "../../src/model/language/primer.js";
import { initVision, visionTower } from "../../src/model/vision/tower.js";
import { normal } from "../../src/nn/layers.js";
import { flatten, type Parameter } from "../../src/nn/parameters.js";
import { Random } from "../../src/random.js";
import { nextTokenLosses, weighted } from "../../src/training/objective.js";
import { checkGradients, type Feeds } from "../support/check.js";
import { maskLook } from "../support/look.js";
import { anyLoss } from "../support/loss.js";
import { bound, normalNumbers, stirred, wholeNumbers } from "../support/parameters.js";

/**
 * A layer is some hundred float32 operations deep: four digits are left of seven. In float64 the differences are right
 * to 1e-9; what is left is the constants that the graph holds as float32 (6e-8), through several layers.
 */
const TOLERANCES = { value: 1e-4, differences: 2e-6, gradient: 1e-4 };

const VISION = {
  kind: "folded-nfnet",
  size: 8,
  stem: 4,
  stages: [{ width: 8, middle: 4, depth: 2 }],
  alpha: 0.2,
  head: 6,
} as const;
const LANGUAGE = { kind: "primer", vocabulary: 11, width: 8, layers: 2, heads: 2, hidden: 12, taps: 3 } as const;
const RESAMPLER = { layers: 2, heads: 2, hidden: 12, latents: 3, frames: 4 } as const;
const GATED = { before: [0, 1], heads: 2, hidden: 12 } as const;

const batch = axis("batch", 2);
const text = axis("text", 5);
const stream = input("stream", "float32", axes(batch, text, 8));
const pixels = input("pixels", "float32", axes(axis("media", 4), axis("frames", 1), 8, 8, 3));
const tokens = input("tokens", "int32", axes(batch, text));
const targets = input("targets", "int32", axes(batch, text));
const weights = input("weights", "float32", axes(batch, text));
/** Two media of three visual tokens; a row begins before its first, the other never sees its second. */
const { look, feeds: looking } = maskLook(
  [
    [0, 1, 1, 2, 2],
    [0, 0, 0, 1, 1],
  ],
  2,
  3,
);
const FEEDS: Feeds = new Map([
  ["stream", normalNumbers("stream", [2, 5, 8])],
  ["pixels", normalNumbers("pixels", [4, 1, 8, 8, 3])],
  ["pictures", normalNumbers("pictures", [3, 8, 8, 3])],
  ["features", normalNumbers("features", [2, 2, 3, 6])],
  ["visual", normalNumbers("visual", [2, 6, 8])],
  ["tokens", wholeNumbers("tokens", [2, 5], 11)],
  ["targets", wholeNumbers("targets", [2, 5], 11)],
  ["weights", { shape: [2, 5], data: Float64Array.of(0, 0.25, 0.125, 0, 0, 0.125, 0.25, 0.25, 0, 0) }],
  ["logits", normalNumbers("logits", [2, 5, 11])],
  ...looking,
  ["captions", { shape: [3, 4], data: Float64Array.of(3, 4, 0, 0, 5, 0, 0, 0, 6, 7, 3, 9) }],
]);

/** Checks the slope of every parameter of a tree, and of some inputs, along a random direction and along some entries. */
async function check<T>(
  tree: T,
  make: (params: ReturnType<typeof bound<T>>["params"]) => Value,
  inputs: Value[] = [],
  entries = 4,
) {
  const { params, trained, feeds } = bound(stirred(tree), "layer");
  const wanted = new Map([...inputs.map((x) => [x.label!, x] as const), ...trained]);
  expect(trained.size).toBe([...flatten(tree).values()].filter((parameter) => parameter.trained).length);
  await checkGradients(make(params), wanted, new Map([...FEEDS, ...feeds]), { ...TOLERANCES, entries });
}

describe("every parameter and input has the slope of its central differences in", () => {
  it("a block of the language model", async () => {
    const block = initPrimer(new Random(1), LANGUAGE).blocks[0]!;
    const bias = linearPositions(2, wholeSequences(5));
    await check(block, (params) => anyLoss(primerBlock(params, LANGUAGE, stream, bias).text), [stream]);
  });

  it("the vision tower: weight standardisation, squeeze and excite, the gain of each branch", async () => {
    const pictures = input("pictures", "float32", axes(axis("pictures", 3), 8, 8, 3));
    await check(initVision(new Random(2), VISION), (params) => anyLoss(visionTower(params, VISION, pictures)), [
      pictures,
    ]);
  });

  it("the resampler, its time embeddings and latents", async () => {
    const features = input("features", "float32", axes(axis("media", 2), axis("frames", 2), axis("patches", 3), 6));
    const tree = initResampler(new Random(3), RESAMPLER, 6, 8);
    await check(tree, (params) => anyLoss(perceiverResampler(params, RESAMPLER, features)), [features]);
  });

  it("a gated cross-attention block with open gates, its text and what it sees", async () => {
    const visual = input("visual", "float32", axes(batch, axis("seen", 6), 8));
    const tree = initGatedBlock(new Random(4), GATED, 8);
    await check(
      tree,
      (params) => anyLoss(gatedCrossAttention(params, GATED, stream, visualKeysAndValues(params, GATED, visual), look)),
      [stream, visual],
    );
  });

  it("the loss of the next tokens, some of which are not to be predicted", async () => {
    const logits = input("logits", "float32", axes(batch, text, axis("vocabulary", 11)));
    await check({}, () => weighted(nextTokenLosses(logits, targets), weights), [logits, weights]);
  });

  const pictures = input("pictures", "float32", axes(axis("pictures", 3), 8, 8, 3));
  const captions = input("captions", "int32", axes(axis("captions", 3), axis("text", 4)));
  const contrast = (config: ContrastiveConfig, embedding?: Parameter) =>
    check(
      initContrastive(new Random(5), config, embedding),
      (params) => {
        const [seen, told] = [embedPictures(params, config, pictures), embedCaptions(params, config, captions, 0)];
        return contrastiveLoss(seen, told, params.temperature, config).loss;
      },
      [pictures],
      1,
    );

  it("the contrastive loss, through the tower and the words to the temperature; captions are of several lengths", async () => {
    const text = { kind: "bag", vocabulary: 11, width: 8, length: 4 } as const;
    await contrast({ vision: VISION, text }, normal(new Random(7), [11, 8], 1));
  });

  it("the contrastive loss through BERT and both projections, a tenth of each target smoothed (2204.14198, B.1.3)", async () => {
    const sizes = { vocabulary: 11, positions: 6, types: 2, width: 8, layers: 1, heads: 2, hidden: 12 };
    const text = { kind: "bert", ...sizes, length: 4 } as const;
    await contrast({ vision: VISION, text, space: 6, smoothing: 0.1 });
  });

  it("the whole model, from pixels to the loss of the next tokens", async () => {
    const config = { vision: VISION, language: LANGUAGE, resampler: RESAMPLER, gated: GATED };
    const context = wholeSequences(5);
    await check(
      initFlamingo(new Random(6), config),
      (params) => {
        const visual = reshape(visualTokens(params, config, pixels), [batch, axis("seen", 6), 8]);
        const seen = params.gated.map((block) => visualKeysAndValues(block, GATED, visual));
        const { logits } = flamingo(params, config, tokens, seen, look, context);
        return weighted(nextTokenLosses(logits, targets), weights);
      },
      [pixels],
      0,
    );
  });
});
