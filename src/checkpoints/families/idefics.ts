/** IDEFICS: one checkpoint holds towers, resampler and gated blocks; its configuration is flat in old files, nested in newer ones. */
import { z } from "zod";
import { everyNth, type FlamingoConfig } from "../../model/flamingo-parameters.js";
import { depth } from "../language-schema.js";
import type { IdeficsConfig } from "../names/idefics.js";
import { clipVitConfig, clipVitJson } from "./clip.js";
import { llamaConfig, llamaJson } from "./llama.js";
import { count, readConfig } from "./read.js";

const FIELDS = {
  cross_layer_interval: count.default(1),
  qk_layer_norms: z.boolean().default(false),
  alpha_type: z.enum(["float", "vector"]).default("float"),
  hidden_act: z.string().default("silu"),
  use_resampler: z.boolean().default(false),
};

/** Of the resampler: nested names, then flat ones. */
const RESAMPLER = {
  resampler_n_latents: count.default(64),
  resampler_depth: depth.default(6),
  resampler_n_heads: count.default(16),
  resampler_head_dim: count.default(96),
  qk_layer_norms_perceiver: z.boolean().default(false),
};

const VISION_NAMES: readonly (readonly [theirs: string, clip: string])[] = [
  ["embed_dim", "hidden_size"],
  ["vision_embed_dim", "hidden_size"],
  ["image_size", "image_size"],
  ["vision_image_size", "image_size"],
  ["intermediate_size", "intermediate_size"],
  ["vision_intermediate_size", "intermediate_size"],
  ["patch_size", "patch_size"],
  ["vision_patch_size", "patch_size"],
  ["num_hidden_layers", "num_hidden_layers"],
  ["vision_num_hidden_layers", "num_hidden_layers"],
  ["num_attention_heads", "num_attention_heads"],
  ["vision_num_attention_heads", "num_attention_heads"],
  ["num_channels", "num_channels"],
  ["vision_num_channels", "num_channels"],
  ["hidden_act", "hidden_act"],
  ["vision_hidden_act", "hidden_act"],
  ["layer_norm_eps", "layer_norm_eps"],
  ["vision_layer_norm_eps", "layer_norm_eps"],
];

/** What transformers gives a vision tower of which its configuration says nothing. */
const VISION_DEFAULTS = {
  hidden_size: 768,
  image_size: 224,
  intermediate_size: 5120,
  patch_size: 14,
  num_hidden_layers: 32,
  num_attention_heads: 16,
  hidden_act: "gelu",
};

/**
 * An IDEFICS's `config.json` to our configuration.
 * @throws {ForeignConfigError} for fields that are missing, or say what ours cannot
 * @source transformers 4.57, models/idefics/configuration_idefics.py
 */
export function ideficsConfig(json: unknown, place: string): IdeficsConfig {
  const own = readConfig(FIELDS, json, place);
  const nested = json as Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
  const perceiver = readConfig(RESAMPLER, { ...nested, ...nested.perceiver_config }, place);
  const language = llamaConfig(json, place);
  const vision = clipVitConfig(visionFields(nested), `${place}, vision tower`, { classToken: true });
  const { qk_layer_norms_perceiver: qkNorm } = perceiver;
  return {
    vision,
    language,
    resampler: own.use_resampler
      ? {
          layers: perceiver.resampler_depth,
          heads: perceiver.resampler_n_heads,
          headDim: perceiver.resampler_head_dim,
          width: vision.width,
          hidden: 4 * vision.width,
          latents: perceiver.resampler_n_latents,
          frames: 0,
          project: false,
          activation: "relu",
          qkNorm,
        }
      : NO_RESAMPLER(vision.width),
    gated: {
      before: everyNth(language.layers, own.cross_layer_interval),
      heads: language.heads,
      headDim: language.headDim,
      hidden: language.hidden,
      norm: language.norm,
      visualNorm: false,
      qkNorm: own.qk_layer_norms,
      activation: "swiglu",
      gate: own.alpha_type === "float" ? "scalar" : "vector",
    },
    ownTokens: "added",
  };
}

/** Every feature is a visual token, as it is. */
const NO_RESAMPLER = (width: number): FlamingoConfig["resampler"] => ({
  kind: "mlp",
  layers: 0,
  heads: 1,
  width,
  hidden: width,
  latents: 1,
  frames: 0,
  project: false,
  finalNorm: false,
});

/** What a flat or a nested configuration says of the vision tower, under CLIP's names. */
function visionFields(json: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>) {
  const said: Record<string, unknown> = { ...VISION_DEFAULTS };
  const nested = json.vision_config;
  for (const [theirs, clip] of VISION_NAMES) {
    const value = theirs.startsWith("vision_") ? json[theirs] : nested?.[theirs];
    if (value !== undefined) said[clip] = value;
  }
  return said;
}

/** Of a LLaMA's fields those that an IDEFICS has. */
const LANGUAGE_FIELDS = [
  "vocab_size",
  "hidden_size",
  "num_hidden_layers",
  "num_attention_heads",
  "intermediate_size",
  "hidden_act",
  "rms_norm_eps",
  "tie_word_embeddings",
  "max_position_embeddings",
];

/**
 * The `config.json` of an IDEFICS of these sizes, nested.
 * @param longest  tokens that it was made for
 */
export function ideficsJson(config: IdeficsConfig, longest: number): Record<string, unknown> {
  const { vision, language, resampler, gated } = config;
  const [first = 0, second = first + language.layers] = gated.before;
  const whole = llamaJson(language, longest);
  const tower = clipVitJson(vision);
  const resampled = resampler.layers > 0;
  return {
    architectures: ["IdeficsForVisionText2Text"],
    model_type: "idefics",
    ...Object.fromEntries(LANGUAGE_FIELDS.map((name) => [name, whole[name]])),
    additional_vocab_size: language.added,
    cross_layer_interval: second - first,
    qk_layer_norms: gated.qkNorm ?? false,
    alpha_initializer: "zeros",
    alpha_type: gated.gate === "vector" ? "vector" : "float",
    use_resampler: resampled,
    vision_config: {
      model_type: "idefics_vision",
      embed_dim: tower.hidden_size,
      ...Object.fromEntries(VISION_NAMES.flatMap(([, clip]) => (clip === "hidden_size" ? [] : [[clip, tower[clip]]]))),
    },
    perceiver_config: {
      model_type: "idefics_perciever",
      use_resampler: resampled,
      ...(resampled
        ? {
            resampler_n_latents: resampler.latents,
            resampler_depth: resampler.layers,
            resampler_n_heads: resampler.heads,
            resampler_head_dim: resampler.headDim ?? (resampler.width ?? language.width) / resampler.heads,
            qk_layer_norms_perceiver: resampler.qkNorm ?? false,
          }
        : {}),
    },
  };
}
