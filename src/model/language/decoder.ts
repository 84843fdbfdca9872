/** What the join needs of a decoder-only language model, whichever it is. */
import type { Value } from "../../graph/index.js";

/** What one block keeps of the tokens before: numbers, values of a graph, or names of inputs. */
export interface BlockCache<Leaf> {
  /** [batch, past, cacheWidth]: tokens come one after the other in memory, so a cache grows at its end. */
  readonly key: Leaf;
  /** [batch, past, cacheWidth] */
  readonly value: Leaf;
  /** [batch, recent, width]: the block's normalised inputs of the last few tokens, of decoders with causal taps. */
  readonly recent?: Leaf;
}

/** Where the tokens of a call stand. */
export interface TextContext {
  /** [batch or 1, text] float32: the place of each token in its sequence, counted from 0. */
  readonly positions: Value;
  /**
   * [batch or 1, keys] float32, keys = past + text: the place of each token that may be looked at. One after a token's
   * own is hidden from it; so padding, left or right, gets a place after all.
   */
  readonly keyPositions: Value;
  /** Per block; left out when the call holds whole sequences. */
  readonly past?: readonly BlockCache<Value>[];
}

/** The result of a block: the residual stream, and what later calls need of these tokens (`recent` for all of them). */
export interface BlockResult {
  readonly text: Value;
  readonly present: BlockCache<Value>;
}

/** A language model with its parameters and the places of the tokens. */
export interface Decoder {
  /** Token ids [batch, text] to the residual stream [batch, text, width]. */
  embed(tokens: Value): Value;
  /**
   * One block over the residual stream [batch, text, width].
   * @param between  done to the stream between self-attention and the feed-forward layer
   */
  block(depth: number, text: Value, between?: (text: Value) => Value): BlockResult;
}

/** What caches and heads need to know of a language model. */
export interface DecoderSizes {
  readonly layers: number;
  readonly width: number;
  /** Columns of the logits: every token, added ones included. */
  readonly vocabulary: number;
  /** Channels of a token's keys, and of its values: key heads x headDim. */
  readonly cacheWidth: number;
  /** Tokens that causal taps look back; 0 without them. */
  readonly recent: number;
  /** Tokens that its table of positions has rows for; left out where positions go on for ever. */
  readonly longest?: number;
}
