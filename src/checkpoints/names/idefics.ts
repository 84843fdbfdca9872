/** IDEFICS as transformers names it: towers, resampler and gated blocks are in one checkpoint. */
import type { FlamingoConfig } from "../../model/flamingo-parameters.js";
import type { TransformerConfig } from "../../model/language/transformer-config.js";
import type { ClipVitConfig } from "../../model/vision/clip-vit.js";
import { clipNames } from "./clip.js";
import { llamaNames } from "./llama.js";
import { below, linearRow, normRows } from "./rows.js";
import { type Layout, type NameRow, same, shaped } from "./table.js";

/** An IDEFICS: CLIP, LLaMA, and what joins them. */
export interface IdeficsConfig extends FlamingoConfig {
  readonly vision: ClipVitConfig;
  readonly language: TransformerConfig;
}

/**
 * Every tensor of a checkpoint.
 * @source transformers 4.57, models/idefics
 */
export function ideficsNames(config: IdeficsConfig): NameRow[] {
  return [
    ...clipNames(config.vision, "model.vision_model."),
    ...below(llamaNames(config.language), "language.", ""),
    ...below(resampler(config), "resampler.", "model.perceiver_resampler."),
    ...config.gated.before.flatMap((_, i) =>
      below(gatedBlock(config), `gated.${i}.`, `model.gated_cross_attn_layers.${i}.`),
    ),
  ];
}

function resampler({ resampler: { layers, qkNorm = false } }: FlamingoConfig): NameRow[] {
  if (layers === 0) return [];
  return [
    { ours: "latents", theirs: "latents", layout: same },
    ...Array.from({ length: layers }, (_, i) =>
      below(
        [
          ...normRows("normMedia", "0.context_layer_norm"),
          ...normRows("normLatents", "0.latents_layer_norm"),
          ...attention("0."),
          linearRow("output", "0.output_proj"),
          ...(qkNorm ? [...normRows("normQuery", "0.q_layer_norm"), ...normRows("normKey", "0.k_layer_norm")] : []),
          ...normRows("feedForward.norm", "1.ln"),
          linearRow("feedForward.up", "1.fc"),
          linearRow("feedForward.down", "1.c_proj"),
        ],
        `layers.${i}.`,
        `blocks.${i}.`,
      ),
    ).flat(),
    ...normRows("norm", "layer_norm"),
  ];
}

function gatedBlock({ gated: { qkNorm = false } }: FlamingoConfig): NameRow[] {
  return [
    ...normRows("norm", "input_layernorm", false),
    ...attention("cross_attn."),
    linearRow("output", "cross_attn.o_proj"),
    ...(qkNorm
      ? [
          ...normRows("normQuery", "cross_attn.q_layer_norm", false),
          ...normRows("normKey", "cross_attn.k_layer_norm", false),
        ]
      : []),
    { ours: "attentionGate", theirs: "alpha_cross_attn", layout: gate },
    { ours: "denseGate", theirs: "alpha_dense", layout: gate },
    ...normRows("feedForward.norm", "post_attention_layernorm", false),
    linearRow("feedForward.gate", "mlp.gate_proj"),
    linearRow("feedForward.up", "mlp.up_proj"),
    linearRow("feedForward.down", "mlp.down_proj"),
  ];
}

function attention(theirs: string): NameRow[] {
  return [
    linearRow("query", `${theirs}q_proj`),
    linearRow("key", `${theirs}k_proj`),
    linearRow("value", `${theirs}v_proj`),
  ];
}

/** A scalar gate has one axis of 1 in theirs, one for each channel two axes more. */
const gate: Layout = shaped((ours) => (ours.length === 0 ? [1] : [1, 1, ...ours]));
