/** MPT, as llm-foundry and transformers save it, and under its older name, mosaic_gpt, with flat fields. */
import { z } from "zod";
import type { TransformerConfig } from "../../model/language/transformer-config.js";
import { depth } from "../language-schema.js";
import { count, divided, readConfig, supported } from "./read.js";

const optionalNumber = z.number().positive().nullish();

const SHARED = {
  d_model: count.default(2048),
  n_heads: count.default(16),
  n_layers: depth.default(24),
  max_seq_len: count.default(2048),
  no_bias: z.boolean().default(false),
  logit_scale: z.union([z.number().positive(), z.literal("inv_sqrt_d_model")]).nullish(),
};

const ATTENTION = z.object({
  attn_type: z.string().default("multihead_attention"),
  kv_n_heads: count.nullish(),
  qk_ln: z.boolean().default(false),
  qk_gn: z.boolean().default(false),
  clip_qkv: optionalNumber,
  softmax_scale: optionalNumber,
  prefix_lm: z.boolean().default(false),
  alibi: z.boolean().default(false),
  alibi_bias_max: z.number().positive().default(8),
  rope: z.boolean().default(false),
  sliding_window_size: z.number().default(-1),
});

/** Both programs that save an MPT write all fields down; what stands for those left out is what llm-foundry takes. */
const FIELDS = {
  ...SHARED,
  vocab_size: count.default(50368),
  expansion_ratio: count.default(4),
  learned_pos_emb: z.boolean().default(true),
  norm_type: z.string().default("low_precision_layernorm"),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  norm_eps: z.number().positive().optional(),
  attn_config: ATTENTION.prefault({}),
  tie_word_embeddings: z.boolean().default(true),
};

const OLD_FIELDS = {
  ...SHARED,
  vocab_size: count.default(50257),
  mlp_ratio: count.optional(),
  expansion_ratio: count.optional(),
  attn_qk_ln: z.boolean().default(false),
  attn_clip_qkv: optionalNumber,
  softmax_scale: optionalNumber,
  prefix_lm: z.boolean().default(false),
  alibi: z.boolean().default(false),
  alibi_bias_max: z.number().positive().default(8),
};

/** What both generations say, under one set of names. */
interface Mosaic {
  readonly own: z.infer<z.ZodObject<typeof SHARED>> & { readonly vocab_size: number };
  readonly ratio: number;
  readonly norm: "layer" | "rms";
  readonly epsilon: number;
  readonly keyHeads: number;
  readonly queryKeyNorm: TransformerConfig["queryKeyNorm"];
  readonly alibi: number | undefined;
  readonly clip: number | null | undefined;
  readonly scoreScale: number | null | undefined;
}

function mosaic(said: Mosaic, place: string): TransformerConfig {
  const { own, keyHeads } = said;
  const scale = own.logit_scale === "inv_sqrt_d_model" ? 1 / Math.sqrt(own.d_model) : own.logit_scale;
  const offset = !own.no_bias;
  divided(own.n_heads, keyHeads, "heads", place);
  return {
    kind: "transformer",
    vocabulary: own.vocab_size,
    added: 0,
    width: own.d_model,
    layers: own.n_layers,
    heads: own.n_heads,
    keyHeads,
    headDim: divided(own.d_model, own.n_heads, "channels", place),
    hidden: said.ratio * own.d_model,
    norm: { kind: said.norm, epsilon: said.epsilon, offset },
    order: "before",
    lastNorm: true,
    positions:
      said.alibi === undefined
        ? { kind: "learned", rows: own.max_seq_len, first: 0 }
        : { kind: "linear", steepest: said.alibi },
    queryKeyNorm: said.queryKeyNorm,
    offsets: { queryKeyValue: offset, output: offset, feedForward: offset },
    activation: "gelu",
    head: "tied",
    ...(said.clip ? { clip: said.clip } : {}),
    ...(said.scoreScale ? { scoreScale: said.scoreScale } : {}),
    ...(scale ? { logitScale: scale } : {}),
  };
}

