/** GPT-NeoX (Pythia, RedPajama-INCITE), as transformers saves it. */
import { z } from "zod";
import type { TransformerConfig } from "../../model/language/transformer-config.js";
import { depth } from "../language-schema.js";
import { activation, activationName, count, divided, ROTARY, readConfig, rotaryBase } from "./read.js";

const FIELDS = {
  vocab_size: count.default(50432),
  hidden_size: count.default(6144),
  num_hidden_layers: depth.default(44),
  num_attention_heads: count.default(64),
  intermediate_size: count.default(24576),
  hidden_act: z.string().default("gelu"),
  rotary_pct: z.number().positive().max(1).default(0.25),
  rotary_emb_base: z.number().positive().default(10000),
  ...ROTARY,
  layer_norm_eps: z.number().positive().default(1e-5),
  use_parallel_residual: z.boolean().default(true),
  attention_bias: z.boolean().default(true),
  tie_word_embeddings: z.boolean().default(false),
};

/** A GPT-NeoX's `config.json` to our configuration; fields left out have the values transformers gives them. */
export function gptNeoxConfig(json: unknown, place: string): TransformerConfig {
  const own = readConfig(FIELDS, json, place);
  const headDim = divided(own.hidden_size, own.num_attention_heads, "channels", place);
  return {
    kind: "transformer",
    vocabulary: own.vocab_size,
    added: 0,
    width: own.hidden_size,
    layers: own.num_hidden_layers,
    heads: own.num_attention_heads,
    keyHeads: own.num_attention_heads,
    headDim,
    hidden: own.intermediate_size,
    norm: { kind: "layer", epsilon: own.layer_norm_eps, offset: true },
    order: own.use_parallel_residual ? "parallel" : "before",
    lastNorm: true,
    positions: {
      kind: "rotary",
      base: rotaryBase(own, place) ?? own.rotary_emb_base,
      turning: Math.floor(headDim * (own.rope_parameters?.partial_rotary_factor ?? own.rotary_pct)),
    },
    queryKeyNorm: "none",
    offsets: { queryKeyValue: own.attention_bias, output: own.attention_bias, feedForward: true },
    activation: activation(own.hidden_act, place),
    head: own.tie_word_embeddings ? "tied" : "own",
  };
}

/** The `config.json` of a GPT-NeoX of these sizes. @param longest  tokens that it was made for */
export function gptNeoxJson(config: TransformerConfig, longest: number): Record<string, unknown> {
  const { positions, headDim } = config;
  const rotary = positions.kind === "rotary" ? positions : { base: 10000, turning: headDim };
  const share = rotary.turning / headDim;
  return {
    architectures: ["GPTNeoXForCausalLM"],
    model_type: "gpt_neox",
    vocab_size: config.vocabulary,
    hidden_size: config.width,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    intermediate_size: config.hidden,
    hidden_act: activationName(config.activation),
    // The share is multiplied out again and rounded down, which must not lose a channel.
    rotary_pct: Math.floor(share * headDim) === rotary.turning ? share : (rotary.turning + 0.25) / headDim,
    rotary_emb_base: rotary.base,
    layer_norm_eps: config.norm.epsilon,
    use_parallel_residual: config.order === "parallel",
    attention_bias: config.offsets.queryKeyValue,
    tie_word_embeddings: config.head === "tied",
    max_position_embeddings: longest,
  };
}
