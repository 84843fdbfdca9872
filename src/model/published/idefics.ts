/** IDEFICS, of which weights are published: CLIP ViT-H/14 beside a LLaMA. */
import { everyNth, type FlamingoConfig } from "../flamingo-parameters.js";
import type { TransformerConfig } from "../language/transformer-config.js";
import { CLIP_VIT_H_14 } from "../vision/clip-vit.js";
import type { Preset } from "./preset.js";

interface Sizes {
  readonly layers: number;
  readonly width: number;
  readonly hidden: number;
  readonly epsilon: number;
}

const SIZES = {
  "9b": { layers: 32, width: 4096, hidden: 11008, epsilon: 1e-6 },
  "80b": { layers: 80, width: 8192, hidden: 22016, epsilon: 1e-5 },
} as const satisfies Record<string, Sizes>;

/** @param added  tokens that LLaMA does not have: two around and in place of an image, with instruct one at the end of a turn */
function idefics({ layers, width, hidden, epsilon }: Sizes, added: number): FlamingoConfig {
  const headDim = 128;
  const heads = width / headDim;
  const norm = { kind: "rms", epsilon, offset: false } as const;
  const language: TransformerConfig = {
    kind: "transformer",
    vocabulary: 32000,
    added,
    width,
    layers,
    heads,
    keyHeads: heads,
    headDim,
    hidden,
    norm,
    order: "before",
    lastNorm: true,
    positions: { kind: "rotary", base: 10000, turning: headDim },
    queryKeyNorm: "none",
    offsets: { queryKeyValue: false, output: false, feedForward: false },
    activation: "swiglu",
    head: "own",
  };
  return {
    vision: { ...CLIP_VIT_H_14, classToken: true },
    language,
    resampler: {
      layers: 6,
      width: 1280,
      heads: 16,
      headDim: 96,
      hidden: 5120,
      latents: 64,
      frames: 0,
      project: false,
      activation: "relu",
      qkNorm: true,
    },
    gated: {
      before: everyNth(layers, 4),
      heads,
      headDim,
      hidden,
      norm,
      visualNorm: false,
      qkNorm: true,
      activation: "swiglu",
    },
  };
}

const SOURCE = "arXiv:2306.16527, section 4, and models/idefics of huggingface/transformers";

/** By name. */
export const IDEFICS: Readonly<Record<string, Preset>> = {
  "idefics-9b": { config: idefics(SIZES["9b"], 2), source: SOURCE },
  "idefics-9b-instruct": { config: idefics(SIZES["9b"], 3), source: SOURCE },
  "idefics-80b": { config: idefics(SIZES["80b"], 2), source: SOURCE },
  "idefics-80b-instruct": { config: idefics(SIZES["80b"], 3), source: SOURCE },
};
