/** Sizes of a Flamingo and what they make: every switch in which the paper, its ablations and its relatives differ. */

import type { AttentionMaps } from "../nn/attention.js";
import {
  type Activation,
  type FeedForward,
  filled,
  initFeedForward,
  initLinear,
  initNorm,
  LAYER_NORM,
  type Linear,
  type Norm,
  type NormConfig,
  normal,
} from "../nn/layers.js";
import type { Parameter } from "../nn/parameters.js";
import type { Random } from "../random.js";
import { initLanguage, type Language, type LanguageConfig, languageSizes } from "./language/language.js";
import { initVision, type Vision, type VisionConfig, visionGrid } from "./vision/tower.js";

/** Sizes of what makes visual tokens of features. What may be left out is the paper's unless told. */
export interface ResamplerConfig {
  /**
   * `perceiver`: learnt queries, a fixed few tokens of any medium. Its alternatives in the paper's ablation keep every
   * feature as a token: `mlp` maps each by itself, in `transformer` they attend to one another.
   */
  readonly kind?: "perceiver" | "mlp" | "transformer";
  readonly layers: number;
  readonly heads: number;
  /** Channels of a head; width / heads unless told. */
  readonly headDim?: number;
  /** Channels of a visual token; the language model's unless told. */
  readonly width?: number;
  /** Hidden channels of the feed-forward layers. */
  readonly hidden: number;
  /** Visual tokens made of one image or video by `perceiver`; 64 in the paper. */
  readonly latents: number;
  /** Frames that have a temporal embedding of their own; 8 in the paper, 0: none. Longer videos interpolate between them. */
  readonly frames: number;
  /** Whether a linear map stands before it. It must where features are of another width. True unless told. */
  readonly project?: boolean;
  /** Of the feed-forward layers; `squaredRelu` unless told. */
  readonly activation?: Activation;
  /** Whether queries and keys are normalised head by head. False unless told. */
  readonly qkNorm?: boolean;
  /** Whether the tokens are normalised at the end. True unless told. */
  readonly finalNorm?: boolean;
}

/** Sizes and places of the gated blocks. What may be left out is the paper's unless told. */
export interface GatedConfig {
  /**
   * `xattn-dense`: a block of cross-attention and a feed-forward layer in front of a language block. `vanilla`: only
   * cross-attention, inside a language block, between its self-attention and its feed-forward layer.
   */
  readonly kind?: "xattn-dense" | "vanilla";
  /** The language blocks in front of which (vanilla: inside which) one stands, rising; see `everyNth`. */
  readonly before: readonly number[];
  /** Layers of self-attention and a gated block set upon the finished language model, the paper's grafting; 0 unless told. */
  readonly grafts?: number;
  readonly heads: number;
  /** Channels of a head; the language model's width / heads unless told. */
  readonly headDim?: number;
  /** Hidden channels of the feed-forward layers. */
  readonly hidden: number;
  /** Of the text; a layer normalisation unless told. */
  readonly norm?: NormConfig;
  /** Whether what keys and values are made of is normalised. True unless told. */
  readonly visualNorm?: boolean;
  /** Whether queries and keys are normalised (RMS) head by head. False unless told. */
  readonly qkNorm?: boolean;
  /** Of the feed-forward layers; `squaredRelu` unless told. */
  readonly activation?: Activation | "swiglu";
  /** One gate for all channels, one for each, or none, so that blocks are wide open from the start. `scalar` unless told. */
  readonly gate?: "scalar" | "vector" | "none";
  /** Whether text sees the last medium before it, or all that stand before it. `last` unless told. */
  readonly attend?: "last" | "all";
  /** Whether one linear map takes visual tokens to the language model's width before any block. False unless told. */
  readonly project?: boolean;
}

/** Sizes of a whole Flamingo. */
export interface FlamingoConfig {
  readonly vision: VisionConfig;
  readonly language: LanguageConfig;
  readonly resampler: ResamplerConfig;
  readonly gated: GatedConfig;
  /** Which token embeddings are Flamingo's own and not the language model's: those `added` to it, or the whole `table`. */
  readonly ownTokens?: "added" | "table";
}

