/** LLaMA of transformers; also the text model of IDEFICS, whose added rows stand in tables of their own. */
import type { TransformerConfig } from "../../model/language/transformer-config.js";
import { type NameRow, transposed } from "./table.js";
import { blockRows, headRows, mapRows, normRows, tableRow } from "./transformer.js";

/** Rows of a LLaMA. */
export function llamaNames(config: TransformerConfig): NameRow[] {
  const { offsets, added, head } = config;
  return [
    tableRow("embedding", "model.embed_tokens.weight"),
    ...(added > 0 ? [tableRow("added", "model.embed_tokens.additional_embedding.weight")] : []),
    ...blockRows(config, "model.layers", (ours, theirs) => [
      ...normRows(`${ours}.norm`, `${theirs}.input_layernorm`, config),
      ...mapRows(`${ours}.attention.query`, `${theirs}.self_attn.q_proj`, offsets.queryKeyValue),
      ...mapRows(`${ours}.attention.key`, `${theirs}.self_attn.k_proj`, offsets.queryKeyValue),
      ...mapRows(`${ours}.attention.value`, `${theirs}.self_attn.v_proj`, offsets.queryKeyValue),
      ...mapRows(`${ours}.attention.output`, `${theirs}.self_attn.o_proj`, offsets.output),
      ...normRows(`${ours}.feedForward.norm`, `${theirs}.post_attention_layernorm`, config),
      ...mapRows(`${ours}.feedForward.up`, `${theirs}.mlp.up_proj`, offsets.feedForward),
      ...mapRows(`${ours}.feedForward.gate`, `${theirs}.mlp.gate_proj`, offsets.feedForward),
      ...mapRows(`${ours}.feedForward.down`, `${theirs}.mlp.down_proj`, offsets.feedForward),
    ]),
    ...normRows("norm", "model.norm", config),
    ...headRows(config, "lm_head"),
    ...(added > 0 && head !== "tied"
      ? [{ ours: "addedHead.weight", theirs: "lm_head.additional_fc.weight", layout: transposed }]
      : []),
  ];
}
