/** LLaMA of transformers; also the text model of IDEFICS, whose table has rows for the tokens that it adds. */
import type { TransformerConfig } from "../../model/language/transformer-config.js";
import { mapRows } from "./rows.js";
import type { NameRow } from "./table.js";
import { blockRows, headRows, ownNormRows, tableRow } from "./transformer.js";

/** Rows of a LLaMA; of tokens added to its own it knows nothing. */
export function llamaNames(config: TransformerConfig): NameRow[] {
  const { offsets } = config;
  return [
    tableRow("embedding", "model.embed_tokens.weight"),
    ...blockRows(config, "model.layers", (ours, theirs) => [
      ...ownNormRows(`${ours}.norm`, `${theirs}.input_layernorm`, config),
      ...mapRows(`${ours}.attention.query`, `${theirs}.self_attn.q_proj`, offsets.queryKeyValue),
      ...mapRows(`${ours}.attention.key`, `${theirs}.self_attn.k_proj`, offsets.queryKeyValue),
      ...mapRows(`${ours}.attention.value`, `${theirs}.self_attn.v_proj`, offsets.queryKeyValue),
      ...mapRows(`${ours}.attention.output`, `${theirs}.self_attn.o_proj`, offsets.output),
      ...ownNormRows(`${ours}.feedForward.norm`, `${theirs}.post_attention_layernorm`, config),
      ...mapRows(`${ours}.feedForward.up`, `${theirs}.mlp.up_proj`, offsets.feedForward),
      ...mapRows(`${ours}.feedForward.gate`, `${theirs}.mlp.gate_proj`, offsets.feedForward),
      ...mapRows(`${ours}.feedForward.down`, `${theirs}.mlp.down_proj`, offsets.feedForward),
    ]),
    ...ownNormRows("norm", "model.norm", config),
    ...headRows(config, "lm_head"),
  ];
}
