/** The three Flamingos of the paper. No weights of them were published. */
import { everyNth, type FlamingoConfig, type ResamplerConfig } from "../flamingo-parameters.js";
import { CHINCHILLA, chinchilla } from "../language/chinchilla.js";
import type { TransformerConfig } from "../language/transformer-config.js";
import { NFNET_F6 } from "../vision/nfnet.js";
import type { Preset } from "./preset.js";

const SHARED = { layers: 6, headDim: 128, latents: 64, frames: 8 } as const;

/**
 * Resamplers of the paper's ablation. Of `medium` it prints all but the channels of a head, which follow from its 194 M
 * parameters; of the others it prints what the whole model has with them, 3.1 and 3.4 B, from which these sizes are derived.
 * @source arXiv:2204.14198, tables 4, 5 and 10
 */
export const RESAMPLERS = {
  small: { ...SHARED, width: 1024, heads: 8, hidden: 4096 },
  medium: { ...SHARED, width: 1536, heads: 16, hidden: 6144 },
  large: { ...SHARED, width: 2048, heads: 32, hidden: 8192 },
} as const satisfies Record<string, ResamplerConfig>;

/** Flamingo upon a language model, a gated block of its width in front of every so many blocks. */
function upon(language: TransformerConfig, every: number): FlamingoConfig {
  const { layers, width, heads, headDim } = language;
  return {
    vision: { ...NFNET_F6, size: 320 },
    language,
    resampler: RESAMPLERS.medium,
    gated: { before: everyNth(layers, every), heads, headDim, hidden: 4 * width, project: true },
  };
}

/** Flamingo-3B, of which the ablations are variations. */
export const FLAMINGO_3B: FlamingoConfig = upon(CHINCHILLA["1.4B"], 1);

const SOURCE = "arXiv:2204.14198, tables 4 and 5";

/** By name. Flamingo-9B is there in both depths that the paper prints; see `docs/decisions/depth-of-9b.md`. */
export const FLAMINGO: Readonly<Record<string, Preset>> = {
  "flamingo-3b": { config: FLAMINGO_3B, source: SOURCE, printedBillions: 3.2 },
  "flamingo-9b": {
    config: upon(CHINCHILLA["7B"], 4),
    source: `${SOURCE}; the depth is that of the printed parameters, 32 blocks and 8 gated ones`,
    printedBillions: 9.3,
  },
  "flamingo-9b-40": {
    config: upon(chinchilla(40, 4096), 4),
    source: "arXiv:2204.14198, table 4 alone: 40 blocks and 10 gated ones, more parameters than table 5 prints",
  },
  "flamingo-80b": { config: upon(CHINCHILLA["70B"], 7), source: SOURCE, printedBillions: 80 },
};
