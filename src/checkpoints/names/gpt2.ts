/** GPT-2 of transformers: its `Conv1D` keeps matrices [in, out] as ours, queries, keys and values side by side. */
import type { TransformerConfig } from "../../model/language/transformer-config.js";
import { type MapLayout, mapRows } from "./rows.js";
import { type NameRow, part, same } from "./table.js";
import { blockRows, columns, headRows, ownNormRows, tableRow } from "./transformer.js";

const CONV1D: MapLayout = { weight: same, offset: same };

/** Rows of a GPT-2. */
export function gpt2Names(config: TransformerConfig): NameRow[] {
  const channels = config.heads * config.headDim;
  const fused = (n: number): MapLayout => ({ weight: columns(n * channels, 3 * channels), offset: part(n, 3, same) });
  return [
    tableRow("embedding", "transformer.wte.weight"),
    tableRow("places", "transformer.wpe.weight"),
    ...blockRows(config, "transformer.h", (ours, theirs) => [
      ...ownNormRows(`${ours}.norm`, `${theirs}.ln_1`, config),
      ...["query", "key", "value"].flatMap((name, n) =>
        mapRows(`${ours}.attention.${name}`, `${theirs}.attn.c_attn`, true, fused(n)),
      ),
      ...mapRows(`${ours}.attention.output`, `${theirs}.attn.c_proj`, true, CONV1D),
      ...ownNormRows(`${ours}.feedForward.norm`, `${theirs}.ln_2`, config),
      ...mapRows(`${ours}.feedForward.up`, `${theirs}.mlp.c_fc`, true, CONV1D),
      ...mapRows(`${ours}.feedForward.down`, `${theirs}.mlp.c_proj`, true, CONV1D),
    ]),
    ...ownNormRows("norm", "transformer.ln_f", config),
    ...headRows(config, "lm_head"),
  ];
}
