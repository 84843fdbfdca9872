/**
 * OpenFlamingo-3B as it is published, but for its numbers and its words: the trained part, MPT-1B, CLIP ViT-L/14, each in
 * the format, under the names and in the sizes that its own repository has.
 *
 * @source hub: openflamingo/OpenFlamingo-3B-vitl-mpt1b, anas-awadalla/mpt-1b-redpajama-200b, openai/clip-vit-large-patch14
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DeclaredTensor } from "#dist/checkpoints/safetensors-write.js";
import { writeTorchFile } from "#dist/checkpoints/torch/torch-writer.node.js";
import { writeWeights } from "#dist/checkpoints/weights-writer.node.js";
import { around0, type Draw, drawn, gain, map } from "./random-weights.js";
import { neoxTokenizer } from "./tokenizer.js";

/** Sizes of the three. */
export interface Sizes {
  readonly language: { readonly width: number; readonly layers: number; readonly heads: number; readonly rows: number };
  /** Ids of the language model's tokenizer. */
  readonly ids: number;
  readonly vision: Tower;
  /** The other half of CLIP. */
  readonly text: Tower & { readonly rows: number; readonly length: number };
  readonly resampler: { readonly layers: number; readonly latents: number };
}

interface Tower {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
}

/** As published. */
export const OPENFLAMINGO_3B: Sizes = {
  language: { width: 2048, layers: 24, heads: 16, rows: 50432 },
  ids: 50277,
  vision: { width: 1024, layers: 24, heads: 16 },
  text: { width: 768, layers: 12, heads: 12, rows: 49408, length: 77 },
  resampler: { layers: 6, latents: 64 },
};

/** The same in small, to see whether the program runs. */
export const SMALL: Sizes = {
  language: { width: 256, layers: 2, heads: 2, rows: 832 },
  ids: 777,
  vision: { width: 128, layers: 2, heads: 2 },
  text: { width: 64, layers: 1, heads: 1, rows: 512, length: 77 },
  resampler: { layers: 2, latents: 64 },
};

/** Folders that `flamingo import` takes. */
export interface PublishedFolders {
  readonly checkpoint: string;
  readonly language: string;
  readonly vision: string;
}

/** Channels of all heads of the resampler and of the gated blocks together: 8 heads of 64. */
const INNER = 512;
/** What the gates say before the hyperbolic tangent: open. */
const GATE = 0.5;
/** Deviation of embeddings, positions and offsets. */
const SMALL_DEVIATION = 0.02;
const SIDE = 224;
const PATCH = 14;

/** Writes the three repositories. */
export async function writePublished(folder: string, sizes: Sizes): Promise<PublishedFolders> {
  const folders = {
    checkpoint: join(folder, "openflamingo"),
    language: join(folder, "mpt-1b"),
    vision: join(folder, "clip"),
  };
  for (const each of Object.values(folders)) await mkdir(each, { recursive: true });
  await writeDrawn(join(folders.checkpoint, "checkpoint.pt"), trainedTensors(sizes));
  await writeDrawn(join(folders.language, "pytorch_model.bin"), languageTensors(sizes));
  const json = (path: string, value: unknown) => writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
  await json(join(folders.language, "config.json"), languageConfig(sizes));
  const { tokenizer, names } = neoxTokenizer(sizes.ids);
  await json(join(folders.language, "tokenizer.json"), tokenizer);
  await json(join(folders.language, "special_tokens_map.json"), names);
  await writeClip(folders.vision, sizes);
  await json(join(folders.vision, "config.json"), clipConfig(sizes));
  return folders;
}

type Tensors = Map<string, Draw>;

function writeDrawn(path: string, tensors: Tensors): Promise<void> {
  return writeTorchFile(
    path,
    new Map([...tensors].map(([name, { shape }]) => [name, { dtype: "F32", shape }])),
    async (name) => new Uint8Array(drawn(name, tensors.get(name)!).buffer),
  );
}

function trainedTensors({ ids, language, vision, resampler }: Sizes): Tensors {
  const tensors: Tensors = new Map();
  const norm = (name: string, width: number) => {
    tensors.set(`${name}.weight`, gain(width));
    tensors.set(`${name}.bias`, around0([width], SMALL_DEVIATION));
  };
  const attention = (name: string, width: number) => {
    tensors.set(`${name}.to_q.weight`, map(INNER, width));
    tensors.set(`${name}.to_kv.weight`, map(2 * INNER, vision.width));
    tensors.set(`${name}.to_out.weight`, map(width, INNER));
  };
  const feedForward = (name: string, width: number) => {
    norm(`${name}.0`, width);
    tensors.set(`${name}.1.weight`, map(4 * width, width));
    tensors.set(`${name}.3.weight`, map(width, 4 * width));
  };
  tensors.set("perceiver.latents", around0([resampler.latents, vision.width], 1));
  for (let i = 0; i < resampler.layers; i++) {
    norm(`perceiver.layers.${i}.0.norm_media`, vision.width);
    norm(`perceiver.layers.${i}.0.norm_latents`, vision.width);
    attention(`perceiver.layers.${i}.0`, vision.width);
    feedForward(`perceiver.layers.${i}.1`, vision.width);
  }
  norm("perceiver.norm", vision.width);
  tensors.set("lang_encoder.transformer.wte.weight", around0([ids + 3, language.width], SMALL_DEVIATION));
  for (let i = 0; i < language.layers; i++) {
    const block = `lang_encoder.transformer.blocks.${i}.gated_cross_attn_layer`;
    for (const gate of ["attn_gate", "ff_gate"])
      tensors.set(`${block}.${gate}`, { shape: [1], centre: GATE, spread: 0 });
    norm(`${block}.attn.norm`, language.width);
    attention(`${block}.attn`, language.width);
    feedForward(`${block}.ff`, language.width);
  }
  return tensors;
}

