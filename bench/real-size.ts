/**
 * A published model at its real size on this machine: OpenFlamingo-3B's files with numbers at random, imported, and asked
 * once with four examples, each by the command that a user would give, its memory watched from outside.
 */
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { outlineFlamingo } from "#dist/checkpoints/flamingo-outline.node.js";
import { DTYPE_BYTES } from "#dist/checkpoints/safetensors.js";
import type { TensorStore } from "#dist/checkpoints/store.js";
import type { GenerateOutput } from "#dist/cli/generate.js";
import type { Imported } from "#dist/conversion/import.node.js";
import { UsageError } from "#dist/errors.js";
import { promptPolicy, tokenizerOf } from "#dist/generation/flamingo-model.js";
import { interleave } from "#dist/prompt/interleave.js";
import { documentOf } from "#dist/prompt/load.node.js";
import {
  bandwidthProbe,
  type Effort,
  median,
  type Page,
  type Probe,
  type Row,
  table,
  timed,
  written,
} from "./measure.js";
import { OPENFLAMINGO_3B, type PublishedFolders, SMALL, writePublished } from "./real-size/published.js";
import { type Watched, watched } from "./real-size/watched.js";

const PROGRAM = "bin/flamingo.js";

/** Four examples and a question, as the command line has them. */
const PROMPT = [
  ["penguin-1.png", "Output: a penguin"],
  ["rocket-1.png", "Output: a rocket"],
  ["lemon.png", "Output: a lemon"],
  ["guitar.png", "Output: a guitar"],
  ["strawberry.png", "Output:"],
].flatMap(([picture, text]) => [`examples/pictures/${picture}`, text!]);

/** How the weights are kept, and what import is told for it. */
const KEPT = { f32: [], f16: ["f16"], int8: ["int8"], int4: ["int4"] } as const satisfies Record<
  string,
  readonly string[]
>;
type Kept = keyof typeof KEPT;

/** What import may hold beside the largest tensor. */
const BOUND = 1.5e9;

export interface RealSizeOptions {
  /** Which of `KEPT`. */
  readonly kept: readonly string[];
}

/** What one way of keeping the weights came to. */
interface Result {
  readonly kept: Kept;
  readonly importing: Watched;
  readonly answering: Watched;
  readonly answer: GenerateOutput;
  /** Bytes of the folder's weights. */
  readonly size: number;
  /** Bytes of them that are read for every token. */
  readonly perToken: number;
  readonly promptTokens: number;
  /** GB/s of a vector times a large matrix, in the same minutes. */
  readonly bandwidth: number;
}