/** Parameters of one layer of the resampler; attention is absent in `mlp`, the norm of media in all but `perceiver`. */
export interface ResamplerLayer<Leaf> {
  readonly normMedia?: Norm<Leaf>;
  readonly normLatents?: Norm<Leaf>;
  readonly query?: Linear<Leaf>;
  readonly key?: Linear<Leaf>;
  readonly value?: Linear<Leaf>;
  /** Of one head. */
  readonly normQuery?: Norm<Leaf>;
  readonly normKey?: Norm<Leaf>;
  readonly output?: Linear<Leaf>;
  readonly feedForward: FeedForward<Leaf>;
}

/** Parameters of the resampler. */
export interface Resampler<Leaf> {
  /** Vision width to its own. */
  readonly project?: Linear<Leaf>;
  /** [frames, width] */
  readonly time?: Leaf;
  /** [latents, width] */
  readonly latents?: Leaf;
  readonly layers: readonly ResamplerLayer<Leaf>[];
  readonly norm?: Norm<Leaf>;
}

/** Parameters of one GATED XATTN-DENSE block. */
export interface GatedBlock<Leaf> extends AttentionMaps<Leaf> {
  readonly norm: Norm<Leaf>;
  readonly normVisual?: Norm<Leaf>;
  /** Of one head. */
  readonly normQuery?: Norm<Leaf>;
  readonly normKey?: Norm<Leaf>;
  /** Scalars or [width], before tanh; 0 at first, so that the block is the identity. */
  readonly attentionGate?: Leaf;
  readonly denseGate?: Leaf;
  readonly feedForward?: FeedForward<Leaf>;
}

/** Parameters of the self-attention in front of a grafted gated block. */
export interface Graft<Leaf> extends AttentionMaps<Leaf> {
  readonly norm: Norm<Leaf>;
  readonly gate?: Leaf;
}

/** Parameters of a whole Flamingo. */
export interface Flamingo<Leaf> {
  readonly vision: Vision<Leaf>;
  readonly language: Language<Leaf>;
  readonly resampler: Resampler<Leaf>;
  /** Visual tokens to the language model's width. */
  readonly visualProjection?: Linear<Leaf>;
  /** Those in front of language blocks, then those of grafts. */
  readonly gated: readonly GatedBlock<Leaf>[];
  readonly grafts?: readonly Graft<Leaf>[];
}

/**
 * Language blocks in front of which gated ones stand.
 * @param of  the paper's and IDEFICS's stand at the `first` of each group of `every` blocks, OpenFlamingo's at the `last`
 */
export function everyNth(layers: number, every: number, of: "first" | "last" = "first"): number[] {
  return Array.from({ length: layers }, (_, depth) => depth).filter(
    (depth) => (of === "first" ? depth : depth + 1) % every === 0,
  );
}

/** Channels of a visual token. */
export function visualWidth({ resampler, language }: Pick<FlamingoConfig, "resampler" | "language">): number {
  return resampler.width ?? languageSizes(language).width;
}

/** Visual tokens made of a medium of so many frames. */
export function visualTokenCount({ vision, resampler }: FlamingoConfig, frames = 1): number {
  return isPerceiver(resampler) ? resampler.latents : frames * visionGrid(vision).patches;
}

/** Channels of all heads of a gated block: what it keeps of each visual token as a key, and as a value. */
export function gatedInner({ gated, language }: FlamingoConfig): number {
  return gated.headDim === undefined ? languageSizes(language).width : gated.heads * gated.headDim;
}

/** Whether it makes a fixed few visual tokens of a medium, and does not keep every feature as one. */
export function isPerceiver({ kind = "perceiver" }: ResamplerConfig): boolean {
  return kind === "perceiver";
}

