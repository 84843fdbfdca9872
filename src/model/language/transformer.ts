/**
 * One decoder for the published language models: GPT-2, OPT, GPT-NeoX, MPT, LLaMA, Chinchilla. What they differ in is in
 * the configuration; `src/checkpoints/families` makes one of each family's own.
 */
import {
  add,
  cast,
  concat,
  constant,
  embed,
  less,
  matmul,
  maximum,
  minimum,
  mul,
  scalar,
  silu,
  sub,
  unsqueeze,
  type Value,
  where,
} from "../../graph/index.js";
import {
  ACTIVATIONS,
  initAffine,
  initLinear,
  initNorm,
  type Linear,
  linear,
  type Norm,
  norm,
  normal,
} from "../../nn/layers.js";
import type { Parameter } from "../../nn/parameters.js";
import type { Random } from "../../random.js";
import { ModelConfigError } from "../errors.js";
import type { BlockCache, BlockResult, Decoder, TextContext } from "./decoder.js";
import { initSelfAttention, type Places, placesOf, type SelfAttention, selfAttention } from "./self-attention.js";
import type { TransformerConfig } from "./transformer-config.js";

/** Parameters of one block. */
export interface TransformerBlock<Leaf> {
  readonly norm: Norm<Leaf>;
  readonly attention: SelfAttention<Leaf>;
  readonly feedForward: {
    readonly norm: Norm<Leaf>;
    readonly up: Linear<Leaf>;
    /** Of `swiglu` only. */
    readonly gate?: Linear<Leaf>;
    readonly down: Linear<Leaf>;
  };
}

/** Parameters of a decoder. */
export interface Transformer<Leaf> {
  /** [vocabulary, embeddingWidth] */
  readonly embedding: Leaf;
  /** [added, embeddingWidth]: rows of the tokens from `vocabulary` on. */
  readonly added?: Leaf;
  /** [rows, width]: learned positions. */
  readonly places?: Leaf;
  /** embeddingWidth to width, and back before the head. */
  readonly widen?: Linear<Leaf>;
  readonly narrow?: Linear<Leaf>;
  readonly blocks: readonly TransformerBlock<Leaf>[];
  readonly norm?: Norm<Leaf>;
  /** embeddingWidth to `vocabulary`, and to `added`; the token tables themselves where the head is tied. */
  readonly head?: Linear<Leaf>;
  readonly addedHead?: Linear<Leaf>;
}

/** A decoder at random; what a block writes is smaller the more of them there are. */
export function initTransformer(random: Random, config: TransformerConfig): Transformer<Parameter> {
  const { vocabulary, added, width, layers, hidden, offsets, positions } = config;
  const outer = config.embeddingWidth ?? width;
  const table = (name: string, rows: number, channels: number) =>
    normal(random.fork(name), [rows, channels], 0.02, false);
  const narrowing = 1 / Math.sqrt(2 * layers);
  const own = config.head !== "tied";
  const head = (name: string, rows: number) =>
    initAffine(random.fork(name), outer, rows, config.head === "own with offset");
  return {
    embedding: table("embedding", vocabulary, outer),
    ...(added > 0 ? { added: table("added", added, outer) } : {}),
    ...(positions.kind === "learned" ? { places: table("places", positions.rows, width) } : {}),
    ...(config.embeddingWidth === undefined
      ? {}
      : {
          widen: initLinear(random.fork("widen"), outer, width),
          narrow: initLinear(random.fork("narrow"), width, outer),
        }),
    blocks: Array.from({ length: layers }, (_, depth) => {
      const block = random.fork(`block ${depth}`);
      const up = (name: string) => initAffine(block.fork(name), width, hidden, offsets.feedForward);
      return {
        norm: initNorm(width, config.norm),
        attention: initSelfAttention(block.fork("attention"), config, narrowing),
        feedForward: {
          norm: initNorm(width, config.norm),
          up: up("up"),
          ...(config.activation === "swiglu" ? { gate: up("gate") } : {}),
          down: initAffine(block.fork("down"), hidden, width, offsets.feedForward, narrowing),
        },
      };
    }),
    ...(config.lastNorm ? { norm: initNorm(width, config.norm) } : {}),
    ...(own ? { head: head("head", vocabulary) } : {}),
    ...(own && added > 0 ? { addedHead: head("added head", added) } : {}),
  };
}

