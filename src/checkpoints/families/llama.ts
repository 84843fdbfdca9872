/** LLaMA, as transformers saves it; also the text model of IDEFICS. */
import { z } from "zod";
import type { TransformerConfig } from "../../model/language/transformer-config.js";
import { depth } from "../language-schema.js";
import { count, divided, ROTARY, readConfig, rotaryBase, supported } from "./read.js";

const FIELDS = {
  vocab_size: count.default(32000),
  additional_vocab_size: z.number().int().nonnegative().default(0),
  hidden_size: count.default(4096),
  num_hidden_layers: depth.default(32),
  num_attention_heads: count.default(32),
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  intermediate_size: count.default(11008),
  hidden_act: z.string().default("silu"),
  rms_norm_eps: z.number().positive().default(1e-6),
  ...ROTARY,
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(false),
};

/** A LLaMA's `config.json` to our configuration; fields left out have the values transformers gives them. */
export function llamaConfig(json: unknown, place: string): TransformerConfig {
  const own = readConfig(FIELDS, json, place);
  supported(place, { hidden_act: [own.hidden_act, "silu"] });
  const headDim = own.head_dim ?? divided(own.hidden_size, own.num_attention_heads, "channels", place);
  const keyHeads = own.num_key_value_heads ?? own.num_attention_heads;
  divided(own.num_attention_heads, keyHeads, "heads", place);
  return {
    kind: "transformer",
    vocabulary: own.vocab_size,
    added: own.additional_vocab_size,
    width: own.hidden_size,
    layers: own.num_hidden_layers,
    heads: own.num_attention_heads,
    keyHeads,
    headDim,
    hidden: own.intermediate_size,
    norm: { kind: "rms", epsilon: own.rms_norm_eps, offset: false },
    order: "before",
    lastNorm: true,
    positions: { kind: "rotary", base: rotaryBase(own, place) ?? 10000, turning: headDim },
    queryKeyNorm: "none",
    offsets: { queryKeyValue: own.attention_bias, output: own.attention_bias, feedForward: own.mlp_bias },
    activation: "swiglu",
    head: own.tie_word_embeddings ? "tied" : "own",
  };
}

/** The `config.json` of a LLaMA of these sizes. @param longest  tokens that it was made for */
export function llamaJson(config: TransformerConfig, longest: number): Record<string, unknown> {
  const { positions, offsets } = config;
  return {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    vocab_size: config.vocabulary,
    hidden_size: config.width,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.keyHeads,
    head_dim: config.headDim,
    intermediate_size: config.hidden,
    hidden_act: "silu",
    rms_norm_eps: config.norm.epsilon,
    rope_theta: positions.kind === "rotary" ? positions.base : 10000,
    attention_bias: offsets.queryKeyValue,
    mlp_bias: offsets.feedForward,
    tie_word_embeddings: config.head === "tied",
    max_position_embeddings: longest,
  };
}
