/** IDEFICS as transformers names it: all of it is in one checkpoint. */
import type { FlamingoConfig } from "../../model/flamingo-parameters.js";
import { below, linearRow, normRows } from "./rows.js";
import { type Layout, type NameRow, same, shaped } from "./table.js";

/**
 * The resampler and the gated blocks. The towers stand beside them, as CLIP below `model.vision_model.` and as LLaMA with
 * its own names, added tokens in `IDEFICS_ADDED`.
 * @source transformers 4.57, models/idefics/modeling_idefics.py and perceiver.py
 */
export function ideficsNames(config: FlamingoConfig): NameRow[] {
  return [
    ...below(resampler(config), "resampler.", "model.perceiver_resampler."),
    ...config.gated.before.flatMap((_, i) =>
      below(gatedBlock(config), `gated.${i}.`, `model.gated_cross_attn_layers.${i}.`),
    ),
  ];
}

/** The tokens that IDEFICS adds to LLaMA's. */
export const IDEFICS_ADDED: readonly NameRow[] = [
  { ours: "language.added", theirs: "model.embed_tokens.additional_embedding.weight", layout: same },
  linearRow("language.addedHead", "lm_head.additional_fc"),
];

function resampler({ resampler: { layers, qkNorm = false, latents } }: FlamingoConfig): NameRow[] {
  if (latents === 0) return [];
  return [
    { ours: "latents", theirs: "latents", layout: same },
    ...Array.from({ length: layers }, (_, i) =>
      below(
        [
          ...normRows("normMedia", "0.context_layer_norm"),
          ...normRows("normLatents", "0.latents_layer_norm"),
          ...["query", "key", "value"].map((name) => linearRow(name, `0.${name[0]}_proj`)),
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
    ...["query", "key", "value"].map((name) => linearRow(name, `cross_attn.${name[0]}_proj`)),
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

/** A scalar gate has one axis of 1 in theirs, one for each channel two more axes. */
const gate: Layout = shaped((ours) => (ours.length === 0 ? [1] : [1, 1, ...ours]));
