/** Model sizes as data: this repository's own, and by name all that are known. */
import { UsageError } from "../errors.js";
import type { ContrastiveConfig } from "./contrastive.js";
import type { FlamingoConfig } from "./flamingo-parameters.js";
import { ABLATIONS } from "./published/ablations.js";
import { FLAMINGO } from "./published/flamingo.js";
import { IDEFICS } from "./published/idefics.js";
import { OPENFLAMINGO } from "./published/openflamingo.js";
import type { Preset } from "./published/preset.js";
import { BERT_MINI } from "./text/bert.js";
import { NFNET_F0 } from "./vision/nfnet.js";

/** The embedded model: trained on two cores by this repository's own run pages, 64 x 64 pixels. */
export const NANO = {
  vision: {
    kind: "folded-nfnet",
    size: 64,
    stem: 32,
    stages: [
      { width: 96, middle: 48, depth: 1 },
      { width: 192, middle: 96, depth: 2 },
      { width: 384, middle: 192, depth: 3 },
    ],
    alpha: 0.2,
    head: 192,
  },
  language: { kind: "primer", vocabulary: 3072, width: 192, layers: 4, heads: 6, hidden: 768, taps: 4 },
  resampler: { layers: 2, heads: 6, hidden: 768, latents: 8, frames: 8 },
  gated: { before: [0, 1, 2, 3], heads: 6, hidden: 768 },
} as const satisfies FlamingoConfig;

/** The contrastive pair that pretrains nano's vision tower. */
export const NANO_CONTRASTIVE = {
  vision: NANO.vision,
  text: { kind: "bag", vocabulary: NANO.language.vocabulary, width: NANO.language.width, length: 16 },
} as const satisfies ContrastiveConfig;

/**
 * The pair of the paper's ablation of contrastive data: F0 and BERT-mini. Of the pair that made Flamingo's own tower only
 * the vision side, F6, is told. The longest caption is not told at all; 64 tokens is ours.
 * @source arXiv:2204.14198, section B.1.3 and table 11
 */
export const PAPER_CONTRASTIVE: ContrastiveConfig = {
  vision: { ...NFNET_F0, size: 288 },
  text: { ...BERT_MINI, length: 64 },
  space: 1376,
  smoothing: 0.1,
};

/** The smallest model that has every part, for tests. */
export const TINY = {
  vision: {
    kind: "folded-nfnet",
    size: 16,
    stem: 8,
    stages: [{ width: 16, middle: 8, depth: 2 }],
    alpha: 0.2,
    head: 16,
  },
  language: { kind: "primer", vocabulary: 300, width: 24, layers: 4, heads: 3, hidden: 48, taps: 4 },
  resampler: { layers: 2, heads: 3, hidden: 48, latents: 4, frames: 4 },
  gated: { before: [0, 2], heads: 3, hidden: 48 },
} as const satisfies FlamingoConfig;

/** Every model whose sizes are known, by name: those of others, the paper's ablations, and our own. */
export const PRESETS: Readonly<Record<string, Preset>> = {
  ...FLAMINGO,
  ...OPENFLAMINGO,
  ...IDEFICS,
  ...ABLATIONS,
  nano: { config: NANO, source: "the embedded model" },
  tiny: { config: TINY, source: "the smallest model that has every part" },
};

/** A preset by its name. @throws {UsageError} for a name that there is not, with those there are */
export function presetNamed(name: string): Preset {
  const preset = Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined;
  if (preset !== undefined) return preset;
  throw new UsageError(`There is no preset ${name}.`, `name one of ${Object.keys(PRESETS).join(", ")}`);
}
