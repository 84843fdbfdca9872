/** What the published decoder-only language models differ in, as data. */
import type { NormConfig } from "../../nn/layers.js";
import type { DecoderSizes } from "./decoder.js";

/** How a token's place is told to the model. */
export type Positions =
  /** A trained row a place, added to the embedding; the row of the first token is `first`. */
  | { readonly kind: "learned"; readonly rows: number; readonly first: number }
  /** Biases on attention that fall linearly with distance (ALiBi); the gentlest slope is 2^-steepest. */
  | { readonly kind: "linear"; readonly steepest: number }
  /** Queries and keys turn; the first `turning` channels of a head do (RoPE). */
  | { readonly kind: "rotary"; readonly base: number; readonly turning: number }
  /** Scores depend on the distance through sinusoids and a projection of each block (Transformer-XL). */
  | { readonly kind: "relative"; readonly base: number };

/** Sizes and switches of a decoder. */
export interface TransformerConfig {
  readonly kind: "transformer";
  /** Rows of the token table as it was published. */
  readonly vocabulary: number;
  /** Rows for tokens added later, with ids from `vocabulary` on, in a table of their own. */
  readonly added: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Heads of keys and values; a divisor of `heads`. */
  readonly keyHeads: number;
  readonly headDim: number;
  /** Hidden channels of the feed-forward layers. */
  readonly hidden: number;
  /** All norms of the model, those of queries and keys too. */
  readonly norm: NormConfig;
  /**
   * Where the norms stand: `before` each half of a block, `after` its sum with the residual, or before two halves that both
   * read the block's input (`parallel`).
   */
  readonly order: "before" | "after" | "parallel";
  /** Whether there is a norm between the last block and the head. */
  readonly lastNorm: boolean;
  readonly positions: Positions;
  /** Norms of queries and keys: over all their channels, or over those of each head with one gain for all heads. */
  readonly queryKeyNorm: "none" | "width" | "head";
  /** Which linear maps have offsets. */
  readonly offsets: { readonly queryKeyValue: boolean; readonly output: boolean; readonly feedForward: boolean };
  /** `swiglu` has a second map whose SiLU multiplies the first. */
  readonly activation: "gelu" | "geluTanh" | "relu" | "swiglu";
  /** The map to logits: the token table again, or a matrix of its own. */
  readonly head: "tied" | "own" | "own with offset";
  /** Channels of the token table, where a map stands between it and the residual stream. */
  readonly embeddingWidth?: number | undefined;
  /** A factor on embeddings. */
  readonly embeddingScale?: number | undefined;
  /** Queries, keys and values are clipped to this, either side of 0. */
  readonly clip?: number | undefined;
  /** The factor on scores, where it is not 1 / sqrt(headDim). */
  readonly scoreScale?: number | undefined;
  /** A factor on logits. */
  readonly logitScale?: number | undefined;
}

/** What caches and heads need to know of it. */
export function transformerSizes(config: TransformerConfig): DecoderSizes {
  const { layers, width, vocabulary, added, keyHeads, headDim, positions } = config;
  const longest = positions.kind === "learned" ? { longest: positions.rows - positions.first } : {};
  return { layers, width, vocabulary: vocabulary + added, cacheWidth: keyHeads * headDim, recent: 0, ...longest };
}
