/** What `flamingo inspect` found, in words. */
import { type FlamingoConfig, visualTokenCount, visualWidth } from "../model/flamingo-parameters.js";
import type { TokenFlops } from "../model/flops.js";
import { languageSizes } from "../model/language/language.js";
import type { PartName } from "../model/parts.js";
import { visionGrid } from "../model/vision/tower.js";
import type { Inspection, Outline, PresetInspection } from "./inspect.js";
import { grouped, table } from "./table.js";

/** A preset. */
export function presetInWords(inspection: PresetInspection): string {
  const { name, source, total, printedBillions } = inspection;
  const printed = printedBillions === undefined ? "" : `; ${printedBillions} billion are printed there`;
  return [`${name}  (${source})`, `${grouped(total)} parameters${printed}`, "", ...costs(inspection)].join("\n");
}

/** A model folder. */
export function folderInWords(folder: string, inspection: Inspection): string {
  const { name, total, bytes, formats, tokenizer, gates, config } = inspection;
  const { maximumMedia, maximumTokens } = config.limits;
  const signed = (value: number) => `${value < 0 ? "" : " "}${value.toFixed(4)}`;
  const [most, ...others] = Object.entries(formats).sort(([, a], [, b]) => b - a);
  const held = [most!, ...others].map(([format, count]) =>
    others.length === 0 ? format : `${grouped(count)} in ${format}`,
  );
  return [
    `${name}  (${folder})`,
    `${grouped(total)} parameters in ${size(bytes)} (${held.join(", ")}), ${grouped(tokenizer)} tokens, prompts of at most ${maximumMedia} pictures and ${maximumTokens} tokens`,
    "",
    ...costs(inspection),
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

/** The tables of parts, of memory and of operations. */
function costs({ parts, memory, flops }: Outline): string[] {
  const forTokens = (what: string, { fixed, perToken, perImage }: TokenFlops) => [
    what,
    scaled(fixed),
    scaled(perToken),
    scaled(perImage),
  ];
  return [
    table(
      [
        ["part", "parameters", "", "sizes"],
        ...parts.map((part) => [part.name, grouped(part.parameters), part.trained ? "trained" : "frozen", part.sizes]),
      ],
      [1],
    ),
    table(
      [
        ["weights in", "memory", "kept in f32"],
        ...memory.map(({ held, bytes, kept }) => [held, size(bytes), kept === 0 ? "" : grouped(kept)]),
      ],
      [1, 2],
    ),
    table(
      [
        ["operations", "", "a token of the text", "an image"],
        ["an image, once", scaled(flops.image), "", ""],
        forTokens("a token that is read", flops.promptToken),
        forTokens("a token that is written", flops.generatedToken),
      ],
      [1, 2, 3],
    ),
    [
      "Counted are matrix products and convolutions, a multiplication and its addition as 2. To what a token takes come the",
      "last two columns: for each token of its text, and for each image that is looked at in the same call.\n",
    ].join("\n"),
  ];
}

/** Bytes: 12.0 GiB. */
function size(bytes: number): string {
  return bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

/** A count of operations: 4.63 G. */
function scaled(count: number): string {
  const [unit, letter] = (
    [
      [1e12, "T"],
      [1e9, "G"],
      [1e6, "M"],
      [1e3, "k"],
    ] as const
  ).find(([least]) => count >= least) ?? [1, ""];
  return `${(count / unit).toPrecision(3)} ${letter}`.trimEnd();
}

/** The sizes of every part, in words. */
export function sizesOf(config: FlamingoConfig): Readonly<Record<PartName, string>> {
  const { vision, language, resampler } = config;
  const grid = visionGrid(vision);
  const { layers, width, vocabulary } = languageSizes(language);
  const tokens = `${visualTokenCount(config)} visual tokens of ${visualWidth(config)}`;
  const kind = resampler.kind === undefined || resampler.kind === "perceiver" ? "" : `${resampler.kind}, `;
  return {
    vision: `${vision.kind}, ${vision.size} x ${vision.size} px to ${grid.patches} patches of ${grid.width}`,
    resampler: `${kind}${resampler.layers} layers, ${resampler.heads} heads, ${grid.patches} patches to ${tokens}`,
    xattn: xattnSizes(config),
    language: `${language.kind}, ${layers} blocks of ${width}, ${language.heads} heads, vocabulary of ${grouped(vocabulary)}`,
    embeddings: embeddingSizes(config),
  };
}

function xattnSizes({ gated, language }: FlamingoConfig): string {
  const { before, grafts = 0, heads, kind } = gated;
  const place = kind === "vanilla" ? "inside" : "before";
  const blocks =
    before.length === 0 ? [] : [`${before.length} blocks ${place} ${places(before, languageSizes(language).layers)}`];
  const grafted = grafts === 0 ? [] : [`${grafts} layers upon the language model`];
  return [...blocks, ...grafted, `${heads} heads`].join(", ");
}

/** Language blocks by their numbers, or the rule that they follow. */
function places(before: readonly number[], layers: number): string {
  const [first, second = 0] = before;
  const every = second - first!;
  if (before.length === layers) return "every language block";
  if (before.length > 4 && before.every((depth, i) => depth === first! + i * every))
    return `each ${every} language blocks from ${first} to ${before.at(-1)}`;
  return `language block${before.length === 1 ? "" : "s"} ${before.join(", ")}`;
}

function embeddingSizes({ language, ownTokens }: FlamingoConfig): string {
  if (ownTokens === "table") return `the whole table of ${grouped(languageSizes(language).vocabulary)} tokens`;
  const added = language.kind === "transformer" ? language.added : 0;
  return added === 0 ? "no token of its own" : `${added} token${added === 1 ? "" : "s"} added to the language model's`;
}
