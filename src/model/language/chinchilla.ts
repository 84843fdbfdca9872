/** Chinchilla's language models, of which no weights were published: as the papers describe them. */
import type { TransformerConfig } from "./transformer-config.js";

/**
 * A Chinchilla of a given depth and width, heads of 128 channels, tokens of its own vocabulary of 32,000.
 * @param added  rows for tokens added later; Flamingo's `<EOC>` is one
 * @source arXiv:2203.15556, table 4; arXiv:2112.11446, section 2.1; sizes in Flamingo: arXiv:2204.14198, table 4
 */
export function chinchilla(layers: number, width: number, added = 1): TransformerConfig {
  const headDim = 128;
  return {
    kind: "transformer",
    vocabulary: 32000,
    added,
    width,
    layers,
    heads: width / headDim,
    keyHeads: width / headDim,
    headDim,
    hidden: 4 * width,
    norm: { kind: "rms", epsilon: 1e-6, offset: false },
    order: "before",
    lastNorm: true,
    positions: { kind: "relative", base: 10000 },
    queryKeyNorm: "none",
    offsets: { queryKeyValue: false, output: false, feedForward: false },
    activation: "gelu",
    head: "tied",
  };
}

/** The three language models that Flamingo stands on; that of Flamingo-9B has the 32 layers of its 7.1 billion parameters. */
export const CHINCHILLA = {
  "1.4B": chinchilla(24, 2048),
  "7B": chinchilla(32, 4096),
  "70B": chinchilla(80, 8192),
} as const satisfies Record<string, TransformerConfig>;
