/** A model as OpenFlamingo publishes one: what was trained in a checkpoint of PyTorch, beside the two towers. */
import { clipVitConfig, clipVitJson } from "../checkpoints/families/clip.js";
import type { FlamingoFile } from "../checkpoints/flamingo-file.js";
import { clipNames } from "../checkpoints/names/clip.js";
import { type OpenFlamingoFamily, openFlamingoNames } from "../checkpoints/names/openflamingo.js";
import { below } from "../checkpoints/names/rows.js";
import { preprocessorJson } from "../media/preprocessor.js";
import { everyNth, type FlamingoConfig } from "../model/flamingo-parameters.js";
import type { TransformerConfig } from "../model/language/transformer-config.js";
import type { ClipVitConfig } from "../model/vision/clip-vit.js";
import { LAYER_NORM } from "../nn/layers.js";
import { unsayableError } from "./errors.js";
import { constantTensor, type ExportedPart, type Joined, joinedTensors, type ModelToExport } from "./joining.js";
import { HEAD_DIM, kindred } from "./openflamingo.js";
import {
  differences,
  explicit,
  policyOfModel,
  spokenAs,
  type Unsayable,
  unsayablePixels,
  unsayablePrompt,
} from "./sayable.js";
import { tokenizerFiles } from "./tokenizer-json.js";

/**
 * What is written where.
 * @throws {ExportError} naming every field that the format has otherwise
 */
export function openFlamingoParts({ place, config, tokenizer, weights }: ModelToExport): ExportedPart[] {
  const { vision, limits } = config;
  const spoken = spokenAs(config.language, limits.maximumTokens);
  const unsayable = [
    ...unsayablePrompt(config, ["openflamingo"]),
    ...unsayableVision(config),
    ...("json" in spoken ? spoken.unsayable : [spoken]),
    ...unsayableJoin(config),
    ...unsayablePixels(config, "openflamingo"),
  ];
  if (unsayable.length > 0 || !("json" in spoken)) throw unsayableError(place, "OpenFlamingo", unsayable);
  const tower = vision as ClipVitConfig;
  const family = kindred(spoken.type) as OpenFlamingoFamily;
  const words = below(spoken.family.names[0]!(config.language as TransformerConfig), "language.", "");
  const { size: _, ...normalisation } = { size: 0, ...config.normalisation };
  return [
    {
      folder: "",
      file: "checkpoint.pt",
      tensors: joinedTensors(weights, openFlamingoNames(config, family)),
      json: {},
      notes: notes(config),
    },
    {
      folder: "language",
      tensors: joinedTensors(weights, words),
      json: {
        "config.json": spoken.json,
        ...tokenizerFiles(tokenizer, policyOfModel(config).marks, spoken.type),
      },
      notes: [],
    },
    {
      folder: "vision",
      tensors: new Map([...joinedTensors(weights, clipNames(tower)), ...unreadNorm(tower, "vision_model.")]),
      json: {
        "config.json": clipVitJson(tower),
        "preprocessor_config.json": preprocessorJson({ fit: "crop", ...normalisation, size: tower.size }),
      },
      notes: [],
    },
  ];
}

/** CLIP's norm of its class token, which nothing here reads, as one that changes nothing: other programs ask for it. */
export function unreadNorm({ width, postNorm }: ClipVitConfig, theirs: string): [string, Joined][] {
  if (postNorm) return [];
  return [
    [`${theirs}post_layernorm.weight`, constantTensor([width], 1)],
    [`${theirs}post_layernorm.bias`, constantTensor([width], 0)],
  ];
}

/** @param classToken  whether the format keeps it */
export function unsayableVision({ vision }: FlamingoFile, classToken = false): Unsayable[] {
  if (vision.kind !== "clip-vit") return [{ field: "vision.kind", found: vision.kind, format: "only clip-vit" }];
  return differences(vision, clipVitConfig(clipVitJson(vision), "vision", { classToken }), "vision");
}

function unsayableJoin(config: FlamingoConfig): Unsayable[] {
  const { vision, resampler, gated, ownTokens } = explicit(config);
  const width = vision.kind === "clip-vit" ? vision.width : resampler.width;
  const { layers, heads, hidden, latents, frames } = resampler;
  const sizes = { layers, heads, hidden, latents, frames };
  const join = { project: false, activation: "gelu", qkNorm: false, headDim: HEAD_DIM };
  return [
    ...differences(resampler, { kind: "perceiver", ...sizes, ...join, width, finalNorm: true }, "resampler"),
    ...(layers === 0 ? [{ field: "resampler.layers", found: 0, format: "only 1 or more" }] : []),
    ...differences(
      gated,
      {
        kind: "xattn-dense",
        before: gated.before,
        grafts: 0,
        heads: gated.heads,
        hidden: gated.hidden,
        ...join,
        norm: LAYER_NORM,
        visualNorm: false,
        gate: "scalar",
        attend: "last",
      },
      "gated",
    ),
    ...(gated.before.length === 0 ? [{ field: "gated.before", found: [], format: "only 1 or more" }] : []),
    ...differences(ownTokens, "table", "ownTokens"),
  ];
}

/** Sizes that OpenFlamingo's own code has fixed: its modules must be made with these before they read the checkpoint. */
function notes(config: FlamingoConfig): string[] {
  const { resampler, gated, vision, language } = explicit(config);
  const { width, layers } = language as TransformerConfig;
  const fixed: readonly (readonly [name: string, found: number, own: number])[] = [
    ["PerceiverResampler(depth)", resampler.layers, 6],
    ["PerceiverResampler(heads)", resampler.heads, 8],
    ["PerceiverResampler(num_latents)", resampler.latents, 64],
    ["PerceiverResampler(ff_mult)", resampler.hidden / (vision as ClipVitConfig).width, 4],
    ["GatedCrossAttentionBlock(heads)", gated.heads, 8],
    ["GatedCrossAttentionBlock(ff_mult)", gated.hidden / width, 4],
  ];
  const every = gated.before[0]! + 1;
  const regular = `${everyNth(layers, every, "last")}` === `${gated.before}`;
  return [
    `cross_attn_every_n_layers=${regular ? every : `none: gated blocks stand before language blocks ${gated.before.join(", ")}`}`,
    ...fixed.filter(([, found, own]) => found !== own).map(([name, found, own]) => `${name} is ${found}, not ${own}`),
  ];
}
