import { describe, expect, it } from "vitest";
import { ForeignConfigError } from "../../src/checkpoints/families/errors.js";
import { languageFamily, namesIn } from "../../src/checkpoints/families/language.js";
import { CHINCHILLA } from "../../src/model/language/chinchilla.js";
import { initLanguage, languageSizes } from "../../src/model/language/language.js";
import type { TransformerConfig } from "../../src/model/language/transformer-config.js";
import { countParameters, flatten } from "../../src/nn/parameters.js";
import { Undrawn } from "../../src/random.js";

/**
 * What the config.json of a published model says, as far as sizes go, and the parameters that its own code counts with them:
 * transformers 4.57.6, and for MPT-1B llm-foundry 331ff526.
 */
const PUBLISHED: Record<string, [json: Record<string, unknown>, parameters: number]> = {
  "GPT-2": [{ model_type: "gpt2" }, 124_439_808],
  "GPT-2 XL": [{ model_type: "gpt2", n_embd: 1600, n_layer: 48, n_head: 25 }, 1_557_611_200],
  "OPT-125m": [{ model_type: "opt" }, 125_239_296],
  "OPT-350m": [
    {
      model_type: "opt",
      hidden_size: 1024,
      word_embed_proj_dim: 512,
      num_hidden_layers: 24,
      num_attention_heads: 16,
      ffn_dim: 4096,
      do_layer_norm_before: false,
    },
    331_196_416,
  ],
  "Pythia-2.8B": [
    {
      model_type: "gpt_neox",
      vocab_size: 50304,
      hidden_size: 2560,
      num_hidden_layers: 32,
      num_attention_heads: 32,
      intermediate_size: 10240,
    },
    2_775_208_960,
  ],
  "RedPajama-INCITE-3B": [
    {
      model_type: "gpt_neox",
      vocab_size: 50432,
      hidden_size: 2560,
      num_hidden_layers: 32,
      num_attention_heads: 32,
      intermediate_size: 10240,
      rotary_pct: 1.0,
      use_parallel_residual: false,
    },
    2_775_864_320,
  ],
  "MPT-1B": [
    { model_type: "mosaic_gpt", vocab_size: 50432, alibi: true, attn_qk_ln: true, no_bias: true, mlp_ratio: 4 },
    1_311_442_944,
  ],
  "MPT-7B": [
    {
      model_type: "mpt",
      vocab_size: 50432,
      d_model: 4096,
      n_heads: 32,
      n_layers: 32,
      no_bias: true,
      attn_config: { alibi: true },
    },
    6_649_286_656,
  ],
  "LLaMA-7B": [{ model_type: "llama" }, 6_738_415_616],
  "LLaMA-65B": [
    {
      model_type: "llama",
      hidden_size: 8192,
      num_hidden_layers: 80,
      num_attention_heads: 64,
      intermediate_size: 22016,
      rms_norm_eps: 1e-5,
    },
    65_285_660_672,
  ],
  "LLaMA 2 70B": [
    {
      model_type: "llama",
      hidden_size: 8192,
      num_hidden_layers: 80,
      num_attention_heads: 64,
      num_key_value_heads: 8,
      intermediate_size: 28672,
      rms_norm_eps: 1e-5,
    },
    68_976_648_192,
  ],
};

/** A model of that size without numbers. */
const tree = (config: TransformerConfig) => initLanguage(new Undrawn(), config);

