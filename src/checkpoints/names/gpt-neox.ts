/** GPT-NeoX of transformers: one matrix holds, head after head, its query, its key and its value. */
import type { TransformerConfig } from "../../model/language/transformer-config.js";
import { type MapLayout, mapRows } from "./rows.js";
import type { NameRow } from "./table.js";
import { blockRows, headRows, ownNormRows, tableRow } from "./transformer.js";

/** Ours are every head's `n`-th third of theirs. */
function interleaved(n: number, { heads, headDim }: TransformerConfig): MapLayout {
  const all = 3 * heads * headDim;
  return {
    weight: ([inputs]) => ({
      theirs: [all, inputs!],
      offset: n * headDim * inputs!,
      axes: [
        { size: inputs!, stride: 1 },
        { size: heads, stride: 3 * headDim * inputs! },
        { size: headDim, stride: inputs! },
      ],
    }),
    offset: () => ({
      theirs: [all],
      offset: n * headDim,
      axes: [
        { size: heads, stride: 3 * headDim },
        { size: headDim, stride: 1 },
      ],
    }),
  };
}

/** Rows of a GPT-NeoX. */
export function gptNeoxNames(config: TransformerConfig): NameRow[] {
  const { offsets } = config;
  return [
    tableRow("embedding", "gpt_neox.embed_in.weight"),
    ...blockRows(config, "gpt_neox.layers", (ours, theirs) => [
      ...ownNormRows(`${ours}.norm`, `${theirs}.input_layernorm`, config),
      ...["query", "key", "value"].flatMap((name, n) =>
        mapRows(
          `${ours}.attention.${name}`,
          `${theirs}.attention.query_key_value`,
          offsets.queryKeyValue,
          interleaved(n, config),
        ),
      ),
      ...mapRows(`${ours}.attention.output`, `${theirs}.attention.dense`, offsets.output),
      ...ownNormRows(`${ours}.feedForward.norm`, `${theirs}.post_attention_layernorm`, config),
      ...mapRows(`${ours}.feedForward.up`, `${theirs}.mlp.dense_h_to_4h`, offsets.feedForward),
      ...mapRows(`${ours}.feedForward.down`, `${theirs}.mlp.dense_4h_to_h`, offsets.feedForward),
    ]),
    ...ownNormRows("norm", "gpt_neox.final_layer_norm", config),
    ...headRows(config, "embed_out"),
  ];
}
