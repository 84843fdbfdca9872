/** MPT, in both generations of its names; queries, keys and values stand one after the other in one matrix. */
import type { TransformerConfig } from "../../model/language/transformer-config.js";
import { type MapLayout, mapRows } from "./rows.js";
import { type NameRow, same, transposed } from "./table.js";
import { blockRows, ownNormRows, span, tableRow } from "./transformer.js";

/** The parts of a block that were renamed. */
interface Generation {
  readonly norms: readonly [string, string];
  readonly up: string;
  readonly down: string;
  readonly last: string;
}

const table =
  ({ norms, up, down, last }: Generation) =>
  (config: TransformerConfig): NameRow[] => {
    const { heads, keyHeads, headDim, offsets, positions, queryKeyNorm } = config;
    const starts = [0, heads * headDim, (heads + keyHeads) * headDim];
    const all = (heads + 2 * keyHeads) * headDim;
    const fused = (n: number): MapLayout => ({
      weight: span(starts[n]!, all, transposed),
      offset: span(starts[n]!, all, same),
    });
    return [
      tableRow("embedding", "transformer.wte.weight"),
      ...(positions.kind === "learned" ? [tableRow("places", "transformer.wpe.weight")] : []),
      ...blockRows(config, "transformer.blocks", (ours, theirs) => [
        ...ownNormRows(`${ours}.norm`, `${theirs}.${norms[0]}`, config),
        ...["query", "key", "value"].flatMap((name, n) =>
          mapRows(`${ours}.attention.${name}`, `${theirs}.attn.Wqkv`, offsets.queryKeyValue, fused(n)),
        ),
        ...(queryKeyNorm === "none"
          ? []
          : [
              ...ownNormRows(`${ours}.attention.queryNorm`, `${theirs}.attn.q_ln`, config),
              ...ownNormRows(`${ours}.attention.keyNorm`, `${theirs}.attn.k_ln`, config),
            ]),
        ...mapRows(`${ours}.attention.output`, `${theirs}.attn.out_proj`, offsets.output),
        ...ownNormRows(`${ours}.feedForward.norm`, `${theirs}.${norms[1]}`, config),
        ...mapRows(`${ours}.feedForward.up`, `${theirs}.${up}`, offsets.feedForward),
        ...mapRows(`${ours}.feedForward.down`, `${theirs}.${down}`, offsets.feedForward),
      ]),
      ...ownNormRows("norm", `transformer.${last}`, config),
    ];
  };

/** Rows of an MPT as it is saved now. */
export const mptNames = table({
  norms: ["norm_1", "norm_2"],
  up: "ffn.up_proj",
  down: "ffn.down_proj",
  last: "norm_f",
});

/** Rows of an MPT from when it was called mosaic_gpt. */
export const mosaicGptNames = table({
  norms: ["ln_1", "ln_2"],
  up: "mlp.mlp_up",
  down: "mlp.mlp_down",
  last: "ln_f",
});
