/**
 * Tiny: the smallest run that goes through every part, in seconds. A smoke test, not a model to ask anything.
 *
 *     flamingo train tiny --out runs/tiny
 *
 * Trains a tokenizer, draws squares of six colours, and learns to name them from pairs and from pages of three. The
 * vision tower stays as it was drawn, at random, and frozen: colours pass through it all the same. Everything else is
 * trained together, for there is no language model to start from.
 */
import type { FlamingoFile } from "../../checkpoints/flamingo-file.js";
import { saveFlamingo } from "../../checkpoints/flamingo-folder.node.js";
import { axes, input, type Value } from "../../graph/index.js";
import type { Picture } from "../../media/pixels.js";
import { visualTokens } from "../../model/flamingo.js";
import { type Flamingo, initFlamingo } from "../../model/flamingo-parameters.js";
import { TINY } from "../../model/presets.js";
import { bind } from "../../nn/layers.js";
import { frozen } from "../../nn/parameters.js";
import type { Document } from "../../prompt/document.js";
import { interleave } from "../../prompt/interleave.js";
import { Random } from "../../random.js";
import { trainBpe } from "../../text/bpe-trainer.js";
import { openTokenizer } from "../../text/hub-tokenizer.js";
import type { Tokenizer } from "../../text/tokenizer.js";
import { interleavedLosses, perToken, type Shape, textFeeds } from "../interleaved.js";
import { trainingGraph, weighted } from "../objective.js";
import { NORMALISATION, pixelsOf } from "../pictures.js";
import type { Objective, Run } from "../run.js";

const COLOURS = {
  red: [220, 30, 30],
  green: [30, 160, 50],
  blue: [30, 60, 220],
  yellow: [240, 220, 40],
  black: [20, 20, 20],
  white: [240, 240, 240],
} as const;
type Colour = keyof typeof COLOURS;
const NAMES = Object.keys(COLOURS) as Colour[];

const PAIRS: Shape = { batch: 12, text: 6, media: 1 };
const PAGES: Shape = { batch: 4, text: 16, media: 3 };

const CONFIG: FlamingoFile = {
  kind: "flamingo",
  name: "tiny",
  ...TINY,
  vision: { ...TINY.vision, stages: [...TINY.vision.stages] },
  normalisation: { mean: [...NORMALISATION.mean], deviation: [...NORMALISATION.deviation] },
  limits: { maximumMedia: 8, maximumTokens: 64 },
};

export const tiny: Run = {
  name: "tiny",
  summary: "smoke: the smallest run that goes through every part, in a few seconds",
  steps: 150,
  seed: "tiny",
  optimizer: { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.05, clip: 1 },
  schedule: { peak: 1e-2, warmup: 10, then: "cosine", floor: 0.1 },
  async open() {
    const corpus = NAMES.flatMap((name) => Array<string>(20).fill(`<image>Output: ${name}`));
    const json = trainBpe(corpus, { vocabularySize: TINY.language.vocabulary });
    const tokenizer = openTokenizer(json);
    const fresh = initFlamingo(new Random("tiny").fork("parameters"), TINY);
    const params = { ...fresh, vision: frozen(fresh.vision) };
    const bound = bind(params, "");
    return {
      params,
      objectives: [objective("pairs", 1, PAIRS, bound, tokenizer), objective("pages", 0.5, PAGES, bound, tokenizer)],
      save: (folder) => saveFlamingo(folder, { config: CONFIG, tokenizer: json, params }),
    };
  },
};

function objective(
  name: string,
  weight: number,
  shape: Shape,
  params: Flamingo<Value>,
  tokenizer: Tokenizer,
): Objective {
  const { batch, text, media } = shape;
  const { size } = TINY.vision;
  const pixels = input("pixels", "float32", axes(batch * media, 1, size, size, 3));
  const losses = interleavedLosses(params, TINY, shape, visualTokens(params, TINY, pixels));
  return {
    name,
    weight,
    tokens: batch * text,
    graph: trainingGraph(weighted(losses, perToken(shape, "weights", "float32"))),
    batch: (random) => {
      const rows = Array.from({ length: batch }, (_, row) => ({
        item: interleave(drawPage(random.fork(row), media), tokenizer),
      }));
      const { feeds, pictures } = textFeeds(rows, shape, tokenizer);
      return { ...feeds, pixels: pixelsOf(pictures as Picture[], size) };
    },
  };
}

function drawPage(random: Random, media: number): Document {
  return Array.from({ length: media }, () => random.pick(NAMES)).flatMap((name) => [
    { image: square(random, COLOURS[name]) },
    { text: `Output: ${name}` },
  ]);
}

/** One colour, a little brighter or darker at every pixel. */
function square(random: Random, colour: readonly number[]): Picture {
  const { size } = TINY.vision;
  const data = Uint8Array.from({ length: size * size * 3 }, (_, i) => colour[i % 3]! + random.integer(31) - 15);
  return { width: size, height: size, data };
}
