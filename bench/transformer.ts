/** The training step that engines are compared by: a GPT of a given width on 16 x 128 tokens. */
import { add, axis, constant, embed, type Graph, input, mean } from "#dist/graph/index.js";
import {
  attend,
  bind,
  feedForward,
  HIDDEN,
  initFeedForward,
  initLinear,
  initNorm,
  joinHeads,
  linear,
  norm,
  normal,
  splitHeads,
} from "#dist/nn/layers.js";
import { Random } from "#dist/random.js";
import type { Tensor } from "#dist/runtime/contract.js";
import { nextTokenLosses, trainingGraph } from "#dist/training/objective.js";

export interface TransformerSize {
  readonly width: number;
  readonly layers: number;
  readonly vocabulary: number;
  readonly batch: number;
  readonly text: number;
}

/** As the peers in `bench/peers` and `tools/reference/transformer_step.py` take it. */
export const FULL = { layers: 6, vocabulary: 4096, batch: 16, text: 128 };
export const SMALL = { layers: 1, vocabulary: 64, batch: 2, text: 16 };

const HEAD = 64;

/** Normal numbers; layer norms at 1 and 0. */
export function initTransformer({ width, layers, vocabulary, text }: TransformerSize) {
  const random = new Random("transformer");
  return {
    embedding: normal(random.fork("embedding"), [vocabulary, width], 0.02),
    positions: normal(random.fork("positions"), [text, width], 0.02),
    blocks: Array.from({ length: layers }, (_, depth) => {
      const own = random.fork(`block ${depth}`);
      const square = (name: string) => initLinear(own.fork(name), width, width);
      return {
        norm: initNorm(width),
        query: square("query"),
        key: square("key"),
        value: square("value"),
        output: square("output"),
        feedForward: initFeedForward(own.fork("feed-forward"), width, 4 * width),
      };
    }),
    norm: initNorm(width),
    unembedding: initLinear(random.fork("unembedding"), width, vocabulary),
  };
}

/** The mean loss of the next tokens and its gradients; feeds are `tokens` and `targets`, [batch, text] int32. */
export function transformerGraph(params: ReturnType<typeof initTransformer>, size: TransformerSize): Graph {
  const { width, batch, text } = size;
  const heads = width / HEAD;
  const bound = bind(params, "");
  const ids = (name: string) => input(name, "int32", [axis("batch", batch), axis("text", text)]);
  const later = (_: unknown, i: number) => (i % text > Math.floor(i / text) ? HIDDEN : 0);
  const causal = constant(Float32Array.from({ length: text * text }, later), [axis("text", text), axis("keys", text)]);
  const stream = bound.blocks.reduce(
    (stream, block) => {
      const normal = norm(block.norm, stream);
      const query = splitHeads(linear(block.query, normal), heads);
      const key = splitHeads(linear(block.key, normal), heads, "keys");
      const value = splitHeads(linear(block.value, normal), heads, "keys");
      const attended = add(stream, linear(block.output, joinHeads(attend(query, key, value, causal))));
      return add(attended, feedForward(block.feedForward, attended, "gelu"));
    },
    add(embed(bound.embedding, ids("tokens")), bound.positions),
  );
  const logits = linear(bound.unembedding, norm(bound.norm, stream));
  return trainingGraph(mean(nextTokenLosses(logits, ids("targets")), [0, 1]));
}

/** The batch that every peer takes. */
export function transformerFeeds({ vocabulary, batch, text }: TransformerSize): Record<string, Tensor> {
  const ids = (from: number) => ({
    data: Int32Array.from({ length: batch * text }, (_, i) => ((i + from) * 7919) % vocabulary),
    shape: [batch, text],
  });
  return { tokens: ids(0), targets: ids(1) };
}
