/** OPT, as transformers saves it. */
import { z } from "zod";
import type { TransformerConfig } from "../../model/language/transformer-config.js";
import { depth } from "../language-schema.js";
import { activation, activationName, count, divided, readConfig, supported } from "./read.js";

const FIELDS = {
  vocab_size: count.default(50272),
  max_position_embeddings: count.default(2048),
  hidden_size: count.default(768),
  word_embed_proj_dim: count.nullish(),
  num_hidden_layers: depth.default(12),
  num_attention_heads: count.default(12),
  ffn_dim: count.default(3072),
  activation_function: z.string().default("relu"),
  do_layer_norm_before: z.boolean().default(true),
  _remove_final_layer_norm: z.boolean().default(false),
  enable_bias: z.boolean().default(true),
  layer_norm_elementwise_affine: z.boolean().default(true),
  tie_word_embeddings: z.boolean().default(true),
};

/** Row of the table of positions that the first token has. */
const FIRST = 2;

/** An OPT's `config.json` to our configuration; fields left out have the values transformers gives them. */
export function optConfig(json: unknown, place: string): TransformerConfig {
  const own = readConfig(FIELDS, json, place);
  supported(place, { layer_norm_elementwise_affine: [own.layer_norm_elementwise_affine, true] });
  const before = own.do_layer_norm_before;
  const outer = own.word_embed_proj_dim ?? own.hidden_size;
  return {
    kind: "transformer",
    vocabulary: own.vocab_size,
    added: 0,
    width: own.hidden_size,
    layers: own.num_hidden_layers,
    heads: own.num_attention_heads,
    keyHeads: own.num_attention_heads,
    headDim: divided(own.hidden_size, own.num_attention_heads, "channels", place),
    hidden: own.ffn_dim,
    norm: { kind: "layer", epsilon: 1e-5, offset: true },
    order: before ? "before" : "after",
    lastNorm: before && !own._remove_final_layer_norm,
    positions: { kind: "learned", rows: own.max_position_embeddings + FIRST, first: FIRST },
    queryKeyNorm: "none",
    offsets: { queryKeyValue: own.enable_bias, output: own.enable_bias, feedForward: own.enable_bias },
    activation: activation(own.activation_function, place),
    head: own.tie_word_embeddings ? "tied" : "own",
    ...(outer === own.hidden_size ? {} : { embeddingWidth: outer }),
  };
}

/** The `config.json` of an OPT of these sizes. */
export function optJson(config: TransformerConfig): Record<string, unknown> {
  const { positions, order } = config;
  return {
    architectures: ["OPTForCausalLM"],
    model_type: "opt",
    vocab_size: config.vocabulary,
    ...(positions.kind === "learned" ? { max_position_embeddings: positions.rows - FIRST } : {}),
    hidden_size: config.width,
    word_embed_proj_dim: config.embeddingWidth ?? config.width,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    ffn_dim: config.hidden,
    activation_function: activationName(config.activation),
    do_layer_norm_before: order === "before",
    _remove_final_layer_norm: order === "before" && !config.lastNorm,
    enable_bias: config.offsets.queryKeyValue,
    layer_norm_elementwise_affine: true,
    tie_word_embeddings: config.head === "tied",
  };
}
