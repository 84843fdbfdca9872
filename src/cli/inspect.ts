/** `flamingo inspect`: the parts of a model, of a folder or of a preset, and what they cost. */
import { stat } from "node:fs/promises";
import { WeightsMismatchError } from "../checkpoints/errors.js";
import type { FlamingoFile } from "../checkpoints/flamingo-file.js";
import { outlineFlamingo } from "../checkpoints/flamingo-outline.node.js";
import type { TensorStore } from "../checkpoints/store.js";
import { UsageError } from "../errors.js";
import { EMBEDDED } from "../generation/flamingo.node.js";
import type { FlamingoConfig } from "../model/flamingo-parameters.js";
import { type Flops, flopsOf } from "../model/flops.js";
import { PARTS, type PartName, parametersByPart, TRAINED, weightOf } from "../model/parts.js";
import { presetNamed } from "../model/presets.js";
import type { Preset } from "../model/published/preset.js";
import type { Held } from "../nn/quantised.js";
import { openTokenizer } from "../text/hub-tokenizer.js";
import type { TokenizerJson } from "../text/tokenizer-json.js";
import { folderInWords, presetInWords, sizesOf } from "./inspect-words.js";
import type { Io } from "./io.js";

/** What `--json` prints of any model. */
export interface Outline {
  readonly name: string;
  /** Parameters of all parts. */
  readonly total: number;
  readonly parts: readonly {
    readonly name: PartName;
    readonly parameters: number;
    /** Whether Flamingo's own training makes it; the rest was trained before, and frozen. */
    readonly trained: boolean;
    readonly sizes: string;
  }[];
  /** What the weights take in memory in each format; in few bits, `kept` parameters stay in float32. */
  readonly memory: readonly { readonly held: Held; readonly bytes: number; readonly kept: number }[];
  /** Operations, a multiplication and its addition as 2. */
  readonly flops: Flops;
}

/** What `--json` prints of a preset. */
export interface PresetInspection extends Outline, Omit<Preset, "config"> {
  readonly config: FlamingoConfig;
}

/** What `--json` prints of a model folder. */
export interface Inspection extends Outline {
  /** Bytes of the weight files. */
  readonly bytes: number;
  /** Parameters that these hold in each format: `F16`, `int4`. */
  readonly formats: Readonly<Record<string, number>>;
  /** Ids of the tokenizer; the language model has rows for `config.language.vocabulary`, and those added to it. */
  readonly tokenizer: number;
  /** For each gated block the language block it stands before, and its gates as they are stored and after tanh. */
  readonly gates: readonly {
    readonly before: number | null;
    readonly attention: Gate | null;
    readonly dense: Gate | null;
  }[];
  readonly config: FlamingoFile;
}

interface Gate {
  readonly value: number;
  readonly tanh: number;
}

/**
 * Tells the parts of a model. Of its weights only the gates are read.
 * @throws {UsageError} if a folder and a preset are asked for at once, or there is no such preset
 * @throws as `outlineFlamingo`
 */
export async function inspect(
  [folder]: readonly string[],
  { preset, json }: { readonly preset?: string; readonly json?: boolean },
  io: Io,
): Promise<undefined> {
  if (folder !== undefined && preset !== undefined)
    throw new UsageError("A folder and a preset were asked for at once.", "leave out the folder, or --preset");
  if (preset === undefined) {
    const inspection = await inspectFolder(folder ?? EMBEDDED);
    io.out(json ? `${JSON.stringify(inspection)}\n` : folderInWords(folder ?? EMBEDDED, inspection));
  } else {
    const { config, ...where } = presetNamed(preset);
    const inspection: PresetInspection = { ...outline(preset, config), ...where, config };
    io.out(json ? `${JSON.stringify(inspection)}\n` : presetInWords(inspection));
  }
}

function outline(name: string, config: FlamingoConfig): Outline {
  const counts = parametersByPart(config);
  const sizes = sizesOf(config);
  return {
    name,
    total: PARTS.reduce((sum, part) => sum + counts[part], 0),
    parts: PARTS.map((name) => ({ name, parameters: counts[name], trained: TRAINED[name], sizes: sizes[name] })),
    memory: (["f32", "f16", "int8", "int4"] as const).map((held) => ({ held, ...weightOf(config, held) })),
    flops: flopsOf(config),
  };
}

async function inspectFolder(folder: string): Promise<Inspection> {
  const { config, tokenizer, weights, formats } = await outlineFlamingo(folder);
  const files = new Set([...weights.entries.values()].map(({ file }) => file));
  const bytes = (await Promise.all([...files].map((file) => stat(file)))).reduce((sum, { size }) => sum + size, 0);
  const { before, grafts = 0 } = config.gated;
  const gates = Array.from({ length: before.length + grafts }, async (_, i) => ({
    before: before[i] ?? null,
    attention: await gate(weights, `gated.${i}.attentionGate`),
    dense: await gate(weights, `gated.${i}.denseGate`),
  }));
  return {
    ...outline(config.name, config),
    bytes,
    formats,
    tokenizer: openTokenizer(tokenizer as TokenizerJson).vocabularySize,
    gates: await Promise.all(gates),
    config,
  };
}

/** A gate; of one that has a number for each channel, the mean. @throws {WeightsMismatchError} for one that is not finite */
async function gate(weights: TensorStore, path: string): Promise<Gate | null> {
  if (!weights.entries.has(path)) return null;
  const { data } = await weights.read(path);
  const at = data.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) throw new WeightsMismatchError([{ kind: "value", name: path, value: data[at]!, at }]);
  const mean = (of: (value: number) => number) => data.reduce((sum, value) => sum + of(value), 0) / data.length;
  return { value: mean((value) => value), tanh: mean(Math.tanh) };
}
