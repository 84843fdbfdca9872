/**
 * BERT, the text side of the paper's contrastive pretraining: tokens, positions and types added and normalised, blocks that
 * normalise what they have added to their residual, every token seeing all others.
 * @source arXiv:1810.04805, section 3; arXiv:2204.14198, section B.1.3
 */
import { add, axis, embed, gelu, named, reshape, scalar, slice, type Value, where } from "../../graph/index.js";
import { type AttentionMaps, attendEachOther } from "../../nn/attention.js";
import {
  HIDDEN,
  initAffine,
  initNorm,
  type Linear,
  linear,
  type Norm,
  type NormConfig,
  norm,
  normal,
} from "../../nn/layers.js";
import type { Parameter } from "../../nn/parameters.js";
import type { Random } from "../../random.js";

/** Sizes of a BERT. */
export interface BertConfig {
  readonly kind: "bert";
  readonly vocabulary: number;
  /** Tokens of the longest text. */
  readonly positions: number;
  /** Kinds of text that a token may be of; a caption is of the first. */
  readonly types: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Hidden channels of the feed-forward layers. */
  readonly hidden: number;
}

/** Parameters of one block; every linear map has an offset. */
export interface BertBlock<Leaf> extends AttentionMaps<Leaf> {
  /** Behind attention and its residual. */
  readonly attentionNorm: Norm<Leaf>;
  readonly up: Linear<Leaf>;
  readonly down: Linear<Leaf>;
  /** Behind the feed-forward layer and its residual. */
  readonly norm: Norm<Leaf>;
}

/** Parameters of a BERT. */
export interface Bert<Leaf> {
  /** [vocabulary, width] */
  readonly embedding: Leaf;
  /** [positions, width] */
  readonly positions: Leaf;
  /** [types, width] */
  readonly types: Leaf;
  readonly norm: Norm<Leaf>;
  readonly blocks: readonly BertBlock<Leaf>[];
}

const COMMON = { kind: "bert", vocabulary: 30522, positions: 512, types: 2 } as const;
/** The text tower of the paper's ablations. @source arXiv:1908.08962, table 1; arXiv:2204.14198, table 11 */
export const BERT_MINI: BertConfig = { ...COMMON, width: 256, layers: 4, heads: 4, hidden: 1024 };
/** The smaller of the two that BERT was published in. @source arXiv:1810.04805, section 3 */
export const BERT_BASE: BertConfig = { ...COMMON, width: 768, layers: 12, heads: 12, hidden: 3072 };

/** All of BERT's norms. */
const NORM: NormConfig = { kind: "layer", epsilon: 1e-12, offset: true };

/** A BERT at random: every matrix and table of deviation 0.02. */
export function initBert(random: Random, config: BertConfig): Bert<Parameter> {
  const { vocabulary, positions, types, width, layers, hidden } = config;
  const table = (name: string, rows: number) => normal(random.fork(name), [rows, width], 0.02, false);
  return {
    embedding: table("embedding", vocabulary),
    positions: table("positions", positions),
    types: table("types", types),
    norm: initNorm(width),
    blocks: Array.from({ length: layers }, (_, depth) => {
      const own = random.fork(`block ${depth}`);
      const affine = (name: string, from: number, to: number) =>
        initAffine(own.fork(name), from, to, true, 0.02 * Math.sqrt(from));
      return {
        query: affine("query", width, width),
        key: affine("key", width, width),
        value: affine("value", width, width),
        output: affine("output", width, width),
        attentionNorm: initNorm(width),
        up: affine("up", width, hidden),
        down: affine("down", hidden, width),
        norm: initNorm(width),
      };
    }),
  };
}

/** One block: [captions, text, width] to the same. */
function bertBlock(params: BertBlock<Value>, { heads }: BertConfig, x: Value, hides: Value): Value {
  const attended = norm(params.attentionNorm, add(x, attendEachOther(params, heads, x, hides)), NORM);
  return norm(params.norm, add(attended, linear(params.down, gelu(linear(params.up, attended)))), NORM);
}

/**
 * Texts, every one of the first type, to what BERT makes of each token.
 * @param tokens  [captions, text], no more than there are positions
 * @param padding  [captions, text], true for what no token shall see; what stands there afterwards means nothing
 * @returns  [captions, text, width]
 */
export function bert(params: Bert<Value>, config: BertConfig, tokens: Value, padding: Value): Value {
  const [captions, text] = tokens.axes;
  const places = add(slice(params.positions, 0, 0, text!.size!), slice(params.types, 0, 0, 1));
  const blank = reshape(padding, [captions!, axis("heads", 1), axis("", 1), { ...text!, name: "seen" }]);
  const hides = where(blank, scalar(HIDDEN), scalar(0));
  let x = named(norm(params.norm, add(embed(params.embedding, tokens), places), NORM), "text.embedded");
  params.blocks.forEach((block, depth) => {
    x = named(bertBlock(block, config, x, hides), `text.block ${depth}`);
  });
  return x;
}
