/** `flamingo walk`: every stop of a prompt on its way through the model, with what it really is there. */
import type { FlamingoFile } from "../checkpoints/flamingo-file.js";
import { storedFlamingo } from "../checkpoints/stored-flamingo.node.js";
import { UsageError } from "../errors.js";
import { EMBEDDED, openFlamingo } from "../generation/flamingo.node.js";
import { type Answer, promptPolicy, tokenizerOf } from "../generation/flamingo-model.js";
import { logSoftmax } from "../generation/language-state.js";
import { toPixels } from "../media/normalise.js";
import type { Pixels } from "../media/pixels.js";
import { languageSizes } from "../model/language/language.js";
import { type Document, framesOf } from "../prompt/document.js";
import { type Interleaved, interleave } from "../prompt/interleave.js";
import type { InterleavePolicy } from "../prompt/policies.js";
import { requireWithin } from "../prompt/truncate.js";
import type { Tokenizer } from "../text/tokenizer.js";
import type { Io } from "./io.js";
import { documentOfCommand } from "./pieces.js";
import { grouped, table } from "./table.js";
import { type Tap, type Taps, tapsOf } from "./taps.js";

/** One stop: the exported function that the prompt passes, where it is to be read, and what came out of it. */
export interface Stop {
  readonly room: string;
  readonly function: string;
  readonly file: string;
  /** Lines, each a value with its shape and some of its numbers. */
  readonly now: readonly string[];
}

export interface WalkFlags {
  readonly prompt?: string;
  readonly model?: string;
  readonly json?: boolean;
}

/** Walks. @throws {UsageError} for a prompt without a picture, which would pass half of the stops by */
export async function walk(pieces: readonly string[], flags: WalkFlags, io: Io): Promise<undefined> {
  const document = await documentOfCommand(pieces, flags.prompt, io);
  const stops = await stopsOf(document, flags.model ?? EMBEDDED);
  if (flags.json) io.out(`${JSON.stringify(stops)}\n`);
  else
    io.out(
      table([
        ["", "room", "function", "what the prompt is there"],
        ...stops.map((stop, i) => [`${i + 1}`, stop.room, `${stop.function}\n${stop.file}\n`, stop.now.join("\n")]),
      ]),
    );
}

/** The stops of a document, in order. */
export async function stopsOf(document: Document, folder: string): Promise<Stop[]> {
  const stored = await storedFlamingo(folder);
  const { config } = stored;
  const tokenizer = tokenizerOf(stored, folder);
  const policy = promptPolicy(config);
  const wordOf = wordsOf(tokenizer, policy);
  const item = requireWithin(interleave(document, tokenizer, { policy, open: true }), config.limits);
  if (item.media.length === 0) throw new UsageError("The prompt has no picture to follow.", "put one before its text");
  const pixels = item.media.map((medium) =>
    toPixels(framesOf(medium), { size: config.vision.size, fit: "pad", ...config.normalisation }),
  );
  const taps = await tapsOf(stored, item, pixels);
  await using flamingo = await openFlamingo(folder);
  const answer = await flamingo.generate(document);
  return [
    ...beforeTheModel(document, config, tokenizer, wordOf, item, pixels),
    ...throughTheModel(config, wordOf, taps),
    ...afterTheModel(wordOf, answer),
  ];
}

function beforeTheModel(
  document: Document,
  { vision }: FlamingoFile,
  tokenizer: Tokenizer,
  wordOf: WordOf,
  item: Interleaved,
  pixels: readonly Pixels[],
): Stop[] {
  const texts = document.flatMap((segment) => ("text" in segment ? [segment.text] : []));
  return [
    {
      room: "media",
      function: "decodePicture",
      file: "src/media/decode.node.ts",
      now: item.media.map((medium, n) => {
        const { width, height } = framesOf(medium)[0]!;
        return `image ${n + 1}: uint8 [height ${height}, width ${width}, 3]`;
      }),
    },
    {
      room: "media",
      function: "toPixels",
      file: "src/media/normalise.ts",
      now: pixels.map(
        ({ frames, data }, n) =>
          `image ${n + 1}: float32 [frames ${frames}, ${vision.size}, ${vision.size}, 3], ${spread(data)}`,
      ),
    },
    {
      room: "text",
      function: "openTokenizer",
      file: "src/text/hub-tokenizer.ts",
      now: texts.map((text) => `${JSON.stringify(text)} to ids ${tokenizer.encode(text).join(" ")}`),
    },
    {
      room: "prompt",
      function: "interleave",
      file: "src/prompt/interleave.ts",
      now: [
        `tokens [text ${item.tokens.length}]: ${item.tokens.map(wordOf).join(" ")}`,
        `lastMedia [text ${item.tokens.length}]: ${item.lastMedia.join(" ")}`,
      ],
    },
  ];
}

