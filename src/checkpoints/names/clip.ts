/** CLIP's vision transformers as transformers and IDEFICS name them, and as open_clip does. */
import type { ClipVitConfig } from "../../model/vision/clip-vit.js";
import { affineRows, below, normRows } from "./rows.js";
import { kernel, type NameRow, part, same, transposed } from "./table.js";

/** The rows of a block, for each of them; their blocks are under `theirs`. */
function everyBlock({ layers }: ClipVitConfig, theirs: string, rows: readonly NameRow[]): NameRow[] {
  return Array.from({ length: layers }, (_, depth) => below(rows, `blocks.${depth}.`, `${theirs}.${depth}.`)).flat();
}

/**
 * Every tensor of the tower, as `CLIPVisionModel` and `CLIPModel` of transformers name it.
 * @param theirs  what their names begin with; in IDEFICS it is `model.vision_model.`
 * @param ours  what our paths begin with
 */
export function clipNames(config: ClipVitConfig, theirs = "vision_model.", ours = "vision."): NameRow[] {
  const rows: NameRow[] = [
    { ours: "patches", theirs: "embeddings.patch_embedding.weight", layout: kernel },
    { ours: "classToken", theirs: "embeddings.class_embedding", layout: same },
    { ours: "positions", theirs: "embeddings.position_embedding.weight", layout: same },
    ...normRows("preNorm", "pre_layrnorm"),
    ...everyBlock(config, "encoder.layers", [
      ...normRows("norm", "layer_norm1"),
      ...affineRows("query", "self_attn.q_proj"),
      ...affineRows("key", "self_attn.k_proj"),
      ...affineRows("value", "self_attn.v_proj"),
      ...affineRows("output", "self_attn.out_proj"),
      ...normRows("feedForward.norm", "layer_norm2"),
      ...affineRows("feedForward.up", "mlp.fc1"),
      ...affineRows("feedForward.down", "mlp.fc2"),
    ]),
    ...(config.postNorm ? normRows("postNorm", "post_layernorm") : []),
  ];
  return below(rows, ours, theirs);
}

/** The same as open_clip names it; queries, keys and values are the thirds of one matrix. */
export function openClipNames(config: ClipVitConfig, theirs = "visual.", ours = "vision."): NameRow[] {
  const third = (name: string, n: number): NameRow[] => [
    { ours: `${name}.weight`, theirs: "attn.in_proj_weight", layout: part(n, 3, transposed) },
    { ours: `${name}.offset`, theirs: "attn.in_proj_bias", layout: part(n, 3, same) },
  ];
  const rows: NameRow[] = [
    { ours: "patches", theirs: "conv1.weight", layout: kernel },
    { ours: "classToken", theirs: "class_embedding", layout: same },
    { ours: "positions", theirs: "positional_embedding", layout: same },
    ...normRows("preNorm", "ln_pre"),
    ...everyBlock(config, "transformer.resblocks", [
      ...normRows("norm", "ln_1"),
      ...third("query", 0),
      ...third("key", 1),
      ...third("value", 2),
      ...affineRows("output", "attn.out_proj"),
      ...normRows("feedForward.norm", "ln_2"),
      ...affineRows("feedForward.up", "mlp.c_fc"),
      ...affineRows("feedForward.down", "mlp.c_proj"),
    ]),
    ...(config.postNorm ? normRows("postNorm", "ln_post") : []),
  ];
  return below(rows, ours, theirs);
}

/**
 * Whether a tensor of a CLIP checkpoint is one that the tower has no use for: its text side, the projections into the space
 * of both, numbers of rows that older versions kept, and the last norm where features are taken before it.
 */
export function clipSpare(theirs: string, { postNorm }: ClipVitConfig): boolean {
  if (/(^|\.)(post_layernorm|ln_post)\./.test(theirs)) return !postNorm;
  return (
    /^(text_model|text_projection|transformer|token_embedding|ln_final|visual_projection)\b/.test(theirs) ||
    /^(positional_embedding|logit_scale|logit_bias|attn_mask|visual\.proj)$/.test(theirs) ||
    theirs.endsWith("embeddings.position_ids")
  );
}
