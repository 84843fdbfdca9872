/**
 * Flamingo's own contribution (Alayrac et al., arXiv 2204.14198): the Perceiver Resampler, which makes a fixed few
 * visual tokens of any picture or video, and the GATED XATTN-DENSE blocks, through which a frozen language model reads
 * them. The last function is the paper's figure.
 */
import { InvariantError } from "../errors.js";
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
  not,
  reshape,
  scalar,
  slice,
  tanh,
  type Value,
  where,
} from "../graph/index.js";
import {
  attend,
  feedForward,
  HIDDEN,
  joinHeads,
  LAYER_NORM,
  linear,
  type Norm,
  type NormConfig,
  norm,
  splitHeads,
} from "../nn/layers.js";
import {
  type Flamingo,
  type FlamingoConfig,
  type GatedBlock,
  type GatedConfig,
  type Graft,
  isPerceiver,
  type Resampler,
  type ResamplerConfig,
  type ResamplerLayer,
} from "./flamingo-parameters.js";
import type { BlockCache, BlockResult, TextContext } from "./language/decoder.js";
import { decoder, languageSizes, unembed } from "./language/language.js";
import { causal } from "./language/positions.js";
import { visionTower } from "./vision/tower.js";

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
  const flat = inTime(params, features);
  const [media, , width] = flat.axes;
  const perMedium = mul(slice(flat, 1, 0, 1), scalar(0));
  let latents = add(
    reshape(params.latents!, [1, axis("latents", config.latents), width!]),
    reshape(perMedium, [media!, 1, width!]),
  );
  for (const layer of params.layers) {
    const asking = norm(layer.normLatents!, latents);
    const seen = concat([norm(layer.normMedia!, flat), asking], 1, "patches and latents");
    latents = add(latents, resamplerAttention(layer, config, asking, seen));
    latents = add(latents, feedForward(layer.feedForward, latents, config.activation ?? "squaredRelu"));
  }
  return params.norm === undefined ? latents : norm(params.norm, latents);
}

/**
 * What the paper compared the resampler with: every feature stays a token, mapped by itself (`mlp`) or beside the others
 * of its medium (`transformer`).
 * @param features  [media, frames, patches, visionWidth]
 * @returns  [media, frames x patches, width]
 * @source arXiv:2204.14198, section 3.3 and table 3
 */
function everyFeature(params: Resampler<Value>, config: ResamplerConfig, features: Value): Value {
  let tokens = inTime(params, features);
  for (const layer of params.layers) {
    if (layer.normLatents !== undefined) {
      const seen = norm(layer.normLatents, tokens);
      tokens = add(tokens, resamplerAttention(layer, config, seen, seen));
    }
    tokens = add(tokens, feedForward(layer.feedForward, tokens, config.activation ?? "squaredRelu"));
  }
  return params.norm === undefined ? tokens : norm(params.norm, tokens);
}

/**
 * Visual tokens of features, by whichever resampler the configuration names.
 * @param features  [media, frames, patches, visionWidth]
 * @returns  [media, tokens, width]
 */
export function resample(params: Resampler<Value>, config: ResamplerConfig, features: Value): Value {
  return (isPerceiver(config) ? perceiverResampler : everyFeature)(params, config, features);
}

/** Features at the resampler's width, each with the time of its frame: [media, frames x patches, width]. */
function inTime({ project, time }: Resampler<Value>, features: Value): Value {
  const projected = project === undefined ? features : linear(project, features);
  const [media, frames, patches, width] = projected.axes;
  const timed =
    time === undefined
      ? projected
      : add(projected, reshape(temporalEmbedding(time, frames!.size!), [frames!.size!, 1, width!]));
  return reshape(timed, [media!, axis("patches", frames!.size! * patches!.size!), width!]);
}

function resamplerAttention(
  layer: ResamplerLayer<Value>,
  { heads }: ResamplerConfig,
  asking: Value,
  seen: Value,
): Value {
  const query = headNorm(layer.normQuery, splitHeads(linear(layer.query!, asking), heads));
  const key = headNorm(layer.normKey, splitHeads(linear(layer.key!, seen), heads, "keys"));
  const value = splitHeads(linear(layer.value!, seen), heads, "keys");
  return linear(layer.output!, joinHeads(attend(query, key, value)));
}

