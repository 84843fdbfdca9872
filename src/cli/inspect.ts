/** `flamingo inspect`: what a model folder holds. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { FlamingoFile } from "../checkpoints/flamingo-file.js";
import { readFlamingo } from "../checkpoints/flamingo-folder.node.js";
import { MODEL_FILES } from "../checkpoints/model-files.js";
import { EMBEDDED } from "../generation/flamingo.node.js";
import type { Flamingo } from "../model/flamingo-parameters.js";
import { languageSizes } from "../model/language/language.js";
import { visionGrid } from "../model/vision/tower.js";
import { countParameters, type Parameter } from "../nn/parameters.js";
import { openTokenizer } from "../text/hub-tokenizer.js";
import type { TokenizerJson } from "../text/tokenizer-json.js";
import type { Io } from "./io.js";
import { grouped, table } from "./table.js";

/** What `--json` prints. */
export interface Inspection {
  readonly name: string;
  readonly parameters: number;
  /** Bytes of the weight file. */
  readonly bytes: number;
  /** Ids of the tokenizer; the language model has rows for `languageSizes(config.language).vocabulary`. */
  readonly tokenizer: number;
  readonly parts: readonly {
    readonly name: "vision" | "resampler" | "gated" | "language";
    readonly parameters: number;
    /** Whether Flamingo's own training changes it; the rest was trained before, and frozen. */
    readonly trained: boolean;
    readonly sizes: string;
  }[];
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

/** Tells the parts of a model. @throws as `readFlamingo` */
export async function inspect([folder = EMBEDDED]: readonly string[], flags: { json?: boolean }, io: Io) {
  const { config, params, tokenizer } = await readFlamingo(folder);
  const { size } = await stat(join(folder, MODEL_FILES.weights));
  const inspection: Inspection = {
    name: config.name,
    parameters: countParameters(params),
    bytes: size,
    tokenizer: openTokenizer(tokenizer as TokenizerJson).vocabularySize,
    parts: partsOf(config, params),
    gates: params.gated.map(({ attentionGate, denseGate }, i) => ({
      before: config.gated.before[i] ?? null,
      attention: attentionGate === undefined ? null : gate(attentionGate),
      dense: denseGate === undefined ? null : gate(denseGate),
    })),
    config,
  };
  io.out(flags.json ? `${JSON.stringify(inspection)}\n` : inWords(folder, inspection));
  return undefined;
}

/** A gate; of one that has a number for each channel, the mean. */
function gate({ data }: Parameter): Gate {
  const mean = (of: (value: number) => number) => data.reduce((sum, value) => sum + of(value), 0) / data.length;
  return { value: mean((value) => value), tanh: mean(Math.tanh) };
}

function partsOf(config: FlamingoFile, params: Flamingo<Parameter>): Inspection["parts"] {
  const { vision, resampler, gated, language } = config;
  const grid = visionGrid(vision);
  const sizes = {
    vision: `${vision.kind}, ${vision.size} x ${vision.size} px to ${grid.patches} patches of ${grid.width}`,
    resampler: `${resampler.layers} layers, ${resampler.heads} heads, ${grid.patches} patches to ${resampler.latents} visual tokens of ${language.width}`,
    gated: `${params.gated.length} blocks before language blocks ${gated.before.join(", ")}, ${gated.heads} heads`,
    language: `${language.kind}, ${language.layers} blocks of ${language.width}, ${language.heads} heads, vocabulary of ${grouped(languageSizes(language).vocabulary)}`,
  };
  return (["vision", "resampler", "gated", "language"] as const).map((name) => ({
    name,
    parameters: countParameters(params[name]),
    trained: name === "resampler" || name === "gated",
    sizes: sizes[name],
  }));
}

function inWords(folder: string, { name, parameters, bytes, tokenizer, parts, gates, config }: Inspection): string {
  const { maximumMedia, maximumTokens } = config.limits;
  const signed = (value: number) => `${value < 0 ? "" : " "}${value.toFixed(4)}`;
  return [
    `${name}  (${folder})`,
    `${grouped(parameters)} parameters in ${(bytes / 2 ** 20).toFixed(1)} MiB, ${grouped(tokenizer)} tokens, prompts of at most ${maximumMedia} pictures and ${maximumTokens} tokens`,
    "",
    table(
      [
        ["part", "parameters", "", "sizes"],
        ...parts.map((part) => [part.name, grouped(part.parameters), part.trained ? "trained" : "frozen", part.sizes]),
      ],
      [1],
    ),
    table([
      ["gated block", "before", "attention gate", "tanh", "dense gate", "tanh"],
      ...gates.map(({ before, attention, dense }, i) => [
        `gated.${i}`,
        before === null ? "grafted" : `language.${before}`,
        ...[attention, dense].flatMap((gate) =>
          gate === null ? ["", "none"] : [signed(gate.value), signed(gate.tanh)],
        ),
      ]),
    ]),
  ].join("\n");
}
