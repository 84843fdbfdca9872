/** BERT as transformers names it. */
import type { BertConfig } from "../../model/text/bert.js";
import { affineRows, below, normRows } from "./rows.js";
import { type NameRow, same } from "./table.js";

/**
 * Every tensor of the encoder.
 * @param theirs  what their names begin with: nothing for `BertModel`, `bert.` for models with a head
 * @param ours  what our paths begin with
 */
export function bertNames({ layers }: BertConfig, theirs = "", ours = "text."): NameRow[] {
  const rows: NameRow[] = [
    { ours: "embedding", theirs: "embeddings.word_embeddings.weight", layout: same },
    { ours: "positions", theirs: "embeddings.position_embeddings.weight", layout: same },
    { ours: "types", theirs: "embeddings.token_type_embeddings.weight", layout: same },
    ...normRows("norm", "embeddings.LayerNorm"),
    ...Array.from({ length: layers }, (_, depth) => {
      const [own, layer] = [`blocks.${depth}`, `encoder.layer.${depth}`];
      return [
        ...affineRows(`${own}.query`, `${layer}.attention.self.query`),
        ...affineRows(`${own}.key`, `${layer}.attention.self.key`),
        ...affineRows(`${own}.value`, `${layer}.attention.self.value`),
        ...affineRows(`${own}.output`, `${layer}.attention.output.dense`),
        ...normRows(`${own}.attentionNorm`, `${layer}.attention.output.LayerNorm`),
        ...affineRows(`${own}.up`, `${layer}.intermediate.dense`),
        ...affineRows(`${own}.down`, `${layer}.output.dense`),
        ...normRows(`${own}.norm`, `${layer}.output.LayerNorm`),
      ];
    }).flat(),
  ];
  return below(rows, ours, theirs);
}

/** Whether a tensor of such a checkpoint is one that the encoder has no use for: its pooler, its heads, rows' numbers. */
export const bertSpare = (theirs: string): boolean =>
  /^(bert\.)?(pooler\.|embeddings\.position_ids$)|^cls\./.test(theirs);
