/** Self-attention of the generic decoder, and what all of its blocks share of the places of the tokens. */
import { add, axis, clip, matmul, mul, reshape, scalar, transpose, type Value } from "../../graph/index.js";
import { type AttentionMaps, attendGrouped } from "../../nn/attention.js";
import {
  filled,
  initAffine,
  initLinear,
  initNorm,
  type Linear,
  linear,
  type Norm,
  norm,
  splitHeads,
} from "../../nn/layers.js";
import type { Parameter } from "../../nn/parameters.js";
import type { Random } from "../../random.js";
import type { BlockCache, TextContext } from "./decoder.js";
import { causal, linearPositions, publishedSlopes } from "./positions.js";
import { type Distances, rotary, sinusoids, type Turn, turn } from "./rotary.js";
import type { TransformerConfig } from "./transformer-config.js";

/** Parameters of the self-attention of one block. */
export interface SelfAttention<Leaf> extends AttentionMaps<Leaf> {
  /** Where queries and keys are normalised. */
  readonly queryNorm?: Norm<Leaf>;
  readonly keyNorm?: Norm<Leaf>;
  /** Of relative positions only. */
  readonly relative?: Relative<Leaf>;
}

/** What scores of content and of distance have of their own. */
export interface Relative<Leaf> {
  /** Sinusoids of distances to keys: width to heads x headDim. */
  readonly project: Linear<Leaf>;
  /** Added to queries that ask for content (u) and for distance (v), [heads x headDim]. */
  readonly content: Leaf;
  readonly distance: Leaf;
}

/**
 * Self-attention at random.
 * @param gain  factor on the deviation of the output's map
 */
export function initSelfAttention(random: Random, config: TransformerConfig, gain: number): SelfAttention<Parameter> {
  const { width, heads, keyHeads, headDim, offsets, norm, queryKeyNorm, positions } = config;
  const [asked, seen] = [heads * headDim, keyHeads * headDim];
  const map = (name: string, to: number) => initAffine(random.fork(name), width, to, offsets.queryKeyValue);
  const over = (channels: number) => initNorm(queryKeyNorm === "head" ? headDim : channels, norm);
  return {
    query: map("query", asked),
    key: map("key", seen),
    value: map("value", seen),
    output: initAffine(random.fork("output"), asked, width, offsets.output, gain),
    ...(queryKeyNorm === "none" ? {} : { queryNorm: over(asked), keyNorm: over(seen) }),
    ...(positions.kind === "relative"
      ? {
          relative: {
            project: initLinear(random.fork("project"), width, asked),
            content: filled([asked], 0),
            distance: filled([asked], 0),
          },
        }
      : {}),
  };
}

/** What all blocks of a graph share of the places of its tokens. */
export interface Places {
  /** Broadcasts to [batch, heads, text, keys]. */
  readonly bias: Value;
  readonly turn?: Turn;
  readonly distances?: Distances;
}

/** What the blocks share of the places of a call's tokens; learned positions are in the embedding. */
export function placesOf({ positions, heads, headDim, width }: TransformerConfig, context: TextContext): Places {
  switch (positions.kind) {
    case "learned":
      return { bias: causal(context) };
    case "linear":
      return { bias: linearPositions(heads, context, publishedSlopes(heads, positions.steepest)) };
    case "rotary":
      return { bias: causal(context), turn: rotary(context.positions, { ...positions, headDim }) };
    case "relative":
      return { bias: causal(context), distances: sinusoids(context, width, positions.base) };
  }
}

/**
 * Self-attention over normalised inputs.
 * @param x  [batch, text, width]
 * @returns  what is added to the residual stream, [batch, text, width], and the keys, already turned, and values
 *   of these tokens
 */
export function selfAttention(
  params: SelfAttention<Value>,
  config: TransformerConfig,
  x: Value,
  { bias, turn: turned, distances }: Places,
  past?: BlockCache<Value>,
): { readonly read: Value; readonly present: BlockCache<Value> } {
  const { heads, keyHeads, headDim, clip: bound, scoreScale } = config;
  const projected = (map: Linear<Value>) => {
    const y = linear(map, x);
    return bound === undefined ? y : clip(y, -bound, bound);
  };
  const placed = (y: Value, count: number, scale?: Norm<Value>) => {
    const whole = scale !== undefined && config.queryKeyNorm === "width" ? norm(scale, y, config.norm) : y;
    const [batch, text, channels] = whole.axes;
    const apart = reshape(whole, [batch!, text!, axis("heads", count), axis("headDim", headDim)]);
    const each = scale !== undefined && config.queryKeyNorm === "head" ? norm(scale, apart, config.norm) : apart;
    return each === apart && turned === undefined
      ? whole
      : reshape(turned === undefined ? each : turn(each, turned), [batch!, text!, channels!]);
  };
  const key = placed(projected(params.key), keyHeads, params.keyNorm);
  const value = projected(params.value);
  const asked = placed(projected(params.query), heads, params.queryNorm);
  const query = scoreScale === undefined ? asked : mul(asked, scalar(scoreScale * Math.sqrt(headDim)));
  const seen = past === undefined ? [{ key, value }] : [past, { key, value }];
  const { relative } = params;
  const read =
    relative === undefined
      ? attendGrouped(query, seen, config, bias)
      : attendGrouped(
          add(query, relative.content),
          seen,
          config,
          add(distanceScores(relative, config, query, distances!), bias),
        );
  return { read: linear(params.output, read), present: { key, value } };
}

/**
 * Scores of distances: the product of each query with the projected sinusoids of the distance to each key. The projection
 * is taken to the queries' side, so that nothing is computed for each pair but the last product.
 * @returns  [batch, heads, text, keys]
 * @source arXiv:1901.02860, section 3.3, terms (b) and (d)
 */
function distanceScores(
  { project, distance }: Relative<Value>,
  { heads, headDim, width }: TransformerConfig,
  query: Value,
  { query: turned, key }: Distances,
): Value {
  const asking = splitHeads(add(query, distance), heads);
  const perHead = transpose(
    reshape(project.weight, [axis("", width), axis("heads", heads), axis("headDim", headDim)]),
    [1, 0, 2],
  );
  const amplitudes = matmul(asking, perHead, { transposeRight: true, scale: 1 / Math.sqrt(headDim) });
  return matmul(turn(amplitudes, turned), key, { transposeRight: true });
}
