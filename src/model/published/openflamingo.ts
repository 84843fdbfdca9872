/** OpenFlamingo's models, of which weights are published: CLIP ViT-L/14 beside an MPT or a RedPajama. */
import { everyNth, type FlamingoConfig } from "../flamingo-parameters.js";
import type { TransformerConfig } from "../language/transformer-config.js";
import { CLIP_VIT_L_14 } from "../vision/clip-vit.js";
import type { Preset } from "./preset.js";

/** Rows of GPT-NeoX's token table that have a token, and Flamingo's `<|endofchunk|>`, `<image>` and `<PAD>`. */
const VOCABULARY = 50280;

/** An MPT of so many blocks; no offset anywhere, positions as biases. */
function mpt(layers: number, width: number, queryKeyNorm: TransformerConfig["queryKeyNorm"]): TransformerConfig {
  const headDim = 128;
  return {
    kind: "transformer",
    vocabulary: VOCABULARY,
    added: 0,
    width,
    layers,
    heads: width / headDim,
    keyHeads: width / headDim,
    headDim,
    hidden: 4 * width,
    norm: { kind: "layer", epsilon: 1e-5, offset: false },
    order: "before",
    lastNorm: true,
    positions: { kind: "linear", steepest: 8 },
    queryKeyNorm,
    offsets: { queryKeyValue: false, output: false, feedForward: false },
    activation: "gelu",
    head: "tied",
  };
}

/** RedPajama-INCITE-3B, a GPT-NeoX whose two tables are not tied. */
const REDPAJAMA_3B: TransformerConfig = {
  kind: "transformer",
  vocabulary: VOCABULARY,
  added: 0,
  width: 2560,
  layers: 32,
  heads: 32,
  keyHeads: 32,
  headDim: 80,
  hidden: 10240,
  norm: { kind: "layer", epsilon: 1e-5, offset: true },
  order: "before",
  lastNorm: true,
  positions: { kind: "rotary", base: 10000, turning: 80 },
  queryKeyNorm: "none",
  offsets: { queryKeyValue: true, output: true, feedForward: true },
  activation: "gelu",
  head: "own",
};

/** OpenFlamingo upon a language model, a gated block in front of the last of every so many blocks. */
function upon(language: TransformerConfig, every: number): FlamingoConfig {
  return {
    vision: CLIP_VIT_L_14,
    language,
    resampler: {
      layers: 6,
      width: 1024,
      heads: 8,
      headDim: 64,
      hidden: 4096,
      latents: 64,
      frames: 0,
      project: false,
      activation: "gelu",
    },
    gated: {
      before: everyNth(language.layers, every, "last"),
      heads: 8,
      headDim: 64,
      hidden: 4 * language.width,
      visualNorm: false,
      activation: "gelu",
    },
    ownTokens: "table",
  };
}

const SOURCE = "arXiv:2308.01390, table 1, and mlfoundations/open_flamingo";
const OPENFLAMINGO_3B: Preset = { config: upon(mpt(24, 2048, "width"), 1), source: SOURCE };
const OPENFLAMINGO_4B: Preset = { config: upon(REDPAJAMA_3B, 2), source: SOURCE };

/** By name; the instruct models have the sizes of those they are named after. */
export const OPENFLAMINGO: Readonly<Record<string, Preset>> = {
  "openflamingo-3b": OPENFLAMINGO_3B,
  "openflamingo-3b-instruct": OPENFLAMINGO_3B,
  "openflamingo-4b": OPENFLAMINGO_4B,
  "openflamingo-4b-instruct": OPENFLAMINGO_4B,
  "openflamingo-9b": { config: upon(mpt(32, 4096, "none"), 4), source: SOURCE },
};