/** Normalises each head by itself, where there is a norm for it. */
function headNorm(params: Norm<Value> | undefined, x: Value, config: NormConfig = LAYER_NORM): Value {
  return params === undefined ? x : norm(params, x, config);
}

/**
 * What one gated block reads of the media; computed once a medium, whatever is asked about it later.
 * @param visual  [batch, seen, width], seen = media x latents
 */
export function visualKeysAndValues(params: GatedBlock<Value>, config: GatedConfig, visual: Value): VisualCache<Value> {
  const seen = params.normVisual === undefined ? visual : norm(params.normVisual, visual, config.norm);
  const key = linear(params.key, seen);
  const [batch, tokens, inner] = key.axes;
  const byHead = [batch!, tokens!, axis("heads", config.heads), axis("headDim", inner!.size! / config.heads)];
  return {
    key:
      params.normKey === undefined
        ? key
        : reshape(headNorm(params.normKey, reshape(key, byHead), rmsLike(config)), key.axes),
    value: linear(params.value, seen),
  };
}

function rmsLike({ norm: { epsilon } = LAYER_NORM }: GatedConfig): NormConfig {
  return { kind: "rms", epsilon, offset: false };
}

/**
 * GATED XATTN-DENSE: lets the text read the medium it looks at, and thinks about what it read. With both gates at 0 the
 * text comes out bit for bit as it went in. A token with no medium before it reads exactly nothing; the dense half still
 * applies to it. A `vanilla` block has no dense half.
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
  const query = linear(params.query, norm(params.norm, text, config.norm));
  const read =
    look.form === "mask"
      ? readMasked(params, query, config, visual, look)
      : readInBlocks(params, query, config, visual, look);
  const attended = add(text, through(params.attentionGate, linear(params.output, read)));
  if (params.feedForward === undefined) return attended;
  const dense = feedForward(params.feedForward, attended, config.activation ?? "squaredRelu", config.norm);
  return add(attended, through(params.denseGate, dense));
}

/** As much as a gate lets through. */
function through(gate: Value | undefined, x: Value): Value {
  return gate === undefined ? x : mul(x, tanh(gate));
}

function readMasked(
  { normQuery }: GatedBlock<Value>,
  query: Value,
  config: GatedConfig,
  { key, value }: VisualCache<Value>,
  look: Look & { form: "mask" },
): Value {
  const [batch, text] = look.lastMedia.axes;
  const [seen] = look.mediaOfSeen.axes;
  const looked = reshape(look.lastMedia, [batch!, axis("", 1), text!, axis("", 1)]);
  const medium = reshape(look.mediaOfSeen, [1, 1, 1, seen!]);
  const visible = config.attend === "all" ? not(greater(medium, looked)) : equal(looked, medium);
  const read = joinHeads(
    attend(
      headNorm(normQuery, splitHeads(query, config.heads), rmsLike(config)),
      splitHeads(key, config.heads),
      splitHeads(value, config.heads),
      where(visible, scalar(0), scalar(HIDDEN)),
    ),
  );
  const none = constant(Int32Array.of(0), [axis("", 1)]);
  return mul(read, cast(greater(reshape(look.lastMedia, [batch!, text!, axis("", 1)]), none), "float32"));
}

function readInBlocks(
  { normQuery }: GatedBlock<Value>,
  query: Value,
  config: GatedConfig,
  { key, value }: VisualCache<Value>,
  look: Look & { form: "blocks" },
): Value {
  if (config.attend === "all")
    throw new InvariantError("text that attends all media before it was grouped by the last of them");
  const [batch, , width] = query.axes;
  const [, places] = look.grouped.axes;
  const groups = axis("groups", batch!.size! * look.media);
  const perGroup = axis("text", places!.size! / look.media);
  const perMedium = (x: Value) =>
    splitHeads(reshape(x, [groups, axis("seen", x.axes[1]!.size! / look.media), x.axes[2]!]), config.heads);
  const grouped = reshape(moveRows(query, look.grouped, look.places), [groups, perGroup, width!]);
  const asking = headNorm(normQuery, splitHeads(grouped, config.heads), rmsLike(config));
  const read = joinHeads(attend(asking, perMedium(key), perMedium(value)));
  return moveRows(reshape(read, [batch!, places!, width!]), look.places, look.grouped);
}