function languageTensors({ language: { width, layers, rows } }: Sizes): Tensors {
  const tensors: Tensors = new Map();
  tensors.set("transformer.wte.weight", around0([rows, width], SMALL_DEVIATION));
  for (let i = 0; i < layers; i++) {
    const block = `transformer.blocks.${i}`;
    tensors.set(`${block}.ln_1.weight`, gain(width));
    tensors.set(`${block}.attn.Wqkv.weight`, map(3 * width, width));
    tensors.set(`${block}.attn.q_ln.weight`, gain(width));
    tensors.set(`${block}.attn.k_ln.weight`, gain(width));
    tensors.set(`${block}.attn.out_proj.weight`, map(width, width));
    tensors.set(`${block}.ln_2.weight`, gain(width));
    tensors.set(`${block}.mlp.mlp_up.weight`, map(4 * width, width));
    tensors.set(`${block}.mlp.mlp_down.weight`, map(width, 4 * width));
  }
  tensors.set("transformer.ln_f.weight", gain(width));
  return tensors;
}

function languageConfig({ language: { width, layers, heads, rows } }: Sizes) {
  return {
    architectures: ["MosaicGPT"],
    model_type: "mosaic_gpt",
    alibi: true,
    alibi_bias_max: 8,
    attn_clip_qkv: null,
    attn_impl: "torch",
    attn_qk_ln: true,
    d_model: width,
    embedding_fraction: 1.0,
    logit_scale: null,
    low_precision_layernorm: true,
    max_seq_len: 2048,
    mlp_ratio: 4,
    n_heads: heads,
    n_layers: layers,
    no_bias: true,
    prefix_lm: false,
    softmax_scale: null,
    torch_dtype: "float32",
    vocab_size: rows,
  };
}

/** Both halves of CLIP, in one safetensors file as transformers saves it. */
async function writeClip(folder: string, { vision, text }: Sizes): Promise<void> {
  const tensors: Tensors = new Map();
  const affine = (name: string, outputs: number, inputs: number) => {
    tensors.set(`${name}.weight`, map(outputs, inputs));
    tensors.set(`${name}.bias`, around0([outputs], SMALL_DEVIATION));
  };
  const norm = (name: string, width: number) => {
    tensors.set(`${name}.weight`, gain(width));
    tensors.set(`${name}.bias`, around0([width], SMALL_DEVIATION));
  };
  const blocks = (name: string, { width, layers }: Tower) => {
    for (let i = 0; i < layers; i++) {
      const block = `${name}.encoder.layers.${i}`;
      for (const each of ["q_proj", "k_proj", "v_proj", "out_proj"]) affine(`${block}.self_attn.${each}`, width, width);
      norm(`${block}.layer_norm1`, width);
      norm(`${block}.layer_norm2`, width);
      affine(`${block}.mlp.fc1`, 4 * width, width);
      affine(`${block}.mlp.fc2`, width, 4 * width);
    }
  };
  const patches = (SIDE / PATCH) ** 2;
  tensors.set("logit_scale", { shape: [], centre: 4.6, spread: 0 });
  tensors.set("text_model.embeddings.token_embedding.weight", around0([text.rows, text.width], SMALL_DEVIATION));
  tensors.set("text_model.embeddings.position_embedding.weight", around0([text.length, text.width], SMALL_DEVIATION));
  blocks("text_model", text);
  norm("text_model.final_layer_norm", text.width);
  tensors.set("text_projection.weight", map(text.width, text.width));
  tensors.set("vision_model.embeddings.class_embedding", around0([vision.width], SMALL_DEVIATION));
  tensors.set("vision_model.embeddings.patch_embedding.weight", {
    ...map(vision.width, 3 * PATCH ** 2),
    shape: [vision.width, 3, PATCH, PATCH],
  });
  tensors.set(
    "vision_model.embeddings.position_embedding.weight",
    around0([patches + 1, vision.width], SMALL_DEVIATION),
  );
  norm("vision_model.pre_layrnorm", vision.width);
  blocks("vision_model", vision);
  norm("vision_model.post_layernorm", vision.width);
  tensors.set("visual_projection.weight", map(text.width, vision.width));
  const buffers = new Map([
    ["text_model.embeddings.position_ids", text.length],
    ["vision_model.embeddings.position_ids", patches + 1],
  ]);
  const declared = new Map<string, DeclaredTensor>();
  for (const [name, { shape }] of tensors) declared.set(name, { dtype: "F32", shape });
  for (const [name, length] of buffers) declared.set(name, { dtype: "I64", shape: [1, length] });
  await writeWeights(folder, declared, async (writer) => {
    for (const [name, draw] of tensors) await writer.write(name, drawn(name, draw));
    for (const [name, length] of buffers)
      await writer.write(name, new Uint8Array(BigInt64Array.from({ length }, (_, i) => BigInt(i)).buffer));
  });
}

function clipConfig({ vision, text }: Sizes) {
  const tower = ({ width, layers, heads }: Tower) => ({
    hidden_act: "quick_gelu",
    hidden_size: width,
    intermediate_size: 4 * width,
    layer_norm_eps: 1e-5,
    num_attention_heads: heads,
    num_hidden_layers: layers,
  });
  return {
    architectures: ["CLIPModel"],
    model_type: "clip",
    projection_dim: text.width,
    text_config: {
      model_type: "clip_text_model",
      ...tower(text),
      max_position_embeddings: text.length,
      vocab_size: text.rows,
    },
    vision_config: {
      model_type: "clip_vision_model",
      ...tower(vision),
      image_size: SIDE,
      num_channels: 3,
      patch_size: PATCH,
    },
  };
}
