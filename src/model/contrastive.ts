/**
 * Contrastive pretraining of a vision tower: pictures and captions meet in one space, each picture nearest its own
 * caption. Only the vision tower goes on to Flamingo. @source arXiv:2204.14198, section B.1.3; arXiv:2103.00020
 *
 * The paper's text side is a BERT. Nano's is the bag of a caption's tokens as the frozen language model embeds them: a tower
 * that is then joined to that model already speaks of pictures in its words, up to a linear map.
 */
import {
  add,
  axis,
  constant,
  crossEntropy,
  div,
  exp,
  matmul,
  mean,
  mul,
  scalar,
  sqrt,
  sum,
  transpose,
  trim,
  type Value,
} from "../graph/index.js";
import { filled, initLinear, type Linear, linear } from "../nn/layers.js";
import type { Parameter } from "../nn/parameters.js";
import type { Random } from "../random.js";
import { type CaptionConfig, type CaptionTower, captionTower, initCaptionTower } from "./text/caption-tower.js";
import { initVision, type Vision, type VisionConfig, visionGrid, visionTower } from "./vision/tower.js";

/** Sizes of both sides. */
export interface ContrastiveConfig {
  readonly vision: VisionConfig;
  readonly text: CaptionConfig;
  /** Channels of the space in which both meet. Without it that is the vision tower's own, and pictures are not projected. */
  readonly space?: number;
  /** The share of each target that is spread over all captions, or all pictures; none without it. */
  readonly smoothing?: number;
}

/** Parameters of both sides. */
export interface Contrastive<Leaf> {
  readonly vision: Vision<Leaf>;
  readonly projectPicture?: Linear<Leaf>;
  readonly text: CaptionTower<Leaf>;
  readonly projectText: Linear<Leaf>;
  /** Logarithm of the inverse temperature, a scalar. */
  readonly temperature: Leaf;
}

/**
 * Both sides at random.
 * @param embedding  of a bag: a language model's table, [vocabulary, width], which stays as it is
 */
export function initContrastive(
  random: Random,
  config: ContrastiveConfig,
  embedding?: Parameter,
): Contrastive<Parameter> {
  const { width } = visionGrid(config.vision);
  const { space } = config;
  return {
    vision: initVision(random.fork("vision"), config.vision),
    ...(space === undefined ? {} : { projectPicture: initLinear(random.fork("project picture"), width, space) }),
    text: initCaptionTower(random.fork("text"), config.text, embedding),
    projectText: initLinear(random.fork("project text"), config.text.width, space ?? width),
    temperature: filled([], Math.log(1 / 0.07)),
  };
}

/** Pictures in the common space, of length 1: [pictures, height, width, 3] to [pictures, space]. */
export function embedPictures(
  { vision, projectPicture }: Pick<Contrastive<Value>, "vision" | "projectPicture">,
  config: ContrastiveConfig,
  pixels: Value,
): Value {
  const pooled = mean(visionTower(vision, config.vision, pixels), [1]);
  return ofUnitLength(projectPicture === undefined ? pooled : linear(projectPicture, pooled));
}

/**
 * Captions in the same space, of length 1. A row of padding is the zero vector.
 * @param tokens  [captions, text], padded with `padding`
 * @returns  [captions, space]
 */
export function embedCaptions(
  params: Pick<Contrastive<Value>, "text" | "projectText">,
  config: ContrastiveConfig,
  tokens: Value,
  padding: number,
): Value {
  return ofUnitLength(linear(params.projectText, captionTower(params.text, config.text, tokens, padding)));
}

/**
 * The contrastive loss: cross entropy of each picture's own caption among all captions, and of each caption's own picture
 * among the pictures, in nats. The first captions are the pictures' own, in order; those after them belong to no picture.
 * @param pictures  [pictures, space]
 * @param captions  [captions, space], at least as many
 * @param smoothing  the share of each target that is spread over all captions, or all pictures; 0.1 in the paper
 * @returns  the loss, a scalar, and every similarity over the temperature [pictures, captions]
 */
export function contrastiveLoss(
  pictures: Value,
  captions: Value,
  temperature: Value,
  { smoothing = 0 }: Pick<ContrastiveConfig, "smoothing"> = {},
): { loss: Value; logits: Value } {
  const count = pictures.axes[0]!.size!;
  const logits = mul(matmul(pictures, captions, { transposeRight: true }), exp(temperature));
  const own = constant(
    Int32Array.from({ length: count }, (_, i) => i),
    [axis("", count)],
  );
  const each = (scores: Value) => mean(crossEntropy(scores, own, { smoothing }).loss, [0]);
  const paired = trim(logits, 1, 0, captions.axes[0]!.size! - count, pictures.axes[0]!);
  return { loss: mul(add(each(logits), each(transpose(paired, [1, 0]))), scalar(0.5)), logits };
}

function ofUnitLength(x: Value): Value {
  return div(x, sqrt(add(sum(mul(x, x), [-1], true), scalar(1e-8))));
}