/** The text before and after a gated block, [batch, text, width]. */
export interface Passage {
  readonly before: Value;
  readonly after: Value;
}

/** What the model makes of text; a graph pays only for what it uses. */
export interface FlamingoResult {
  /** The residual stream after the last block, [batch, text, width], for `unembed`. */
  readonly stream: Value;
  /** [batch, text, vocabulary] */
  readonly logits: Value;
  /** What each language block, then each graft, adds to its cache. */
  readonly present: readonly BlockCache<Value>[];
  /** The text around each gated block. */
  readonly read: readonly Passage[];
}

/**
 * The whole model over text: the frozen language model's blocks, the gated blocks where the configuration has them, and
 * what is grafted on them.
 * @param tokens  [batch, text]
 * @param visual  for each gated block, what it reads of the media
 * @source arXiv:2204.14198, figure 3
 */
export function flamingo(
  params: Pick<Flamingo<Value>, "language" | "gated" | "grafts">,
  config: FlamingoConfig,
  tokens: Value,
  visual: readonly VisualCache<Value>[],
  look: Look,
  context: TextContext,
): FlamingoResult {
  const { before, kind } = config.gated;
  const { layers } = languageSizes(config.language);
  const { embed, block } = decoder(params.language, config.language, context);
  const present: BlockCache<Value>[] = [];
  const read: Passage[] = [];
  const reading = (i: number) => (text: Value) => {
    const after = named(gatedCrossAttention(params.gated[i]!, config.gated, text, visual[i]!, look), `gated.${i}`);
    read.push({ before: text, after });
    return after;
  };
  let text = named(embed(tokens), "language.embedding");
  for (let depth = 0; depth < layers; depth++) {
    const i = before.indexOf(depth);
    if (i >= 0 && kind !== "vanilla") text = reading(i)(text);
    const result = block(depth, text, i >= 0 && kind === "vanilla" ? reading(i) : undefined);
    text = named(result.text, `language.${depth}`);
    present.push(result.present);
  }
  params.grafts?.forEach((graft, n) => {
    const result = graftedAttention(graft, config.gated, text, context, context.past?.[layers + n]);
    text = reading(before.length + n)(result.text);
    present.push(result.present);
  });
  return { stream: text, logits: unembed(params.language, config.language, text), present, read };
}

/**
 * Self-attention of a layer that is set upon the finished language model, a gated block to follow. Positions it has none.
 * @source arXiv:2204.14198, section 3.3 and table 3 (grafting)
 */
function graftedAttention(
  params: Graft<Value>,
  config: GatedConfig,
  text: Value,
  context: TextContext,
  past: BlockCache<Value> | undefined,
): BlockResult {
  const seen = norm(params.norm, text, config.norm);
  const key = linear(params.key, seen);
  const value = linear(params.value, seen);
  const all = (own: Value, before: Value | undefined) =>
    splitHeads(before === undefined ? own : concat([before, own], 1, "keys"), config.heads, "keys");
  const query = splitHeads(linear(params.query, seen), config.heads);
  const read = attend(query, all(key, past?.key), all(value, past?.value), causal(context));
  return { text: add(text, through(params.gate, linear(params.output, joinHeads(read)))), present: { key, value } };
}

/**
 * Media as the gated blocks read them.
 * @param pixels  [media, frames, height, width, 3], normalised
 * @returns  [media, latents, width]
 */
export function visualTokens(
  params: Pick<Flamingo<Value>, "vision" | "resampler" | "visualProjection">,
  config: FlamingoConfig,
  pixels: Value,
): Value {
  const [media, frames, height, width, channels] = pixels.axes;
  const pictures = reshape(pixels, [axis("pictures", product(media!.size, frames!.size)), height!, width!, channels!]);
  const features = visionTower(params.vision, config.vision, pictures);
  const [, patches, visionWidth] = features.axes;
  const tokens = resample(
    params.resampler,
    config.resampler,
    reshape(features, [media!, frames!, patches!, visionWidth!]),
  );
  return params.visualProjection === undefined ? tokens : linear(params.visualProjection, tokens);
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
