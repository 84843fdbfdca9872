/**
 * Flamingo's own contribution (Alayrac et al., arXiv 2204.14198): the Perceiver Resampler, which makes a fixed few
 * visual tokens of any picture or video, and the GATED XATTN-DENSE blocks, through which a frozen language model reads
 * them. The last function is the paper's figure.
 */
import {
  add,
  axis,
  cast,
  concat,
  constant,
  equal,
  greater,
  matmul,
  moveRows,
  mul,
  named,
  reshape,
  scalar,
  slice,
  tanh,
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
import type { BlockCache, TextContext } from "./language/decoder.js";
import {
  decoder,
  initLanguage,
  type Language,
  type LanguageConfig,
  languageSizes,
  unembed,
} from "./language/language.js";
import { initVision, type Vision, type VisionConfig, visionGrid, visionTower } from "./vision/tower.js";

/** Sizes of the Perceiver Resampler. */
export interface ResamplerConfig {
  readonly layers: number;
  readonly heads: number;
  /** Hidden channels of the feed-forward layers. */
  readonly hidden: number;
  /** Visual tokens made of one image or video; 64 in the paper. */
  readonly latents: number;
  /** Frames that have a temporal embedding of their own; 8 in the paper. Longer videos interpolate between them. */
  readonly frames: number;
}

/** Sizes and places of the gated blocks. */
export interface GatedConfig {
  /** A gated block stands before language blocks 0, every, 2 every... */
  readonly every: number;
  readonly heads: number;
  /** Hidden channels of the feed-forward layers. */
  readonly hidden: number;
}

/** Sizes of a whole Flamingo. */
export interface FlamingoConfig {
  readonly vision: VisionConfig;
  readonly language: LanguageConfig;
  readonly resampler: ResamplerConfig;
  readonly gated: GatedConfig;
}

/** Parameters of one layer of the resampler. */
export interface ResamplerLayer<Leaf> {
  readonly normMedia: Norm<Leaf>;
  readonly normLatents: Norm<Leaf>;
  readonly query: Linear<Leaf>;
  readonly key: Linear<Leaf>;
  readonly value: Linear<Leaf>;
  readonly output: Linear<Leaf>;
  readonly feedForward: FeedForward<Leaf>;
}

/** Parameters of the resampler. */
export interface Resampler<Leaf> {
  /** Vision width to the language model's. */
  readonly project: Linear<Leaf>;
  /** [frames, width] */
  readonly time: Leaf;
  /** [latents, width] */
  readonly latents: Leaf;
  readonly layers: readonly ResamplerLayer<Leaf>[];
  readonly norm: Norm<Leaf>;
}

/** Parameters of one GATED XATTN-DENSE block. */
export interface GatedBlock<Leaf> {
  readonly norm: Norm<Leaf>;
  readonly normVisual: Norm<Leaf>;
  readonly query: Linear<Leaf>;
  readonly key: Linear<Leaf>;
  readonly value: Linear<Leaf>;
  readonly output: Linear<Leaf>;
  /** Scalars, before tanh; 0 at first, so that the block is the identity. */
  readonly attentionGate: Leaf;
  readonly denseGate: Leaf;
  readonly feedForward: FeedForward<Leaf>;
}

/** Parameters of a whole Flamingo. */
export interface Flamingo<Leaf> {
  readonly vision: Vision<Leaf>;
  readonly language: Language<Leaf>;
  readonly resampler: Resampler<Leaf>;
  readonly gated: readonly GatedBlock<Leaf>[];
}

/** Keys and values of a medium for one gated block: all that the block ever needs of it. */
export interface VisualCache<Leaf> {
  /** [batch, seen, heads x headDim], seen = media x latents: media come one after the other in memory. */
  readonly key: Leaf;
  /** As `key`. */
  readonly value: Leaf;
}

/**
 * Which medium each token looks at: the last one before it.
 * `mask` is the definition: attend over all visual tokens and hide those of other media. `blocks` is the same, cheaper
 * by the number of media: the text is grouped by the medium it looks at, and no mask is needed.
 */
export type Look =
  | {
      readonly form: "mask";
      /** [batch, text] int32: 0 none, n the n-th medium; the paper's phi. */
      readonly lastMedia: Value;
      /** [seen] int32: the number of the medium each visual token belongs to. */
      readonly mediaOfSeen: Value;
    }
  | {
      readonly form: "blocks";
      /** Media of one sequence. */
      readonly media: number;
      /** [batch, media x length] int32: the token at each place of each medium's group, -1 for padding. */
      readonly grouped: Value;
      /** [batch, text] int32: each token's place among the groups, -1 for a token before the first medium. */
      readonly places: Value;
    };

/** A resampler at random, from features of `visionWidth` channels to visual tokens of `width`. */
export function initResampler(
  random: Random,
  config: ResamplerConfig,
  visionWidth: number,
  width: number,
): Resampler<Parameter> {
  return {
    project: initLinear(random.fork("project"), visionWidth, width),
    time: normal(random.fork("time"), [config.frames, width], 0.02, false),
    latents: normal(random.fork("latents"), [config.latents, width], 1, false),
    layers: Array.from({ length: config.layers }, (_, depth) => {
      const own = random.fork(`layer ${depth}`);
      return {
        normMedia: initNorm(width),
        normLatents: initNorm(width),
        query: initLinear(own.fork("query"), width, width),
        key: initLinear(own.fork("key"), width, width),
        value: initLinear(own.fork("value"), width, width),
        output: initLinear(own.fork("output"), width, width),
        feedForward: initFeedForward(own.fork("feed-forward"), width, config.hidden),
      };
    }),
    norm: initNorm(width),
  };
}

/** A gated block at random, both gates closed. */
export function initGatedBlock(random: Random, config: GatedConfig, width: number): GatedBlock<Parameter> {
  return {
    norm: initNorm(width),
    normVisual: initNorm(width),
    query: initLinear(random.fork("query"), width, width),
    key: initLinear(random.fork("key"), width, width),
    value: initLinear(random.fork("value"), width, width),
    output: initLinear(random.fork("output"), width, width),
    attentionGate: filled([], 0),
    denseGate: filled([], 0),
    feedForward: initFeedForward(random.fork("feed-forward"), width, config.hidden),
  };
}

/** A whole Flamingo at random, all gates closed. Nothing is frozen yet: `frozen` does that to its towers. */
export function initFlamingo(random: Random, config: FlamingoConfig): Flamingo<Parameter> {
  const { width, layers } = config.language;
  return {
    vision: initVision(random.fork("vision"), config.vision),
    language: initLanguage(random.fork("language"), config.language),
    resampler: initResampler(random.fork("resampler"), config.resampler, visionGrid(config.vision).width, width),
    gated: Array.from({ length: Math.ceil(layers / config.gated.every) }, (_, i) =>
      initGatedBlock(random.fork(`gated ${i}`), config.gated, width),
    ),
  };
}

/**
 * The temporal embedding of each frame. A still image is frame 0; a video longer than the embeddings there are is laid
 * over them linearly, first on first and last on last.
 * @returns  [frames, width]
 * @source arXiv:2204.14198, sections 2.1 and A.2
 */
export function temporalEmbedding(time: Value, frames: number): Value {
  const trained = time.axes[0]!.size!;
  if (frames <= trained) return slice(time, 0, 0, frames);
  const mixing = new Float32Array(frames * trained);
  for (let frame = 0; frame < frames; frame++) {
    const at = (frame * (trained - 1)) / (frames - 1);
    const [before, after] = [Math.floor(at), Math.ceil(at)];
    mixing[frame * trained + after] = at - before;
    mixing[frame * trained + before] = 1 - (at - before);
  }
  return matmul(constant(mixing, [axis("frames", frames), axis("", trained)]), time);
}

/**
 * Makes `latents` visual tokens of each image or video, whatever its frames and patches. Patches get no positions, and
 * the learnt queries see the media's features and one another.
 * @param features  [media, frames, patches, visionWidth]
 * @returns  [media, latents, width]
 * @source arXiv:2204.14198, section 2.1 and figure 5
 */
export function perceiverResampler(params: Resampler<Value>, config: ResamplerConfig, features: Value): Value {
  const [media, frames, patches] = features.axes;
  const width = params.latents.axes[1]!;
  const embedding = reshape(temporalEmbedding(params.time, frames!.size!), [frames!.size!, 1, width]);
  const flat = reshape(add(linear(params.project, features), embedding), [
    media!,
    axis("patches", frames!.size! * patches!.size!),
    width,
  ]);
  const perMedium = mul(slice(flat, 1, 0, 1), scalar(0));
  let latents = add(
    reshape(params.latents, [1, axis("latents", config.latents), width]),
    reshape(perMedium, [media!, 1, width]),
  );
  for (const layer of params.layers) {
    const seen = concat([norm(layer.normMedia, flat), norm(layer.normLatents, latents)], 1, "patches and latents");
    const query = splitHeads(linear(layer.query, norm(layer.normLatents, latents)), config.heads);
    const key = splitHeads(linear(layer.key, seen), config.heads);
    const value = splitHeads(linear(layer.value, seen), config.heads);
    latents = add(latents, linear(layer.output, joinHeads(attend(query, key, value))));
    latents = add(latents, feedForward(layer.feedForward, latents, "squaredRelu"));
  }
  return norm(params.norm, latents);
}

/**
 * What one gated block reads of the media; computed once a medium, whatever is asked about it later.
 * @param visual  [batch, seen, width], seen = media x latents
 */
export function visualKeysAndValues(params: GatedBlock<Value>, visual: Value): VisualCache<Value> {
  const seen = norm(params.normVisual, visual);
  return {
    key: linear(params.key, seen),
    value: linear(params.value, seen),
  };
}

/**
 * GATED XATTN-DENSE: lets the text read the medium it looks at, and thinks about what it read. With both gates at 0 the
 * text comes out bit for bit as it went in. A token with no medium before it reads exactly nothing; the dense half still
 * applies to it.
 * @param text  [batch, text, width]
 * @source arXiv:2204.14198, section 2.2 and figure 4
 */
export function gatedCrossAttention(
  params: GatedBlock<Value>,
  config: GatedConfig,
  text: Value,
  visual: VisualCache<Value>,
  look: Look,
): Value {
  const query = linear(params.query, norm(params.norm, text));
  const read =
    look.form === "mask" ? readMasked(query, config, visual, look) : readInBlocks(query, config, visual, look);
  const attended = add(text, mul(linear(params.output, read), tanh(params.attentionGate)));
  return add(attended, mul(feedForward(params.feedForward, attended, "squaredRelu"), tanh(params.denseGate)));
}

function readMasked(
  query: Value,
  { heads }: GatedConfig,
  { key, value }: VisualCache<Value>,
  look: Look & { form: "mask" },
): Value {
  const [batch, text] = look.lastMedia.axes;
  const [seen] = look.mediaOfSeen.axes;
  const looked = reshape(look.lastMedia, [batch!, axis("", 1), text!, axis("", 1)]);
  const own = equal(looked, reshape(look.mediaOfSeen, [1, 1, 1, seen!]));
  const read = joinHeads(
    attend(
      splitHeads(query, heads),
      splitHeads(key, heads),
      splitHeads(value, heads),
      where(own, scalar(0), scalar(HIDDEN)),
    ),
  );
  const none = constant(Int32Array.of(0), [axis("", 1)]);
  return mul(read, cast(greater(reshape(look.lastMedia, [batch!, text!, axis("", 1)]), none), "float32"));
}

function readInBlocks(
  query: Value,
  { heads }: GatedConfig,
  { key, value }: VisualCache<Value>,
  look: Look & { form: "blocks" },
): Value {
  const [batch, , width] = query.axes;
  const [, places] = look.grouped.axes;
  const groups = axis("groups", batch!.size! * look.media);
  const perGroup = axis("text", places!.size! / look.media);
  const perMedium = (x: Value) =>
    splitHeads(reshape(x, [groups, axis("seen", x.axes[1]!.size! / look.media), x.axes[2]!]), heads);
  const grouped = reshape(moveRows(query, look.grouped, look.places), [groups, perGroup, width!]);
  const read = joinHeads(attend(splitHeads(grouped, heads), perMedium(key), perMedium(value)));
  return moveRows(reshape(read, [batch!, places!, width!]), look.places, look.grouped);
}

/**
 * The whole model over text: the frozen language model's blocks, with a gated block before every `every`-th.
 * @param tokens  [batch, text]
 * @param visual  for each gated block, what it reads of the media
 * @returns  the residual stream after the last block [batch, text, width], for `unembed`; logits [batch, text,
 *   vocabulary]; and what each language block adds to its cache. A graph pays only for those it uses.
 * @source arXiv:2204.14198, figure 3
 */
export function flamingo(
  params: Pick<Flamingo<Value>, "language" | "gated">,
  config: FlamingoConfig,
  tokens: Value,
  visual: readonly VisualCache<Value>[],
  look: Look,
  context: TextContext,
): { stream: Value; logits: Value; present: BlockCache<Value>[] } {
  const { embed, block } = decoder(params.language, config.language, context);
  const present: BlockCache<Value>[] = [];
  let text = named(embed(tokens), "language.embedding");
  for (let depth = 0; depth < languageSizes(config.language).layers; depth++) {
    if (depth % config.gated.every === 0) {
      const i = depth / config.gated.every;
      text = named(gatedCrossAttention(params.gated[i]!, config.gated, text, visual[i]!, look), `gated.${i}`);
    }
    const result = block(depth, text);
    text = named(result.text, `language.${depth}`);
    present.push(result.present);
  }
  return { stream: text, logits: unembed(params.language, config.language, text), present };
}

/**
 * Media as the gated blocks read them.
 * @param pixels  [media, frames, height, width, 3], normalised
 * @returns  [media, latents, width]
 */
export function visualTokens(
  params: Pick<Flamingo<Value>, "vision" | "resampler">,
  config: FlamingoConfig,
  pixels: Value,
): Value {
  const [media, frames, height, width, channels] = pixels.axes;
  const pictures = reshape(pixels, [axis("pictures", product(media!.size, frames!.size)), height!, width!, channels!]);
  const features = visionTower(params.vision, config.vision, pictures);
  const [, patches, visionWidth] = features.axes;
  return perceiverResampler(
    params.resampler,
    config.resampler,
    reshape(features, [media!, frames!, patches!, visionWidth!]),
  );
}

function product(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a * b;
}

/**
 * Visual tokens of media as those of the sequences they stand in: [batch x media, latents, width] to [batch, media x
 * latents, width].
 */
export function bySequence(visual: Value, batch: number): Value {
  const [media, latents, width] = visual.axes;
  return reshape(visual, [axis("batch", batch), axis("seen", (media!.size! / batch) * latents!.size!), width!]);
}
