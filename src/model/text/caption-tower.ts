/** The text side of contrastive pretraining, by the kind its configuration names: a caption to one vector. */
import {
  axis,
  constant,
  div,
  embed,
  equal,
  maximum,
  mul,
  reshape,
  scalar,
  sum,
  type Value,
  where,
} from "../../graph/index.js";
import { normal } from "../../nn/layers.js";
import { frozen, type Parameter } from "../../nn/parameters.js";
import type { Random } from "../../random.js";
import { type Bert, type BertConfig, bert, initBert } from "./bert.js";

/** The sum of a caption's tokens, each by its row of a table. */
export interface BagConfig {
  readonly kind: "bag";
  readonly vocabulary: number;
  readonly width: number;
}

/** Sizes of a text tower, whichever it is. */
export type CaptionConfig = (BagConfig | BertConfig) & {
  /** Longest caption in tokens. */
  readonly length: number;
};

/** Parameters of a bag. */
export interface Bag<Leaf> {
  /** [vocabulary, width] */
  readonly embedding: Leaf;
}

/** Parameters of a text tower, of the kind that its configuration names. */
export type CaptionTower<Leaf> = Bag<Leaf> | Bert<Leaf>;

/**
 * A text tower at random.
 * @param embedding  of a bag: a language model's table, [vocabulary, width], which stays as it is
 */
export function initCaptionTower(
  random: Random,
  config: CaptionConfig,
  embedding?: Parameter,
): CaptionTower<Parameter> {
  if (config.kind === "bert") return initBert(random, config);
  const { vocabulary, width } = config;
  return {
    embedding:
      embedding === undefined ? normal(random, [vocabulary, width], 1 / Math.sqrt(width), false) : frozen(embedding),
  };
}

/**
 * Captions as the tower knows them: the sum of a bag's tokens, the mean of BERT's. Padding counts nowhere; a caption that
 * is all padding is the zero vector.
 * @param tokens  [captions, text], padded with `padding`
 * @returns  [captions, width]
 */
export function captionTower(
  params: CaptionTower<Value>,
  config: CaptionConfig,
  tokens: Value,
  padding: number,
): Value {
  const [captions, text] = tokens.axes;
  const blank = equal(tokens, constant(Int32Array.of(padding), [axis("", 1)]));
  const real = reshape(where(blank, scalar(0), scalar(1)), [captions!, text!, axis("", 1)]);
  if (config.kind === "bag") return sum(mul(embed(params.embedding, tokens), real), [1]);
  const total = sum(mul(bert(params as Bert<Value>, config, tokens, blank), real), [1]);
  return div(total, maximum(sum(real, [1]), scalar(1)));
}
