/**
 * A small decoder in the manner of Primer (So et al., arXiv 2109.08668): squared ReLU, and a causal depthwise
 * convolution of a few taps before attention, here on the normalised input shared by queries, keys and values. The
 * convolution is what lets a decoder of a few million parameters learn to look up "what followed the thing like this
 * one" in minutes. Positions are linear biases (ALiBi, arXiv 2108.12409), so longer prompts than trained on are possible.
 */
import {
  add,
  axis,
  concat,
  constant,
  embed,
  greater,
  matmul,
  mul,
  pad,
  reshape,
  scalar,
  sub,
  trim,
  type Value,
  where,
} from "../../graph/index.js";
import {
  attend,
  type CausalTaps,
  causalTaps,
  type FeedForward,
  feedForward,
  HIDDEN,
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
import type { BlockResult, TextContext } from "./decoder.js";

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
export interface PrimerBlock<Leaf> {
  readonly norm: Norm<Leaf>;
  readonly taps: CausalTaps<Leaf>;
  readonly query: Linear<Leaf>;
  readonly key: Linear<Leaf>;
  readonly value: Linear<Leaf>;
  readonly output: Linear<Leaf>;
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

/** Token ids [batch, text] to the residual stream [batch, text, width]. */
export function embedTokens(params: Primer<Value>, tokens: Value): Value {
  const width = params.embedding.axes[1]!.size!;
  return mul(embed(params.embedding, tokens), scalar(Math.sqrt(width)));
}

/** One block: [batch, text, width] to [batch, text, width]. */
export function primerBlock(
  params: PrimerBlock<Value>,
  config: PrimerConfig,
  text: Value,
  depth: number,
  context: TextContext,
): BlockResult {
  const past = context.past?.[depth];
  const normal = norm(params.norm, text);
  const textAxis = text.axes[1]!;
  const earlier = config.taps - 1;
  const history = past === undefined ? pad(normal, 1, earlier, 0) : concat([past.recent, normal], 1, "recent and text");
  const mixed = causalTaps(params.taps, (lag) => (lag === 0 ? normal : trim(history, 1, earlier - lag, lag, textAxis)));
  const key = linear(params.key, mixed);
  const value = linear(params.value, mixed);
  const query = splitHeads(linear(params.query, mixed), config.heads);
  const keys = splitHeads(past === undefined ? key : concat([past.key, key], 1, "keys"), config.heads, "keys");
  const values = splitHeads(past === undefined ? value : concat([past.value, value], 1, "keys"), config.heads, "keys");
  const attended = add(text, linear(params.output, joinHeads(attend(query, keys, values, context.bias))));
  return {
    text: add(attended, feedForward(params.feedForward, attended, "squaredRelu")),
    present: { key, value, recent: normal },
  };
}

/** The residual stream [batch, text, width] to logits [batch, text, vocabulary]. */
export function unembed(params: Primer<Value>, text: Value): Value {
  return matmul(norm(params.norm, text), params.embedding, { transposeRight: true });
}

/**
 * Causal linear position biases.
 * @param query  [batch or 1, text] float32 positions of the tokens
 * @param key  [batch or 1, keys] float32 positions of what they may look at; a position after a token is hidden from
 *   it, so padding gets a position after all
 * @returns  [batch or 1, heads, text, keys]
 */
export function linearPositions(heads: number, query: Value, key: Value): Value {
  const slopes = Float32Array.from({ length: heads }, (_, head) => 2 ** ((-8 * (head + 1)) / heads));
  const [batch, text] = query.axes;
  const [, keys] = key.axes;
  const distance = sub(
    reshape(key, [batch!, axis("heads", 1), axis("", 1), keys!]),
    reshape(query, [batch!, axis("heads", 1), text!, axis("", 1)]),
  );
  const bias = mul(distance, constant(slopes, [axis("heads", heads), axis("", 1), axis("", 1)]));
  return where(greater(distance, scalar(0)), scalar(HIDDEN), bias);
}

/** The biases of whole sequences of a fixed length, padding at their end: [1, heads, text, keys]. */
export function wholeSequencePositions(heads: number, text: number): Value {
  const positions = Float32Array.from({ length: text }, (_, i) => i);
  return linearPositions(
    heads,
    constant(positions, [axis("", 1), axis("text", text)]),
    constant(positions, [axis("", 1), axis("keys", text)]),
  );
}

/** Logits of whole sequences, without any vision: [batch, text] to [batch, text, vocabulary]. */
export function primer(params: Primer<Value>, config: PrimerConfig, tokens: Value): Value {
  const context = { bias: wholeSequencePositions(config.heads, tokens.axes[1]!.size!) };
  const text = params.blocks.reduce(
    (stream, block, depth) => primerBlock(block, config, stream, depth, context).text,
    embedTokens(params, tokens),
  );
  return unembed(params, text);
}
