/**
 * A small decoder in the manner of Primer (So et al., arXiv 2109.08668): squared ReLU, and a causal depthwise
 * convolution of a few taps before attention, here on the normalised input shared by queries, keys and values. The
 * convolution is what lets a decoder of a few million parameters learn to look up "what followed the thing like this
 * one" in minutes. Positions are linear biases (ALiBi, arXiv 2108.12409), so longer prompts than trained on are possible.
 */
import { add, concat, embed, matmul, mul, pad, scalar, trim, type Value } from "../../graph/index.js";
import type { AttentionMaps } from "../../nn/attention.js";
import {
  attend,
  type CausalTaps,
  causalTaps,
  type FeedForward,
  feedForward,
  initCausalTaps,
  initFeedForward,
  initLinear,
  initNorm,
  joinHeads,
  type Linear,
  linear,
  type Norm,
  norm,
  normal,
  splitHeads,
} from "../../nn/layers.js";
import type { Parameter } from "../../nn/parameters.js";
import type { Random } from "../../random.js";
import type { BlockCache, BlockResult, Decoder, DecoderSizes, TextContext } from "./decoder.js";
import { linearPositions } from "./positions.js";

/** Sizes of a decoder. */
export interface PrimerConfig {
  readonly kind: "primer";
  readonly vocabulary: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Hidden channels of the feed-forward layers. */
  readonly hidden: number;
  /** Tokens that the causal convolution sees, itself included. */
  readonly taps: number;
}

/** Parameters of one block. */
export interface PrimerBlock<Leaf> extends AttentionMaps<Leaf> {
  readonly norm: Norm<Leaf>;
  readonly taps: CausalTaps<Leaf>;
  readonly feedForward: FeedForward<Leaf>;
}

/** Parameters of a decoder. */
export interface Primer<Leaf> {
  /** [vocabulary, width]; the unembedding is the same matrix. */
  readonly embedding: Leaf;
  readonly blocks: readonly PrimerBlock<Leaf>[];
  readonly norm: Norm<Leaf>;
}

/** A decoder at random; what a block writes is smaller the more of them there are. */
export function initPrimer(random: Random, config: PrimerConfig): Primer<Parameter> {
  const { width, layers, hidden, taps } = config;
  const narrow = 1 / Math.sqrt(2 * layers);
  return {
    embedding: normal(random.fork("embedding"), [config.vocabulary, width], 1 / Math.sqrt(width), false),
    blocks: Array.from({ length: layers }, (_, depth) => {
      const own = random.fork(`block ${depth}`);
      return {
        norm: initNorm(width),
        taps: initCausalTaps(own.fork("taps"), width, taps),
        query: initLinear(own.fork("query"), width, width),
        key: initLinear(own.fork("key"), width, width),
        value: initLinear(own.fork("value"), width, width),
        output: transposed(initLinear(own.fork("value"), width, width, narrow)),
        feedForward: initFeedForward(own.fork("feed-forward"), width, hidden, narrow),
      };
    }),
    norm: initNorm(width),
  };
}

/**
 * The map back: at first, what a head reads of a token it writes as that token, so that copying need not be learnt token
 * by token.
 */
function transposed({ weight: { shape, data, ...rest } }: Linear<Parameter>): Linear<Parameter> {
  const [from, to] = shape as [number, number];
  const turned = data.map((_, i) => data[(i % from) * to + Math.floor(i / from)]!);
  return { weight: { ...rest, shape: [to, from], data: turned } };
}

/** The decoder that the join reads. */
export function primerDecoder(params: Primer<Value>, config: PrimerConfig, context: TextContext): Decoder {
  const bias = linearPositions(config.heads, context);
  return {
    embed(tokens) {
      const width = params.embedding.axes[1]!.size!;
      return mul(embed(params.embedding, tokens), scalar(Math.sqrt(width)));
    },
    block: (depth, text, between) =>
      primerBlock(params.blocks[depth]!, config, text, bias, context.past?.[depth], between),
  };
}

/**
 * One block: [batch, text, width] to [batch, text, width].
 * @param bias  broadcasts to [batch, heads, text, past + text]
 */
export function primerBlock(
  params: PrimerBlock<Value>,
  config: PrimerConfig,
  text: Value,
  bias: Value,
  past?: BlockCache<Value>,
  between: (text: Value) => Value = (stream) => stream,
): BlockResult {
  const normal = norm(params.norm, text);
  const textAxis = text.axes[1]!;
  const earlier = config.taps - 1;
  const history =
    past === undefined ? pad(normal, 1, earlier, 0) : concat([past.recent!, normal], 1, "recent and text");
  const mixed = causalTaps(params.taps, (lag) => (lag === 0 ? normal : trim(history, 1, earlier - lag, lag, textAxis)));
  const key = linear(params.key, mixed);
  const value = linear(params.value, mixed);
  const query = splitHeads(linear(params.query, mixed), config.heads);
  const keys = splitHeads(past === undefined ? key : concat([past.key, key], 1, "keys"), config.heads, "keys");
  const values = splitHeads(past === undefined ? value : concat([past.value, value], 1, "keys"), config.heads, "keys");
  const attended = between(add(text, linear(params.output, joinHeads(attend(query, keys, values, bias)))));
  return {
    text: add(attended, feedForward(params.feedForward, attended, "squaredRelu")),
    present: { key, value, recent: normal },
  };
}

/** The residual stream [batch, text, width] to logits [batch, text, vocabulary]. */
export function primerLogits(params: Primer<Value>, text: Value): Value {
  return matmul(norm(params.norm, text), params.embedding, { transposeRight: true });
}

/** What caches need to know of it. */
export function primerSizes({ layers, width, vocabulary, taps }: PrimerConfig): DecoderSizes {
  return { layers, width, vocabulary, cacheWidth: width, recent: taps - 1 };
}
