import { describe, expect, it } from "vitest";
import { bertConfig } from "../../src/checkpoints/families/bert.js";
import { clipVitConfig } from "../../src/checkpoints/families/clip.js";
import { ForeignConfigError } from "../../src/checkpoints/families/errors.js";
import { isTimm, nfnetConfig } from "../../src/checkpoints/families/nfnet.js";
import { BERT_BASE, BERT_MINI } from "../../src/model/text/bert.js";
import { CLIP_VIT_B_16, CLIP_VIT_B_32, CLIP_VIT_H_14, CLIP_VIT_L_14 } from "../../src/model/vision/clip-vit.js";
import { NFNET_F0, NFNET_F6 } from "../../src/model/vision/nfnet.js";

/** What is told of a configuration that is refused. */
function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof ForeignConfigError) return error.message;
    throw error;
  }
  return "taken";
}

describe("a CLIP's config.json", () => {
  const patches = { classToken: false };

  it("of the published sizes is the preset", () => {
    const large = { hidden_size: 1024, intermediate_size: 4096, num_hidden_layers: 24, num_attention_heads: 16 };
    const huge = { hidden_size: 1280, intermediate_size: 5120, num_hidden_layers: 32, num_attention_heads: 16 };
    const of = (vision_config: object) => clipVitConfig({ model_type: "clip", vision_config }, "there", patches);
    expect(of({})).toEqual(CLIP_VIT_B_32);
    expect(of({ patch_size: 16 })).toEqual(CLIP_VIT_B_16);
    expect(of({ ...large, patch_size: 14 })).toEqual(CLIP_VIT_L_14);
    expect(of({ ...large, patch_size: 14, image_size: 336 })).toEqual({ ...CLIP_VIT_L_14, size: 336, positions: 24 });
    expect(of({ ...huge, patch_size: 14, hidden_act: "gelu" })).toEqual(CLIP_VIT_H_14);
    expect(clipVitConfig(huge, "there", { classToken: true })).toMatchObject({ width: 1280, classToken: true });
  });

  it("of something else is refused by the field's name", () => {
    const told = (vision_config: object) => refusal(() => clipVitConfig({ vision_config }, "there", patches));
    expect(told({ hidden_act: "relu" })).toContain('names the activation "relu"');
    expect(told({ layer_norm_eps: 1e-6 })).toContain("layer_norm_eps is 0.000001");
    expect(told({ hidden_size: "wide" })).toContain("hidden_size");
  });
});

describe("a config.json of timm", () => {
  it("of one of DeepMind's NFNets is the preset, at the size that it was trained with", () => {
    const file = { architecture: "dm_nfnet_f6", pretrained_cfg: { input_size: [3, 448, 448], mean: [0.4, 0.4, 0.4] } };
    expect(isTimm(file)).toBe(true);
    expect(nfnetConfig(file, "there")).toEqual(NFNET_F6);
    expect(nfnetConfig({ architecture: "dm_nfnet_f0" }, "there")).toEqual(NFNET_F0);
    expect(isTimm({ model_type: "clip" })).toBe(false);
  });

  it("of another network is refused by its name, as is one that its file changes", () => {
    expect(refusal(() => nfnetConfig({ architecture: "nfnet_f0" }, "there"))).toContain('architecture "nfnet_f0"');
    expect(refusal(() => nfnetConfig({ architecture: "constructor" }, "there"))).toContain('"constructor"');
    const changed = { architecture: "dm_nfnet_f0", model_args: { width_factor: 2 } };
    expect(refusal(() => nfnetConfig(changed, "there"))).toContain("width_factor is 2");
    const grey = { architecture: "dm_nfnet_f0", pretrained_cfg: { input_size: [1, 192, 192] } };
    expect(refusal(() => nfnetConfig(grey, "there"))).toContain("input_size[0] is 1 where only 3");
  });
});

describe("a BERT's config.json", () => {
  it("of the published sizes is the preset", () => {
    const mini = { hidden_size: 256, num_hidden_layers: 4, num_attention_heads: 4, intermediate_size: 1024 };
    expect(bertConfig({ model_type: "bert" }, "there")).toEqual(BERT_BASE);
    expect(bertConfig({ model_type: "bert", ...mini }, "there")).toEqual(BERT_MINI);
  });

  it("of something else is refused by the field's name", () => {
    const told = (fields: object) => refusal(() => bertConfig(fields, "there"));
    expect(told({ hidden_act: "relu" })).toContain('hidden_act is "relu"');
    expect(told({ position_embedding_type: "relative_key" })).toContain("position_embedding_type");
    expect(told({ num_attention_heads: 7 })).toContain("768 channels cannot be divided into 7");
  });
});
