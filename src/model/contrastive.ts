/**
 * Contrastive pretraining of a vision tower: pictures and captions meet in one space, each picture nearest its own
 * caption. Only the vision tower goes on to Flamingo. @source arXiv:2204.14198, section B.1.3; arXiv:2103.00020
 */
import {
  add,
  axis,
  constant,
  crossEntropy,
  div,
  embed,
  equal,
  exp,
  matmul,
  mean,
  mul,
  reshape,
  scalar,
  sqrt,
  sum,
  transpose,
  type Value,
  where,
} from "../graph/index.js";
import {
  attend,
  type FeedForward,
  feedForward,
  filled,
  HIDDEN,
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
} from "../nn/layers.js";
import type { Parameter } from "../nn/parameters.js";
import type { Random } from "../random.js";
import { initNfnet, type Nfnet, type NfnetConfig, nfnet } from "./vision/nfnet.js";

export interface ContrastiveConfig {
  readonly vision: NfnetConfig;
  readonly text: {
    readonly vocabulary: number;
    readonly width: number;
    readonly layers: number;
    readonly heads: number;
    /** Longest caption in tokens. */
    readonly length: number;
  };
}

interface TextBlock<Leaf> {
  readonly norm: Norm<Leaf>;
  readonly query: Linear<Leaf>;
  readonly key: Linear<Leaf>;
  readonly value: Linear<Leaf>;
  readonly output: Linear<Leaf>;
  readonly feedForward: FeedForward<Leaf>;
}

export interface Contrastive<Leaf> {
  readonly vision: Nfnet<Leaf>;
  readonly text: {
    readonly embedding: Leaf;
    readonly positions: Leaf;
    readonly blocks: readonly TextBlock<Leaf>[];
  };
  readonly projectText: Linear<Leaf>;
  /** Logarithm of the inverse temperature, a scalar. */
  readonly temperature: Leaf;
}

export function initContrastive(random: Random, config: ContrastiveConfig): Contrastive<Parameter> {
  const { width, layers, vocabulary, length } = config.text;
  const text = random.fork("text");
  return {
    vision: initNfnet(random.fork("vision"), config.vision),
    text: {
      embedding: normal(text.fork("embedding"), [vocabulary, width], 0.5, false),
      positions: normal(text.fork("positions"), [length, width], 0.1, false),
      blocks: Array.from({ length: layers }, (_, depth) => {
        const own = text.fork(`block ${depth}`);
        return {
          norm: initNorm(width),
          query: initLinear(own.fork("query"), width, width),
          key: initLinear(own.fork("key"), width, width),
          value: initLinear(own.fork("value"), width, width),
          output: initLinear(own.fork("output"), width, width, 0.5),
          feedForward: initFeedForward(own.fork("feed-forward"), width, 4 * width, 0.5),
        };
      }),
    },
    projectText: initLinear(random.fork("project text"), width, config.vision.head),
    temperature: filled([], Math.log(1 / 0.07)),
  };
}

/** Pictures in the space of the vision tower's head, of length 1: [pictures, height, width, 3] to [pictures, head]. */
export function embedPictures(
  params: Pick<Contrastive<Value>, "vision">,
  config: ContrastiveConfig,
  pixels: Value,
): Value {
  return ofUnitLength(mean(nfnet(params.vision, config.vision, pixels), [1]));
}

/**
 * Captions in the same space, of length 1.
 * @param tokens  [captions, text], padded with `padding`
 * @returns  [captions, head]
 */
export function embedCaptions(
  params: Pick<Contrastive<Value>, "text" | "projectText">,
  config: ContrastiveConfig,
  tokens: Value,
  padding: number,
): Value {
  const [captions, text] = tokens.axes;
  const blank = equal(tokens, constant(Int32Array.of(padding), [axis("", 1)]));
  const bias = where(
    reshape(blank, [captions!, axis("", 1), axis("", 1), { ...text!, name: "keys" }]),
    scalar(HIDDEN),
    scalar(0),
  );
  const real = reshape(where(blank, scalar(0), scalar(1)), [captions!, text!, axis("", 1)]);
  let x = add(embed(params.text.embedding, tokens), params.text.positions);
  for (const block of params.text.blocks) {
    const normal = norm(block.norm, x);
    const query = splitHeads(linear(block.query, normal), config.text.heads);
    const key = splitHeads(linear(block.key, normal), config.text.heads, "keys");
    const value = splitHeads(linear(block.value, normal), config.text.heads, "keys");
    x = add(x, linear(block.output, joinHeads(attend(query, key, value, bias))));
    x = add(x, feedForward(block.feedForward, x, "squaredRelu"));
  }
  const pooled = div(sum(mul(x, real), [1]), sum(real, [1]));
  return ofUnitLength(linear(params.projectText, pooled));
}

/**
 * The contrastive loss: cross entropy of each picture among the captions and each caption among the pictures, in nats.
 * @returns  the loss, a scalar, and every similarity [pictures, captions]
 */
export function contrastiveLoss(pictures: Value, captions: Value, temperature: Value): { loss: Value; logits: Value } {
  const count = pictures.axes[0]!.size!;
  const logits = mul(matmul(pictures, captions, { transposeRight: true }), exp(temperature));
  const own = constant(
    Int32Array.from({ length: count }, (_, i) => i),
    [axis("", count)],
  );
  const each = (scores: Value) => mean(crossEntropy(scores, own).loss, [0]);
  return { loss: mul(add(each(logits), each(transpose(logits, [1, 0]))), scalar(0.5)), logits };
}

function ofUnitLength(x: Value): Value {
  return div(x, sqrt(add(sum(mul(x, x), [-1], true), scalar(1e-8))));
}
