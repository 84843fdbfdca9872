/** CLIP's vision tower, as transformers saves it; also the one inside IDEFICS. */
import { z } from "zod";
import type { ClipVitConfig } from "../../model/vision/clip-vit.js";
import { depth } from "../language-schema.js";
import { ForeignConfigError } from "./errors.js";
import { count, readConfig, supported } from "./read.js";

const FIELDS = {
  hidden_size: count.default(768),
  intermediate_size: count.default(3072),
  num_hidden_layers: depth.default(12),
  num_attention_heads: count.default(12),
  num_channels: count.default(3),
  image_size: count.default(224),
  patch_size: count.default(32),
  hidden_act: z.string().default("quick_gelu"),
  layer_norm_eps: z.number().positive().default(1e-5),
};

const ACTIVATIONS = { quick_gelu: "quickGelu", gelu: "gelu" } as const;

/**
 * A CLIP's `config.json`, that of both towers or of the vision tower alone, to our configuration; fields left out have the
 * values transformers gives them.
 * @param keeps  which of the tower's tokens are features: OpenFlamingo leaves the class token out, IDEFICS keeps it
 * @throws {ForeignConfigError} for what our tower is not
 */
export function clipVitConfig(
  json: unknown,
  place: string,
  { classToken }: { readonly classToken: boolean },
): ClipVitConfig {
  const both = z.object({ vision_config: z.record(z.string(), z.unknown()) }).safeParse(json);
  const own = readConfig(FIELDS, both.success ? both.data.vision_config : json, place);
  supported(place, { num_channels: [own.num_channels, 3], layer_norm_eps: [own.layer_norm_eps, 1e-5] });
  if (!Object.hasOwn(ACTIVATIONS, own.hidden_act))
    throw new ForeignConfigError(
      `config.json of ${place} names the activation ${JSON.stringify(own.hidden_act)}; ${Object.keys(ACTIVATIONS).join(", ")} are known.`,
      "take a checkpoint with one of these",
    );
  return {
    kind: "clip-vit",
    size: own.image_size,
    patch: own.patch_size,
    positions: Math.floor(own.image_size / own.patch_size),
    width: own.hidden_size,
    layers: own.num_hidden_layers,
    heads: own.num_attention_heads,
    hidden: own.intermediate_size,
    activation: ACTIVATIONS[own.hidden_act as keyof typeof ACTIVATIONS],
    classToken,
    postNorm: false,
  };
}

/** Whether a configuration is that of a CLIP. */
export function isClip(json: unknown): boolean {
  const type = (json as { model_type?: unknown } | null)?.model_type;
  return type === "clip" || type === "clip_vision_model";
}

/** The `config.json` of a CLIP's vision tower of these sizes. */
export function clipVitJson(config: ClipVitConfig): Record<string, unknown> {
  const named = Object.entries(ACTIVATIONS).find(([, activation]) => activation === config.activation);
  return {
    architectures: ["CLIPVisionModel"],
    model_type: "clip_vision_model",
    hidden_size: config.width,
    intermediate_size: config.hidden,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_channels: 3,
    image_size: config.size,
    patch_size: config.patch,
    hidden_act: named![0],
    layer_norm_eps: 1e-5,
  };
}