export async function realSize(effort: Effort, { kept }: RealSizeOptions): Promise<Page> {
  const unknown = kept.find((each) => !Object.hasOwn(KEPT, each));
  if (unknown !== undefined)
    throw new UsageError(`Weights cannot be kept as ${unknown}.`, `give some of ${Object.keys(KEPT).join(",")}`);
  const folder = await mkdtemp(join(tmpdir(), "flamingo-real-size-"));
  try {
    await using bandwidth = await bandwidthProbe(effort);
    let published: PublishedFolders | undefined;
    const writing = await timed(async () => {
      published = await writePublished(join(folder, "published"), effort.small ? SMALL : OPENFLAMINGO_3B);
    });
    const sizes = await Promise.all(Object.values(published!).map(weightsSize));
    const results: Result[] = [];
    for (const each of kept)
      results.push(await measure(each as Kept, published!, join(folder, each), effort, bandwidth));
    return page(results, sizes, writing);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(
  kept: Kept,
  published: PublishedFolders,
  model: string,
  effort: Effort,
  bandwidth: Probe,
): Promise<Result> {
  const { checkpoint, language, vision } = published;
  const [format] = KEPT[kept];
  const importing = await watched(
    [PROGRAM, "import", checkpoint, "--language", language, "--vision", vision, "--out", model, "--json"].concat(
      format === undefined ? [] : ["--quantize", format],
    ),
  );
  const { report } = JSON.parse(importing.output) as Imported;
  if (report.missing.length + report.unexpected.length > 0) throw new Error("the import left tensors over");
  const speeds = [await bandwidth.measure(), await bandwidth.measure()];
  const answering = await watched([
    PROGRAM,
    "generate",
    "--model",
    model,
    "--json",
    "--max-tokens",
    `${written(effort.small ? 4 : 17)}`,
    ...PROMPT,
  ]);
  speeds.push(await bandwidth.measure(), await bandwidth.measure());
  const outline = await outlineFlamingo(model);
  const tokenizer = tokenizerOf(outline, model);
  const document = await documentOf(
    PROMPT.map((piece) => (piece.endsWith(".png") ? { image: piece } : { text: piece })),
  );
  const { tokens } = interleave(document, tokenizer, { policy: promptPolicy(outline.config), open: true });
  const size = await weightsSize(model);
  await rm(model, { recursive: true });
  return {
    kept,
    importing,
    answering,
    answer: JSON.parse(answering.output) as GenerateOutput,
    size,
    perToken: readPerToken(outline.weights),
    promptTokens: tokens.length,
    bandwidth: median(speeds),
  };
}

/** Bytes of files of weights. */
async function weightsSize(folder: string): Promise<number> {
  const names = (await readdir(folder)).filter((name) => /\.(safetensors|bin|pt)$/.test(name));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Keys and values of pictures are made when these are looked at; all else of the decoder is read for every token. */
function readPerToken({ entries }: TensorStore): number {
  return [...entries]
    .filter(([name]) => /^(language|gated)\./.test(name) && !/^gated\.\d+\.(key|value)\./.test(name))
    .reduce((sum, [, { bytes }]) => sum + bytes, 0);
}

function page(results: readonly Result[], [trained, language, vision]: readonly number[], writing: number): Page {
  const gigabytes = (bytes: number) => written(bytes / 1e9, 2);
  const seconds = (milliseconds: number) => written(milliseconds / 1000, 1);
  const largest = results.map(({ importing }) => largestTensor(JSON.parse(importing.output) as Imported));
  const all = trained! + language! + vision!;
  const rows: Row[] = [];
  const imports = results.map(({ kept, importing, size }, i) => {
    const above = importing.resident - largest[i]!;
    rows.push({
      name: `import as ${kept}, memory above the largest tensor`,
      value: above / 1e9,
      unit: "GB",
      against: "1.5 GB",
      ratio: above / BOUND,
      target: 1,
    });
    return [
      kept,
      gigabytes(size),
      seconds(importing.milliseconds),
      written(importing.resident / 1e6),
      written(above / 1e6),
    ];
  });
  const answers = results.map((result) => {
    const { kept, answering, answer, size, perToken, bandwidth, promptTokens } = result;
    const { lookMs, readMs, writeMs } = answer.timings;
    const opening = answering.milliseconds - lookMs - readMs - writeMs;
    const further = writeMs / (answer.tokens.length - 1);
    const rate = perToken / further / 1e6;
    rows.push({
      name: `${kept}: one token more`,
      value: rate,
      unit: "GB/s",
      against: "a vector times a constant matrix of 256 MB",
      ratio: rate / bandwidth,
      target: null,
    });
    rows.push({
      name: `${kept}: memory of its own`,
      value: answering.own / 1e9,
      unit: "GB",
      against: "its weights' files",
      ratio: answering.own / size,
      target: null,
    });
    return [
      kept,
      seconds(opening),
      seconds(lookMs),
      `${seconds(readMs)} (${written(promptTokens)} tokens)`,
      written(further),
      `${gigabytes(perToken)} GB at ${written(rate, 1)} GB/s`,
      `${written(rate / bandwidth, 2)} of ${written(bandwidth, 1)}`,
      gigabytes(answering.own),
      `${written(answering.own / size, 2)} of ${gigabytes(size)}`,
    ];
  });
  const text = [
    [
      `OpenFlamingo-3B as it is published, but for its numbers, which are drawn at random with the gates open, and for the`,
      `words of its tokenizer: \`checkpoint.pt\` of ${gigabytes(trained!)} GB, MPT-1B's \`pytorch_model.bin\` of`,
      `${gigabytes(language!)} GB, CLIP ViT-L/14's \`model.safetensors\` of ${gigabytes(vision!)} GB with its text side;`,
      `${gigabytes(all)} GB written in ${seconds(writing)} s. \`flamingo import\` makes a model folder of them, and \`flamingo`,
      "generate` continues four examples and a question, five pictures of `examples/pictures`, by some tokens. Each is a process of its own,",
      "looked at from outside. What it says is noise; what it costs is not.",
    ].join(" "),
    "",
    table([
      ["kept as", "files, GB", "import, s", "most in memory, MB", "of it above the largest tensor, MB"],
      ...imports,
    ]),
    "",
    "The most that an import may hold is 1,500 MB above the largest tensor.",
    "",
    table([
      [
        "kept as",
        "open, s",
        "look, s",
        "read, s",
        "one token more, ms",
        "read for it",
        "of what memory gives",
        "its own memory, GB",
        "beside its files",
      ],
      ...answers,
    ]),
    "",
    [
      "Opening reads through the weights once, for numbers that are not finite, and packs them for the engine, and is all of the process that is not",
      "looking, reading or writing. Its own memory are pages that no file stands behind, at their most. What memory gives is the rate at which the engine multiplies a vector by a constant",
      "matrix of 256 MB in the same minutes: a token cannot be written faster than its weights are read.",
    ].join(" "),
  ].join("\n");
  return { text, rows };
}

/** Bytes of the largest tensor of the files. */
function largestTensor({ report }: Imported): number {
  return Math.max(
    ...report.used.map(
      ({ dtype, theirShape }) => DTYPE_BYTES[dtype] * theirShape.reduce((product, size) => product * size, 1),
    ),
  );
}
