/** A tokenizer as published models have one beside their weights. */
import type { InterleavePolicy } from "../prompt/policies.js";
import type { TokenizerJson } from "../text/tokenizer-json.js";

/**
 * `tokenizer.json` as it is, and a `tokenizer_config.json` that names what its tokens are for.
 * @param type  the language model's family, as its configuration names it
 */
export function tokenizerFiles(
  json: TokenizerJson,
  { bos, eos, pad }: InterleavePolicy["marks"],
  type: string,
): Record<string, unknown> {
  const unknown = json.model.unk_token;
  return {
    "tokenizer.json": json,
    "tokenizer_config.json": {
      tokenizer_class: type === "llama" ? "LlamaTokenizerFast" : "PreTrainedTokenizerFast",
      ...(bos === undefined ? {} : { bos_token: bos }),
      eos_token: eos,
      ...(pad === undefined ? {} : { pad_token: pad }),
      ...(typeof unknown === "string" ? { unk_token: unknown } : {}),
      add_bos_token: bos !== undefined,
      add_eos_token: false,
      clean_up_tokenization_spaces: false,
    },
  };
}
