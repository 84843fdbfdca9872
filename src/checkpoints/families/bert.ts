/** BERT, as transformers saves it. */
import { z } from "zod";
import type { BertConfig } from "../../model/text/bert.js";
import { depth } from "../language-schema.js";
import { count, divided, readConfig, supported } from "./read.js";

const FIELDS = {
  vocab_size: count.default(30522),
  max_position_embeddings: count.default(512),
  type_vocab_size: count.default(2),
  hidden_size: count.default(768),
  num_hidden_layers: depth.default(12),
  num_attention_heads: count.default(12),
  intermediate_size: count.default(3072),
  hidden_act: z.string().default("gelu"),
  layer_norm_eps: z.number().positive().default(1e-12),
  position_embedding_type: z.string().default("absolute"),
};

/**
 * A BERT's `config.json` to our configuration; fields left out have the values transformers gives them.
 * @throws {ForeignConfigError} for what our tower is not
 */
export function bertConfig(json: unknown, place: string): BertConfig {
  const own = readConfig(FIELDS, json, place);
  supported(place, {
    hidden_act: [own.hidden_act, "gelu"],
    layer_norm_eps: [own.layer_norm_eps, 1e-12],
    position_embedding_type: [own.position_embedding_type, "absolute"],
  });
  divided(own.hidden_size, own.num_attention_heads, "channels", place);
  return {
    kind: "bert",
    vocabulary: own.vocab_size,
    positions: own.max_position_embeddings,
    types: own.type_vocab_size,
    width: own.hidden_size,
    layers: own.num_hidden_layers,
    heads: own.num_attention_heads,
    hidden: own.intermediate_size,
  };
}
