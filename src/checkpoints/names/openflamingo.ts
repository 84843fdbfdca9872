/** What OpenFlamingo trains, as its checkpoints name it; towers keep the names of their own checkpoints. */
import type { FlamingoConfig } from "../../model/flamingo-parameters.js";
import { below, linearRow, normRows } from "./rows.js";
import { type Layout, type NameRow, part, same, shaped, transposed } from "./table.js";

/** Where a language model of a family keeps its blocks and tokens. */
export interface OpenFlamingoLanguage {
  /** Its list of blocks, each a gated block (or none) and the model's own. */
  readonly blocks: string;
  /** The token table, resized for the tokens that were added. */
  readonly table: string;
  /** The map to logits where it is not the table and its name holds `embed`: only then it is in the file. */
  readonly head?: string;
}

/**
 * The families that OpenFlamingo knows, by the name their configurations give.
 * @source github:mlfoundations/open_flamingo, open_flamingo/src/factory.py
 */
export const OPENFLAMINGO_LANGUAGES = {
  mpt: { blocks: "transformer.blocks", table: "transformer.wte.weight" },
  gpt_neox: { blocks: "gpt_neox.layers", table: "gpt_neox.embed_in.weight", head: "embed_out.weight" },
  llama: { blocks: "model.layers", table: "model.embed_tokens.weight" },
  opt: { blocks: "model.decoder.layers", table: "model.decoder.embed_tokens.weight" },
  gptj: { blocks: "transformer.h", table: "transformer.wte.weight" },
} as const satisfies Record<string, OpenFlamingoLanguage>;

/** One of those families. */
export type OpenFlamingoFamily = keyof typeof OPENFLAMINGO_LANGUAGES;

/** What a checkpoint's names alone tell. */
export interface OpenFlamingoPlaces {
  readonly family: OpenFlamingoFamily;
  /** The language blocks in front of which a gated block stands, rising. */
  readonly before: readonly number[];
  /** Layers of the resampler. */
  readonly resamplerLayers: number;
}

const GATED = /^lang_encoder\.(.+)\.(\d+)\.gated_cross_attn_layer\.attn_gate$/;
const RESAMPLER = /^perceiver\.layers\.(\d+)\.0\.to_q\.weight$/;

/**
 * Reads from the names of a checkpoint which family its language model is of, and where its gated blocks stand.
 * @returns  undefined if these are not the names of an OpenFlamingo
 */
export function openFlamingoPlaces(names: Iterable<string>): OpenFlamingoPlaces | undefined {
  const all = [...names];
  const found = all.map((name) => GATED.exec(name)).filter((match) => match !== null);
  const blocks = new Set(found.map((match) => match[1]!));
  const family = Object.entries(OPENFLAMINGO_LANGUAGES).find(
    ([, own]) => blocks.size === 1 && blocks.has(own.blocks),
  )?.[0];
  if (family === undefined) return undefined;
  return {
    family: family as OpenFlamingoFamily,
    before: found.map((match) => Number(match[2])).sort((a, b) => a - b),
    resamplerLayers: all.filter((name) => RESAMPLER.test(name)).length,
  };
}

/** Ours is a scalar, theirs has one axis of 1. */
const gate: Layout = shaped(() => [1]);

/**
 * Every tensor of a published checkpoint: resampler, gated blocks, and the tokens' table. Names of files that were saved
 * under data parallelism begin with `module.`, which is to be taken away before.
 * @source github:mlfoundations/open_flamingo, open_flamingo/src/helpers.py and train/train_utils.py
 */
export function openFlamingoNames(config: FlamingoConfig, family: OpenFlamingoFamily): NameRow[] {
  const own: OpenFlamingoLanguage = OPENFLAMINGO_LANGUAGES[family];
  return [
    ...below(resampler(config), "resampler.", "perceiver."),
    ...config.gated.before.flatMap((depth, i) =>
      below(gatedBlock(), `gated.${i}.`, `lang_encoder.${own.blocks}.${depth}.gated_cross_attn_layer.`),
    ),
    { ours: "language.embedding", theirs: `lang_encoder.${own.table}`, layout: same },
    ...(own.head === undefined ? [] : [linearRow("language.head", `lang_encoder.${own.head.replace(".weight", "")}`)]),
  ];
}

function resampler({ resampler: { layers, frames } }: FlamingoConfig): NameRow[] {
  return [
    { ours: "latents", theirs: "latents", layout: same },
    ...(frames > 0 ? [{ ours: "time", theirs: "frame_embs", layout: same }] : []),
    ...Array.from({ length: layers }, (_, i) =>
      below(
        [
          ...normRows("normMedia", "0.norm_media"),
          ...normRows("normLatents", "0.norm_latents"),
          ...attention("0."),
          ...feedForward("1."),
        ],
        `layers.${i}.`,
        `layers.${i}.`,
      ),
    ).flat(),
    ...normRows("norm", "norm"),
  ];
}

function gatedBlock(): NameRow[] {
  return [
    ...normRows("norm", "attn.norm"),
    ...attention("attn."),
    { ours: "attentionGate", theirs: "attn_gate", layout: gate },
    { ours: "denseGate", theirs: "ff_gate", layout: gate },
    ...feedForward("ff."),
  ];
}

/** Keys are the first half of one matrix, values the second. */
function attention(theirs: string): NameRow[] {
  return [
    linearRow("query", `${theirs}to_q`),
    { ours: "key.weight", theirs: `${theirs}to_kv.weight`, layout: part(0, 2, transposed) },
    { ours: "value.weight", theirs: `${theirs}to_kv.weight`, layout: part(1, 2, transposed) },
    linearRow("output", `${theirs}to_out`),
  ];
}

function feedForward(theirs: string): NameRow[] {
  return [
    ...normRows("feedForward.norm", `${theirs}0`),
    linearRow("feedForward.up", `${theirs}1`),
    linearRow("feedForward.down", `${theirs}3`),
  ];
}
