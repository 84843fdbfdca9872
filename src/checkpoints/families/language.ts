/** Published families of language models: their `config.json` to our configuration, and their names of tensors. */
import type { TransformerConfig } from "../../model/language/transformer-config.js";
import { gptNeoxNames } from "../names/gpt-neox.js";
import { gpt2Names } from "../names/gpt2.js";
import { llamaNames } from "../names/llama.js";
import { mosaicGptNames, mptNames } from "../names/mpt.js";
import { optNames } from "../names/opt.js";
import type { NameRow } from "../names/table.js";
import { ForeignConfigError } from "./errors.js";
import { gptNeoxConfig, gptNeoxJson } from "./gpt-neox.js";
import { gpt2Config } from "./gpt2.js";
import { llamaConfig, llamaJson } from "./llama.js";
import { mosaicGptConfig, mosaicGptJson, mptConfig, mptJson } from "./mpt.js";
import { optConfig, optJson } from "./opt.js";

/** One family as it is published. */
export interface LanguageFamily {
  /** What its config.json says to our configuration. @throws {ForeignConfigError} for what we do not have */
  readonly config: (json: unknown, place: string) => TransformerConfig;
  /**
   * A `config.json` that says as much of our configuration as its fields can; absent where no model is written for the family.
   * @param longest  tokens that the model was made for
   */
  readonly json?: (config: TransformerConfig, longest: number) => Record<string, unknown>;
  /** Its tables of names, the one to write under first: files of one family were saved under more than one set of names. */
  readonly names: readonly ((config: TransformerConfig) => NameRow[])[];
  /** Names that stand in its files and hold nothing: buffers, and heads that are the token table once more. */
  readonly spare: (config: TransformerConfig) => RegExp;
}

/** The same table for files whose names lack the prefix of the whole model. */
const without =
  (prefix: string, table: (config: TransformerConfig) => NameRow[]) =>
  (config: TransformerConfig): NameRow[] =>
    table(config).map((row) => ({
      ...row,
      theirs: row.theirs.slice(row.theirs.startsWith(prefix) ? prefix.length : 0),
    }));

/** What a head is called that is the token table once more. */
export const TIED_HEAD = /(^|\.)(lm_head|embed_out)\.weight$/;

/** Tokens of a text where neither the configuration nor a table of positions says how many a model was trained with. */
export const USUAL_LENGTH = 2048;

/** What configurations call the tokens of the longest text of training. */
const LENGTHS = ["max_seq_len", "max_position_embeddings", "n_positions", "max_sequence_length"] as const;

/** The longest text that a model was trained with, in tokens: as its `config.json` says, and its table of positions allows. */
export function trainedLength(json: unknown, { positions }: TransformerConfig): number {
  const said = LENGTHS.map((name) => (json as Readonly<Record<string, unknown>>)[name]).find(
    (value) => Number.isInteger(value) && (value as number) > 0,
  ) as number | undefined;
  const rows = positions.kind === "learned" ? positions.rows - positions.first : Number.POSITIVE_INFINITY;
  return Math.min(said ?? (Number.isFinite(rows) ? rows : USUAL_LENGTH), rows);
}

const tiedHead = (names: string) => (config: TransformerConfig) =>
  config.head === "tied" ? new RegExp(`(^|\\.)lm_head\\.weight$|${names}`) : new RegExp(names);

const mosaicSpare = tiedHead("\\.attn_bias$");

/** Families by the `model_type` of their configurations. */
export const LANGUAGE_FAMILIES: Readonly<Record<string, LanguageFamily>> = {
  gpt2: {
    config: gpt2Config,
    names: [gpt2Names, without("transformer.", gpt2Names)],
    spare: tiedHead("\\.attn\\.(masked_)?bias$"),
  },
  opt: { config: optConfig, json: optJson, names: [optNames, without("model.", optNames)], spare: tiedHead("^$") },
  gpt_neox: {
    config: gptNeoxConfig,
    json: gptNeoxJson,
    names: [gptNeoxNames],
    spare: tiedHead("\\.attention\\.((masked_)?bias|rotary_emb\\.inv_freq)$"),
  },
  mpt: { config: mptConfig, json: mptJson, names: [mptNames, mosaicGptNames], spare: mosaicSpare },
  mosaic_gpt: {
    config: mosaicGptConfig,
    json: mosaicGptJson,
    names: [mosaicGptNames, mptNames],
    spare: mosaicSpare,
  },
  llama: { config: llamaConfig, json: llamaJson, names: [llamaNames], spare: tiedHead("\\.rotary_emb\\.inv_freq$") },
};

/**
 * The family of a published `config.json`.
 * @param place  what errors call the folder it came from
 * @throws {ForeignConfigError} if it names none, or one that is not known
 */
export function languageFamily(json: unknown, place: string): LanguageFamily {
  const type = typeof json === "object" && json !== null ? (json as { model_type?: unknown }).model_type : undefined;
  const family =
    typeof type === "string" && Object.hasOwn(LANGUAGE_FAMILIES, type) ? LANGUAGE_FAMILIES[type] : undefined;
  if (family === undefined)
    throw new ForeignConfigError(
      `config.json of ${place} ${type === undefined ? "names no model_type" : `is of model_type ${JSON.stringify(type)}`}; language models of ${Object.keys(LANGUAGE_FAMILIES).join(", ")} are known.`,
      "give the folder of a model of one of these families",
    );
  return family;
}

/**
 * The table under whose names a file was saved: of a family's tables, the one of which most names are held.
 * @param held  names of the tensors there are
 */
export function namesIn(family: LanguageFamily, config: TransformerConfig, held: ReadonlySet<string>): NameRow[] {
  const tables = family.names.map((table) => table(config));
  const found = (table: readonly NameRow[]) => table.filter(({ theirs }) => held.has(theirs)).length;
  return tables.reduce((best, table) => (found(table) > found(best) ? table : best));
}
