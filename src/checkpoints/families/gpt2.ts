/** GPT-2, as transformers saves it. */
import { z } from "zod";
import type { TransformerConfig } from "../../model/language/transformer-config.js";
import { depth } from "../language-schema.js";
import { activation, count, divided, readConfig, supported } from "./read.js";

const FIELDS = {
  vocab_size: count.default(50257),
  n_positions: count.default(1024),
  n_embd: count.default(768),
  n_layer: depth.default(12),
  n_head: count.default(12),
  n_inner: count.nullish(),
  activation_function: z.string().default("gelu_new"),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  add_cross_attention: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(true),
};

/** A GPT-2's `config.json` to our configuration; fields left out have the values transformers gives them. */
export function gpt2Config(json: unknown, place: string): TransformerConfig {
  const own = readConfig(FIELDS, json, place);
  supported(place, {
    scale_attn_by_inverse_layer_idx: [own.scale_attn_by_inverse_layer_idx, false],
    add_cross_attention: [own.add_cross_attention, false],
  });
  const headDim = divided(own.n_embd, own.n_head, "channels", place);
  return {
    kind: "transformer",
    vocabulary: own.vocab_size,
    added: 0,
    width: own.n_embd,
    layers: own.n_layer,
    heads: own.n_head,
    keyHeads: own.n_head,
    headDim,
    hidden: own.n_inner ?? 4 * own.n_embd,
    norm: { kind: "layer", epsilon: own.layer_norm_epsilon, offset: true },
    order: "before",
    lastNorm: true,
    positions: { kind: "learned", rows: own.n_positions, first: 0 },
    queryKeyNorm: "none",
    offsets: { queryKeyValue: true, output: true, feedForward: true },
    activation: activation(own.activation_function, place),
    head: own.tie_word_embeddings ? "tied" : "own",
    ...(own.scale_attn_weights ? {} : { scoreScale: 1 }),
  };
}
