/** OPT of transformers. */
import type { TransformerConfig } from "../../model/language/transformer-config.js";
import { mapRows } from "./rows.js";
import type { NameRow } from "./table.js";
import { blockRows, headRows, ownNormRows, tableRow } from "./transformer.js";

/** Rows of an OPT. */
export function optNames(config: TransformerConfig): NameRow[] {
  const { offsets, embeddingWidth, lastNorm } = config;
  const root = "model.decoder";
  return [
    tableRow("embedding", `${root}.embed_tokens.weight`),
    tableRow("places", `${root}.embed_positions.weight`),
    ...(embeddingWidth === undefined
      ? []
      : [...mapRows("widen", `${root}.project_in`, false), ...mapRows("narrow", `${root}.project_out`, false)]),
    ...blockRows(config, `${root}.layers`, (ours, theirs) => [
      ...ownNormRows(`${ours}.norm`, `${theirs}.self_attn_layer_norm`, config),
      ...mapRows(`${ours}.attention.query`, `${theirs}.self_attn.q_proj`, offsets.queryKeyValue),
      ...mapRows(`${ours}.attention.key`, `${theirs}.self_attn.k_proj`, offsets.queryKeyValue),
      ...mapRows(`${ours}.attention.value`, `${theirs}.self_attn.v_proj`, offsets.queryKeyValue),
      ...mapRows(`${ours}.attention.output`, `${theirs}.self_attn.out_proj`, offsets.output),
      ...ownNormRows(`${ours}.feedForward.norm`, `${theirs}.final_layer_norm`, config),
      ...mapRows(`${ours}.feedForward.up`, `${theirs}.fc1`, offsets.feedForward),
      ...mapRows(`${ours}.feedForward.down`, `${theirs}.fc2`, offsets.feedForward),
    ]),
    ...(lastNorm ? ownNormRows("norm", `${root}.final_layer_norm`, config) : []),
    ...headRows(config, "lm_head"),
  ];
}
