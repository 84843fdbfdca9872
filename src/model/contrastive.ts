/**
 * Contrastive pretraining of a vision tower: pictures and captions meet in one space, each picture nearest its own
 * caption. Only the vision tower goes on to Flamingo. @source arXiv:2204.14198, section B.1.3; arXiv:2103.00020
 *
 * The text side is the bag of a caption's tokens as the frozen language model embeds them, and one linear map: a tower
 * that is then joined to that model already speaks of pictures in its words, up to a linear map.
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
  trim,
  type Value,
  where,
} from "../graph/index.js";
import { filled, initLinear, type Linear, linear } from "../nn/layers.js";
import { frozen, type Parameter } from "../nn/parameters.js";
import type { Random } from "../random.js";
import { initVision, type Vision, type VisionConfig, visionGrid, visionTower } from "./vision/tower.js";

export interface ContrastiveConfig {
  readonly vision: VisionConfig;
  readonly text: {
    /** Longest caption in tokens. */
    readonly length: number;
  };
}

export interface Contrastive<Leaf> {
  readonly vision: Vision<Leaf>;
  /** [vocabulary, width]: what the frozen language model knows tokens by. */
  readonly embedding: Leaf;
  readonly projectText: Linear<Leaf>;
  /** Logarithm of the inverse temperature, a scalar. */
  readonly temperature: Leaf;
}

/** @param embedding  a language model's, [vocabulary, width]; it stays as it is. */
export function initContrastive(
  random: Random,
  config: ContrastiveConfig,
  embedding: Parameter,
): Contrastive<Parameter> {
  return {
    vision: initVision(random.fork("vision"), config.vision),
    embedding: frozen(embedding),
    projectText: initLinear(random.fork("project text"), embedding.shape[1]!, visionGrid(config.vision).width),
    temperature: filled([], Math.log(1 / 0.07)),
  };
}

/** Pictures in the space of the vision tower's head, of length 1: [pictures, height, width, 3] to [pictures, head]. */
export function embedPictures(
  params: Pick<Contrastive<Value>, "vision">,
  config: ContrastiveConfig,
  pixels: Value,
): Value {
  return ofUnitLength(mean(visionTower(params.vision, config.vision, pixels), [1]));
}

/**
 * Captions in the same space, of length 1: the sum of their tokens' embeddings, projected. A row of padding is the zero
 * vector.
 * @param tokens  [captions, text], padded with `padding`
 * @returns  [captions, head]
 */
export function embedCaptions(
  params: Pick<Contrastive<Value>, "embedding" | "projectText">,
  tokens: Value,
  padding: number,
): Value {
  const [captions, text] = tokens.axes;
  const blank = equal(tokens, constant(Int32Array.of(padding), [axis("", 1)]));
  const real = reshape(where(blank, scalar(0), scalar(1)), [captions!, text!, axis("", 1)]);
  const words = sum(mul(embed(params.embedding, tokens), real), [1]);
  return ofUnitLength(linear(params.projectText, words));
}

/**
 * The contrastive loss: cross entropy of each picture's own caption among all captions, and of each caption's own picture
 * among the pictures, in nats. The first captions are the pictures' own, in order; those after them belong to no picture.
 * @param pictures  [pictures, head]
 * @param captions  [captions, head], at least as many
 * @returns  the loss, a scalar, and every similarity over the temperature [pictures, captions]
 */
export function contrastiveLoss(pictures: Value, captions: Value, temperature: Value): { loss: Value; logits: Value } {
  const count = pictures.axes[0]!.size!;
  const logits = mul(matmul(pictures, captions, { transposeRight: true }), exp(temperature));
  const own = constant(
    Int32Array.from({ length: count }, (_, i) => i),
    [axis("", count)],
  );
  const each = (scores: Value) => mean(crossEntropy(scores, own).loss, [0]);
  const paired = trim(logits, 1, 0, captions.axes[0]!.size! - count, pictures.axes[0]!);
  return { loss: mul(add(each(logits), each(transpose(paired, [1, 0]))), scalar(0.5)), logits };
}

function ofUnitLength(x: Value): Value {
  return div(x, sqrt(add(sum(mul(x, x), [-1], true), scalar(1e-8))));
}