describe("published language models", () => {
  it.each(Object.entries(PUBLISHED))(
    "%s has the parameters that its own code counts, each with a name",
    (_, [json, count]) => {
      const family = languageFamily(json, "a test");
      const config = family.config(json, "a test");
      expect(countParameters(tree(config))).toBe(count);
      const rows = namesIn(family, config, new Set());
      expect(rows.map(({ ours }) => ours).sort()).toEqual([...flatten(tree(config)).keys()].sort());
    },
  );

  it("Chinchilla's have 13 D^2 L + 32000 D parameters beside their gains and biases (1.4, 7.1 and 70 billion)", () => {
    const billions = Object.values(CHINCHILLA).map((config) => {
      const { width, layers, added } = config;
      const small = layers * (2 * width + 2 * width) + width + added * width;
      const count = countParameters(tree(config));
      expect(count).toBe(13 * width ** 2 * layers + 32000 * width + small);
      return count / 1e9;
    });
    expect(billions.map((count) => count.toPrecision(2))).toEqual(["1.4", "7.1", "70"]);
  });

  it("grouped heads make the cache smaller, and a table of positions bounds the text", () => {
    const sizes = (name: string) => {
      const [json] = PUBLISHED[name]!;
      return languageSizes(languageFamily(json, name).config(json, name));
    };
    expect(sizes("LLaMA 2 70B").cacheWidth).toBe(1024);
    expect(sizes("LLaMA-65B")).toMatchObject({ cacheWidth: 8192, vocabulary: 32000 });
    expect(sizes("LLaMA-65B").longest).toBeUndefined();
    expect([sizes("GPT-2").longest, sizes("OPT-125m").longest]).toEqual([1024, 2048]);
  });

  it("rotary positions are read from fields of their own, and together as transformers 5 saves them", () => {
    const positions = (json: Record<string, unknown>) =>
      languageFamily(json, "a test").config(json, "a test").positions;
    const rope = { rope_type: "default", rope_theta: 500, partial_rotary_factor: 0.5 };
    expect(positions({ model_type: "llama", rope_theta: 500 })).toEqual({ kind: "rotary", base: 500, turning: 128 });
    expect(positions({ model_type: "llama", rope_parameters: rope })).toEqual({
      kind: "rotary",
      base: 500,
      turning: 128,
    });
    expect(positions({ model_type: "gpt_neox", rotary_emb_base: 500 })).toEqual({
      kind: "rotary",
      base: 500,
      turning: 24,
    });
    expect(positions({ model_type: "gpt_neox", rope_parameters: rope })).toEqual({
      kind: "rotary",
      base: 500,
      turning: 48,
    });
  });

  it("a file whose names lack the model's prefix, or are those of an older generation, is read by the table it fits", () => {
    const first = (json: Record<string, unknown>, held: string) => {
      const family = languageFamily(json, "a test");
      return namesIn(family, family.config(json, "a test"), new Set([held]))[0]!.theirs;
    };
    expect(first({ model_type: "gpt2" }, "wte.weight")).toBe("wte.weight");
    expect(first({ model_type: "gpt2" }, "transformer.wte.weight")).toBe("transformer.wte.weight");
    expect(first({ model_type: "opt" }, "decoder.embed_tokens.weight")).toBe("decoder.embed_tokens.weight");
    const mpt = languageFamily({ model_type: "mosaic_gpt" }, "a test");
    const config = mpt.config({ alibi: true, n_layers: 1 }, "a test");
    const last = (held: string) => namesIn(mpt, config, new Set([held])).at(-1)!.theirs;
    expect(last("transformer.blocks.0.ln_1.weight")).toBe("transformer.ln_f.bias");
    expect(last("transformer.blocks.0.norm_1.weight")).toBe("transformer.norm_f.bias");
  });
});

describe("configurations that cannot be taken", () => {
  it.each<[string, unknown, RegExp]>([
    [
      "a family that is not known",
      { model_type: "falcon" },
      /model_type "falcon".*gpt2, opt, gpt_neox, mpt, mosaic_gpt, llama/,
    ],
    ["none", {}, /names no model_type/],
    ["a name that every object has", { model_type: "constructor" }, /model_type "constructor"/],
    ["no object", "gpt2", /names no model_type/],
  ])("%s is refused with those that are", (_, json, message) => {
    expect(() => languageFamily(json, "some/folder")).toThrow(ForeignConfigError);
    expect(() => languageFamily(json, "some/folder")).toThrow(message);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    [
      "stretched rotary positions",
      { model_type: "llama", rope_scaling: { type: "linear", factor: 2 } },
      /rope_scaling is \{"type":"linear","factor":2\} where only null/,
    ],
    [
      "positions stretched as transformers 5 says it",
      { model_type: "llama", rope_parameters: { rope_type: "yarn", rope_theta: 1e4 } },
      /rope_parameters\.rope_type is "yarn"/,
    ],
    [
      "scores scaled by depth",
      { model_type: "gpt2", scale_attn_by_inverse_layer_idx: true },
      /scale_attn_by_inverse_layer_idx is true/,
    ],
    [
      "a prefix that sees itself whole",
      { model_type: "mpt", attn_config: { prefix_lm: true } },
      /attn_config\.prefix_lm is true/,
    ],
    [
      "norms without gains",
      { model_type: "opt", layer_norm_elementwise_affine: false },
      /layer_norm_elementwise_affine is false/,
    ],
    ["an unknown activation", { model_type: "gpt_neox", hidden_act: "mish" }, /"mish".*gelu_new/],
    [
      "heads that do not divide the width",
      { model_type: "gpt2", n_embd: 30, n_head: 4 },
      /30 channels cannot be divided into 4/,
    ],
    [
      "key heads that do not divide the heads",
      { model_type: "llama", num_key_value_heads: 5 },
      /32 heads cannot be divided into 5/,
    ],
    [
      "fields of other kinds, all at once",
      { model_type: "llama", hidden_size: "big", num_hidden_layers: -1 },
      /hidden_size: .*num_hidden_layers: /,
    ],
  ])("%s: an error that names the folder, the field and what it says", (_, json, message) => {
    const read = () => languageFamily(json, "some/folder").config(json, "some/folder");
    expect(read).toThrow(ForeignConfigError);
    expect(read).toThrow(/some\/folder/);
    expect(read).toThrow(message);
  });
});
