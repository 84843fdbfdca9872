/** `flamingo generate`: a prompt in, its continuation or a ranking of given ones out. */
import { UsageError } from "../errors.js";
import { openFlamingo } from "../generation/flamingo.node.js";
import type { FlamingoModel, GenerateOptions, Timings } from "../generation/flamingo-model.js";
import type { Held } from "../nn/quantised.js";
import type { Document } from "../prompt/document.js";
import type { Io } from "./io.js";
import { documentOfCommand } from "./pieces.js";
import { table } from "./table.js";

export interface GenerateFlags {
  readonly prompt?: string;
  readonly model?: string;
  readonly choices?: readonly string[];
  readonly temperature?: number;
  readonly topP?: number;
  readonly seed?: string;
  readonly beam?: number;
  readonly maxTokens?: number;
  readonly threads?: number;
  readonly dtype?: Held;
  readonly json?: boolean;
}

/** What `--json` prints. */
export interface GenerateOutput {
  readonly text: string;
  readonly tokens: readonly number[];
  readonly logProb: number;
  readonly timings: Timings;
  /** With `--choices`: all of them, likeliest first; `text`, `tokens` and `logProb` are those of the first. */
  readonly choices?: readonly { readonly text: string; readonly logProb: number; readonly probability: number }[];
}

/**
 * Answers a prompt. Pictures are read before the model is, so that a wrong one is told at once.
 * @throws {UsageError} for `--choices` beside options that write freely
 */
export async function generate(pieces: readonly string[], flags: GenerateFlags, io: Io): Promise<undefined> {
  const { choices, json } = flags;
  const options = optionsOf(flags);
  if (choices !== undefined && Object.keys(options).length > 0)
    throw new UsageError(
      "Given answers are ranked, not written: --choices goes without options of writing.",
      "leave out --choices, or --temperature, --top-p, --seed, --beam and --max-tokens",
    );
  const document = await documentOfCommand(pieces, flags.prompt, io);
  await using flamingo = await openFlamingo(flags.model, {
    ...(flags.threads === undefined ? {} : { threads: flags.threads }),
    dtype: flags.dtype,
  });
  const output =
    choices === undefined ? await write(flamingo, document, options) : await rank(flamingo, document, choices);
  if (json) io.out(`${JSON.stringify(output)}\n`);
  else if (output.choices === undefined) io.out(`${output.text}\n`);
  else io.out(table(output.choices.map(({ text, probability }) => [probability.toFixed(3), text])));
}

function optionsOf({ temperature, topP, seed, beam, maxTokens }: GenerateFlags): GenerateOptions {
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(seed === undefined ? {} : { seed }),
    ...(beam === undefined ? {} : { beam }),
    ...(maxTokens === undefined ? {} : { maximumTokens: maxTokens }),
  };
}

async function write(flamingo: FlamingoModel, document: Document, options: GenerateOptions): Promise<GenerateOutput> {
  const { text, tokens, logProb, timings } = await flamingo.generate(document, options);
  return { text, tokens, logProb, timings };
}

async function rank(flamingo: FlamingoModel, document: Document, choices: readonly string[]): Promise<GenerateOutput> {
  const ranking = await flamingo.rank(document, choices);
  const { text, tokens, logProb } = ranking.choices[0]!;
  return {
    text,
    tokens,
    logProb,
    timings: ranking.timings,
    choices: ranking.choices.map(({ text, logProb, probability }) => ({ text, logProb, probability })),
  };
}