function afterTheModel(wordOf: WordOf, { text, tokens, logProb, finished, timings }: Answer): Stop[] {
  const { lookMs, readMs, writeMs } = timings;
  const end = finished === "eoc" ? "until the mark that ends an answer" : "until there was no more room";
  return [
    {
      room: "generation",
      function: "greedy",
      file: "src/generation/greedy.ts",
      now: [
        `${tokens.length} tokens ${end}: ${tokens.map(wordOf).join(" ")}`,
        `log-probability ${logProb.toFixed(3)}; looked ${lookMs.toFixed(1)} ms, read ${readMs.toFixed(1)} ms, wrote ${writeMs.toFixed(1)} ms`,
      ],
    },
    {
      room: "generation",
      function: "openFlamingo",
      file: "src/generation/flamingo.node.ts",
      now: [JSON.stringify(text)],
    },
  ];
}

function throughTheModel(config: FlamingoFile, wordOf: WordOf, taps: Taps): Stop[] {
  const inLine = ({ axes, data }: Tap) => `float32 ${axes}, ${spread(data)}`;
  return [
    {
      room: "model",
      function: "visionTower",
      file: "src/model/vision/tower.ts",
      now: [`features ${inLine(taps.features)}`],
    },
    {
      room: "model",
      function: "perceiverResampler",
      file: "src/model/flamingo.ts",
      now: [`visual tokens ${inLine(taps.visual)}`],
    },
    {
      room: "model",
      function: "gatedCrossAttention",
      file: "src/model/flamingo.ts",
      now: taps.gated.flatMap(({ before, after, open }, i) => [
        `gated.${i} text ${inLine(after)}`,
        `  ${open.length === 0 ? "no gates" : `gates tanh ${open.map((share) => share.toFixed(3)).join(" and ")}`}: the text moved by ${(100 * movement(before.data, after.data)).toFixed(1)}%`,
      ]),
    },
    {
      room: "runtime",
      function: "nodeRuntime",
      file: "src/runtime/onnx.node.ts",
      now: [
        `logits ${inLine(taps.logits)}, from ${grouped(taps.ops)} ops in ${taps.milliseconds.toFixed(1)} ms`,
        `likeliest next: ${likeliestWords(taps.logits.data.slice(-languageSizes(config.language).vocabulary), wordOf)}`,
      ],
    },
  ];
}

/** Length of what was added, as a share of what it was added to. */
function movement(before: Float32Array, after: Float32Array): number {
  const length = (data: Float32Array) => Math.sqrt(data.reduce((sum, x) => sum + x * x, 0));
  return length(after.map((x, i) => x - before[i]!)) / length(before);
}

function spread(data: Float32Array): string {
  const mean = data.reduce((sum, x) => sum + x, 0) / data.length;
  const deviation = Math.sqrt(data.reduce((sum, x) => sum + (x - mean) ** 2, 0) / data.length);
  return `mean ${mean.toFixed(3)}, deviation ${deviation.toFixed(3)}`;
}

/** A token as people can see it. */
type WordOf = (id: number) => string;

function wordsOf(tokenizer: Tokenizer, { marks, imageTag }: InterleavePolicy): WordOf {
  const specials = Object.entries(marks).filter(([name]) => name !== "image" || imageTag === "token");
  const names = new Map(specials.map(([, mark]) => [tokenizer.special(mark), mark]));
  return (id) =>
    names.get(id) ??
    JSON.stringify(tokenizer.decode([id]))
      .slice(1, -1)
      .replaceAll(" ", "_");
}

function likeliestWords(logits: Float32Array, wordOf: WordOf): string {
  const logProbs = logSoftmax(logits);
  return [...logProbs.keys()]
    .sort((a, b) => logProbs[b]! - logProbs[a]!)
    .slice(0, 4)
    .map((id) => `${wordOf(id)} ${Math.exp(logProbs[id]!).toFixed(3)}`)
    .join(", ");
}