/** A resampler at random, from features of `visionWidth` channels to visual tokens of `width`. */
export function initResampler(
  random: Random,
  config: ResamplerConfig,
  visionWidth: number,
  width: number,
): Resampler<Parameter> {
  const { kind = "perceiver", headDim = width / config.heads, finalNorm = true, project = true } = config;
  const inner = config.heads * headDim;
  const attention = (own: Random) => ({
    ...(kind === "perceiver" ? { normMedia: initNorm(width) } : {}),
    normLatents: initNorm(width),
    query: initLinear(own.fork("query"), width, inner),
    key: initLinear(own.fork("key"), width, inner),
    value: initLinear(own.fork("value"), width, inner),
    ...(config.qkNorm ? { normQuery: initNorm(headDim), normKey: initNorm(headDim) } : {}),
    output: initLinear(own.fork("output"), inner, width),
  });
  return {
    ...(project ? { project: initLinear(random.fork("project"), visionWidth, width) } : {}),
    ...(config.frames > 0 ? { time: normal(random.fork("time"), [config.frames, width], 0.02, false) } : {}),
    ...(kind === "perceiver" ? { latents: normal(random.fork("latents"), [config.latents, width], 1, false) } : {}),
    layers: Array.from({ length: config.layers }, (_, depth) => {
      const own = random.fork(`layer ${depth}`);
      return {
        ...(kind === "mlp" ? {} : attention(own)),
        feedForward: initFeedForward(own.fork("feed-forward"), width, config.hidden),
      };
    }),
    ...(finalNorm ? { norm: initNorm(width) } : {}),
  };
}

/**
 * A gated block at random, its gates closed.
 * @param visual  channels of the visual tokens it reads
 */
export function initGatedBlock(
  random: Random,
  config: GatedConfig,
  width: number,
  visual = width,
): GatedBlock<Parameter> {
  const { headDim = width / config.heads, norm = LAYER_NORM, visualNorm = true } = config;
  const inner = config.heads * headDim;
  const dense = config.kind !== "vanilla";
  const headNorm = () => initNorm(headDim, { ...norm, kind: "rms", offset: false });
  const gate = () => filled(config.gate === "vector" ? [width] : [], 0);
  const gated = config.gate !== "none";
  return {
    norm: initNorm(width, norm),
    ...(visualNorm ? { normVisual: initNorm(visual, norm) } : {}),
    query: initLinear(random.fork("query"), width, inner),
    key: initLinear(random.fork("key"), visual, inner),
    value: initLinear(random.fork("value"), visual, inner),
    ...(config.qkNorm ? { normQuery: headNorm(), normKey: headNorm() } : {}),
    output: initLinear(random.fork("output"), inner, width),
    ...(gated ? { attentionGate: gate() } : {}),
    ...(gated && dense ? { denseGate: gate() } : {}),
    ...(dense ? { feedForward: initFeedForward(random.fork("feed-forward"), width, config.hidden, 1, config) } : {}),
  };
}

function initGraft(random: Random, config: GatedConfig, width: number): Graft<Parameter> {
  return {
    norm: initNorm(width, config.norm),
    query: initLinear(random.fork("query"), width, width),
    key: initLinear(random.fork("key"), width, width),
    value: initLinear(random.fork("value"), width, width),
    output: initLinear(random.fork("output"), width, width),
    ...(config.gate === "none" ? {} : { gate: filled(config.gate === "vector" ? [width] : [], 0) }),
  };
}

/** A whole Flamingo at random, all gates closed. Nothing is frozen yet: `frozen` does that to its towers. */
export function initFlamingo(random: Random, config: FlamingoConfig): Flamingo<Parameter> {
  const { width } = languageSizes(config.language);
  const { before, grafts = 0, project = false } = config.gated;
  const visual = visualWidth(config);
  return {
    vision: initVision(random.fork("vision"), config.vision),
    language: initLanguage(random.fork("language"), config.language),
    resampler: initResampler(random.fork("resampler"), config.resampler, visionGrid(config.vision).width, visual),
    ...(project ? { visualProjection: initLinear(random.fork("visual projection"), visual, width) } : {}),
    gated: Array.from({ length: before.length + grafts }, (_, i) =>
      initGatedBlock(random.fork(`gated ${i}`), config.gated, width, project ? width : visual),
    ),
    ...(grafts > 0
      ? { grafts: Array.from({ length: grafts }, (_, i) => initGraft(random.fork(`graft ${i}`), config.gated, width)) }
      : {}),
  };
}
