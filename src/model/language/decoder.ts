/** What the join needs of a decoder-only language model, whichever it is. */
import type { Value } from "../../graph/index.js";

/** What one block keeps of the tokens before: numbers, values of a graph, or names of inputs. */
export interface BlockCache<Leaf> {
  /** [batch, past, heads x headDim]: tokens come one after the other in memory, so a cache grows at its end. */
  readonly key: Leaf;
  /** [batch, past, heads x headDim] */
  readonly value: Leaf;
  /** [batch, taps - 1, width]: the block's normalised inputs of the last few tokens, for its causal taps. */
  readonly recent: Leaf;
}

/** Where the tokens of a call stand. */
export interface TextContext {
  /** Broadcasts to [batch, heads, text, past + text]: relative positions, and what is hidden. */
  readonly bias: Value;
  /** Per block; left out when the call holds whole sequences. */
  readonly past?: readonly BlockCache<Value>[];
}

/** The result of a block: the residual stream, and what later calls need of these tokens (`recent` for all of them). */
export interface BlockResult {
  readonly text: Value;
  readonly present: BlockCache<Value>;
}
