/** OpenFlamingo: a checkpoint of what was trained, to be read beside the language model and the CLIP that it was trained on. */
import type { OpenFlamingoPlaces } from "../checkpoints/names/openflamingo.js";
import { OPENFLAMINGO_LANGUAGES } from "../checkpoints/names/openflamingo.js";
import type { TensorStore } from "../checkpoints/store.js";
import type { FlamingoConfig } from "../model/flamingo-parameters.js";
import type { TransformerConfig } from "../model/language/transformer-config.js";
import type { ClipVitConfig } from "../model/vision/clip-vit.js";
import { ImportError } from "./errors.js";

/** Channels of every head of its resampler and gated blocks; no tensor tells them. */
export const HEAD_DIM = 64;

/** What its pieces are called in errors. */
export interface OpenFlamingoPieces {
  readonly places: OpenFlamingoPlaces;
  readonly checkpoint: TensorStore;
  readonly language: { readonly config: TransformerConfig; readonly type: string; readonly place: string };
  readonly vision: { readonly config: ClipVitConfig; readonly place: string };
}

/**
 * The configuration that a checkpoint's tensors and its two towers make together. Where the gated blocks stand, how wide
 * and how many everything is, is read from the tensors.
 * @throws {ImportError} for another language model or vision tower than it was trained on
 * @source github:mlfoundations/open_flamingo, open_flamingo/src
 */
export function openFlamingoConfig({ places, checkpoint, language, vision }: OpenFlamingoPieces): FlamingoConfig {
  const shapeOf = (name: string): readonly number[] => {
    const entry = checkpoint.entries.get(name);
    if (entry === undefined)
      throw new ImportError(`${checkpoint.place} has no ${name}.`, "give the whole checkpoint of an OpenFlamingo");
    return entry.shape;
  };
  const own = OPENFLAMINGO_LANGUAGES[places.family];
  const block = `lang_encoder.${own.blocks}.${places.before[0]}.gated_cross_attn_layer`;
  const [, width] = shapeOf(`${block}.attn.to_q.weight`);
  const [inner] = shapeOf(`${block}.attn.to_q.weight`);
  const [hidden] = shapeOf(`${block}.ff.1.weight`);
  const [latents, visual] = shapeOf("perceiver.latents");
  const [resamplerInner] = shapeOf("perceiver.layers.0.0.to_q.weight");
  const [resamplerHidden] = shapeOf("perceiver.layers.0.1.1.weight");
  const [rows] = shapeOf(`lang_encoder.${own.table}`);
  const frames = checkpoint.entries.get("perceiver.frame_embs")?.shape[0] ?? 0;
  const { config } = language;
  for (const [name, channels] of [
    [`${block}.attn.to_q.weight`, inner!],
    ["perceiver.layers.0.0.to_q.weight", resamplerInner!],
  ] as const)
    if (channels % HEAD_DIM !== 0)
      throw new ImportError(
        `${name} of ${checkpoint.place} makes ${channels} channels; OpenFlamingo's heads have ${HEAD_DIM} each.`,
        "give the checkpoint of an OpenFlamingo: that of another program cannot be read by its names",
      );
  const fits = (name: string, theirs: number | undefined, given: number, of: string) => {
    if (theirs === given) return;
    throw new ImportError(
      `${checkpoint.place} was trained ${of}: its ${name} is ${theirs}, but ${of.includes("vision") ? vision.place : language.place} makes it ${given}.`,
      of.includes("vision")
        ? "give its CLIP with --vision: hf:openai/clip-vit-large-patch14 for the published ones"
        : "give the language model that it was trained on with --language",
    );
  };
  if (kindred(language.type) !== places.family)
    throw new ImportError(
      `${checkpoint.place} was trained on a language model of family ${places.family} (its blocks are ${own.blocks}), but ${language.place} is ${language.type}.`,
      "give the language model that it was trained on with --language",
    );
  fits("width", width, config.width, "on another language model");
  fits("width of visual features", visual, vision.config.width, "with another vision tower");
  const [least, most] = depths(places.before);
  if (config.layers < least || config.layers > most)
    throw new ImportError(
      `${checkpoint.place} has gated blocks before language blocks ${places.before.join(", ")}, so that it was trained on a language model of ${least === most ? least : `${least} to ${most}`} blocks, but ${language.place} has ${config.layers}.`,
      "give the language model that it was trained on with --language",
    );
  if (!("head" in own) && config.head !== "tied" && rows !== config.vocabulary)
    throw new ImportError(
      `${language.place} has a map to logits of its own, whose rows for the ${rows! - config.vocabulary} tokens that were added are in no file: ${checkpoint.place} was saved without lang_encoder.lm_head.weight [${rows}, ${config.width}], as every OpenFlamingo on a LLaMA was.`,
      "take an OpenFlamingo on MPT or RedPajama, such as hf:openflamingo/OpenFlamingo-3B-vitl-mpt1b",
    );
  return {
    vision: vision.config,
    language: { ...config, vocabulary: rows! },
    resampler: {
      layers: places.resamplerLayers,
      heads: resamplerInner! / HEAD_DIM,
      headDim: HEAD_DIM,
      width: visual!,
      hidden: resamplerHidden!,
      latents: latents!,
      frames,
      project: false,
      activation: "gelu",
    },
    gated: {
      before: places.before,
      heads: inner! / HEAD_DIM,
      headDim: HEAD_DIM,
      hidden: hidden!,
      visualNorm: false,
      activation: "gelu",
    },
    ownTokens: "table",
  };
}

/** How many blocks a language model can have that has gated ones there: they stand before the last of every so many. */
function depths(before: readonly number[]): readonly [least: number, most: number] {
  const deepest = before.at(-1)!;
  const every = before[0]! + 1;
  const regular = before.every((depth, i) => depth === (i + 1) * every - 1);
  return [deepest + 1, regular ? deepest + every : Number.POSITIVE_INFINITY];
}

/** MPT was first published under another name. */
export function kindred(type: string): string {
  return type === "mosaic_gpt" ? "mpt" : type;
}