/** The decoder that the join reads. */
export function transformerDecoder(
  params: Transformer<Value>,
  config: TransformerConfig,
  context: TextContext,
): Decoder {
  const places = placesOf(config, context);
  return {
    embed: (tokens) => embedded(params, config, tokens, context),
    block: (depth, text, between) =>
      transformerBlock(params.blocks[depth]!, config, text, places, context.past?.[depth], between),
  };
}

/** Token ids [batch, text] to the residual stream [batch, text, width]. */
function embedded(
  params: Transformer<Value>,
  { vocabulary, embeddingScale, positions }: TransformerConfig,
  tokens: Value,
  context: TextContext,
): Value {
  const rows = params.added === undefined ? embed(params.embedding, tokens) : ofEither(params.added);
  const scaledRows = embeddingScale === undefined ? rows : mul(rows, scalar(embeddingScale));
  const stream = params.widen === undefined ? scaledRows : linear(params.widen, scaledRows);
  if (positions.kind !== "learned") return stream;
  const at = cast(add(context.positions, scalar(positions.first)), "int32");
  return add(stream, embed(params.places!, at));

  /** Rows of the table for ids below `vocabulary`, of the added ones from there on. */
  function ofEither(added: Value): Value {
    const bound = (n: number) => constant(Int32Array.of(n), []);
    const base = embed(params.embedding, minimum(tokens, bound(vocabulary - 1)));
    const extra = embed(added, maximum(sub(tokens, bound(vocabulary)), bound(0)));
    return where(less(unsqueeze(tokens, 2), bound(vocabulary)), base, extra);
  }
}

/**
 * One block: [batch, text, width] to [batch, text, width].
 * @throws {ModelConfigError} if something is to stand between the halves of a block that computes both at once
 */
export function transformerBlock(
  params: TransformerBlock<Value>,
  config: TransformerConfig,
  text: Value,
  places: Places,
  past?: BlockCache<Value>,
  between?: (text: Value) => Value,
): BlockResult {
  const then = between ?? ((stream: Value) => stream);
  const normal = (stream: Value) => norm(params.norm, stream, config.norm);
  const feedForward = params.feedForward;
  const normalAgain = (stream: Value) => norm(feedForward.norm, stream, config.norm);
  const attention = (stream: Value) => selfAttention(params.attention, config, stream, places, past);
  switch (config.order) {
    case "before": {
      const { read, present } = attention(normal(text));
      const attended = then(add(text, read));
      return { text: add(attended, dense(feedForward, config, normalAgain(attended))), present };
    }
    case "after": {
      const { read, present } = attention(text);
      const attended = then(normal(add(text, read)));
      return { text: normalAgain(add(attended, dense(feedForward, config, attended))), present };
    }
    case "parallel": {
      if (between !== undefined)
        throw new ModelConfigError(
          "Cross-attention is to stand between self-attention and the feed-forward layer of blocks that compute both at once from the same input.",
          "use gated blocks between the language model's blocks, or a language model whose halves follow one another",
        );
      const { read, present } = attention(normal(text));
      return { text: add(text, add(read, dense(feedForward, config, normalAgain(text)))), present };
    }
  }
}

function dense(
  { up, gate, down }: TransformerBlock<Value>["feedForward"],
  { activation }: TransformerConfig,
  x: Value,
): Value {
  const wide = linear(up, x);
  return linear(down, activation === "swiglu" ? mul(silu(linear(gate!, x)), wide) : ACTIVATIONS[activation](wide));
}

/** The residual stream [.., width] to logits [.., vocabulary + added]. */
export function transformerLogits(params: Transformer<Value>, config: TransformerConfig, text: Value): Value {
  const normal = params.norm === undefined ? text : norm(params.norm, text, config.norm);
  const outer = params.narrow === undefined ? normal : linear(params.narrow, normal);
  const onto = (table: Value | undefined, head: Linear<Value> | undefined) =>
    head !== undefined
      ? [linear(head, outer)]
      : table !== undefined
        ? [matmul(outer, table, { transposeRight: true })]
        : [];
  const parts = [...onto(params.embedding, params.head), ...onto(params.added, params.addedHead)];
  const logits = concat(parts, -1);
  return config.logitScale === undefined ? logits : mul(logits, scalar(config.logitScale));
}