/** An MPT's `config.json` to our configuration; fields left out have the values llm-foundry gives them. */
export function mptConfig(json: unknown, place: string): TransformerConfig {
  const own = readConfig(FIELDS, json, place);
  const attention = own.attn_config;
  const norms = ["layernorm", "low_precision_layernorm", "rmsnorm", "low_precision_rmsnorm"];
  const norm = own.norm_type.toLowerCase();
  supported(place, {
    norm_type: [norm, norms.includes(norm) ? norm : norms.join(" or ")],
    "attn_config.prefix_lm": [attention.prefix_lm, false],
    "attn_config.rope": [attention.rope, false],
    "attn_config.sliding_window_size": [attention.sliding_window_size, -1],
    tie_word_embeddings: [own.tie_word_embeddings, true],
    "learned_pos_emb without alibi": [attention.alibi || own.learned_pos_emb, true],
  });
  const keyHeads =
    { multihead_attention: own.n_heads, multiquery_attention: 1 }[attention.attn_type] ?? attention.kv_n_heads;
  return mosaic(
    {
      own,
      ratio: own.expansion_ratio,
      norm: norm.endsWith("rmsnorm") ? "rms" : "layer",
      epsilon: own.norm_eps ?? own.layer_norm_epsilon,
      keyHeads: keyHeads ?? own.n_heads,
      queryKeyNorm: attention.qk_ln ? "width" : attention.qk_gn ? "head" : "none",
      alibi: attention.alibi ? attention.alibi_bias_max : undefined,
      clip: attention.clip_qkv,
      scoreScale: attention.softmax_scale,
    },
    place,
  );
}

/** The `config.json` of an MPT from when it was called mosaic_gpt (MPT-1B) to our configuration. */
export function mosaicGptConfig(json: unknown, place: string): TransformerConfig {
  const own = readConfig(OLD_FIELDS, json, place);
  supported(place, { prefix_lm: [own.prefix_lm, false] });
  return mosaic(
    {
      own,
      ratio: own.mlp_ratio ?? own.expansion_ratio ?? 4,
      norm: "layer",
      epsilon: 1e-5,
      keyHeads: own.n_heads,
      queryKeyNorm: own.attn_qk_ln ? "width" : "none",
      alibi: own.alibi ? own.alibi_bias_max : undefined,
      clip: own.attn_clip_qkv,
      scoreScale: own.softmax_scale,
    },
    place,
  );
}

/** What both generations say in the same fields. */
function sharedJson(config: TransformerConfig, longest: number): Record<string, unknown> {
  const { positions } = config;
  return {
    vocab_size: config.vocabulary,
    d_model: config.width,
    n_heads: config.heads,
    n_layers: config.layers,
    max_seq_len: positions.kind === "learned" ? positions.rows : longest,
    no_bias: !config.offsets.queryKeyValue,
    ...(config.logitScale === undefined ? {} : { logit_scale: config.logitScale }),
  };
}

/** The `config.json` of an MPT of these sizes. @param longest  tokens that it was made for */
export function mptJson(config: TransformerConfig, longest: number): Record<string, unknown> {
  const { positions, heads, keyHeads, norm, queryKeyNorm } = config;
  const kinds = new Map([
    [heads, "multihead_attention"],
    [1, "multiquery_attention"],
  ]);
  return {
    architectures: ["MptForCausalLM"],
    model_type: "mpt",
    ...sharedJson(config, longest),
    expansion_ratio: config.hidden / config.width,
    learned_pos_emb: positions.kind === "learned",
    norm_type: norm.kind === "rms" ? "rmsnorm" : "low_precision_layernorm",
    layer_norm_epsilon: norm.epsilon,
    attn_config: {
      attn_type: heads === 1 ? "multihead_attention" : (kinds.get(keyHeads) ?? "grouped_query_attention"),
      ...(kinds.has(keyHeads) ? {} : { kv_n_heads: keyHeads }),
      qk_ln: queryKeyNorm === "width",
      ...(queryKeyNorm === "head" ? { qk_gn: true } : {}),
      clip_qkv: config.clip ?? null,
      softmax_scale: config.scoreScale ?? null,
      prefix_lm: false,
      alibi: positions.kind === "linear",
      ...(positions.kind === "linear" ? { alibi_bias_max: positions.steepest } : {}),
    },
    tie_word_embeddings: true,
  };
}

/** The `config.json` of an MPT from when it was called mosaic_gpt. @param longest  tokens that it was made for */
export function mosaicGptJson(config: TransformerConfig, longest: number): Record<string, unknown> {
  const { positions } = config;
  return {
    architectures: ["MosaicGPT"],
    model_type: "mosaic_gpt",
    ...sharedJson(config, longest),
    mlp_ratio: config.hidden / config.width,
    attn_qk_ln: config.queryKeyNorm === "width",
    attn_clip_qkv: config.clip ?? null,
    softmax_scale: config.scoreScale ?? null,
    prefix_lm: false,
    alibi: positions.kind === "linear",
    ...(positions.kind === "linear" ? { alibi_bias_max: positions.steepest } : {}),
  };
}
