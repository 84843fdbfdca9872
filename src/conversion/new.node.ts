/** A new Flamingo, as the paper makes one: around a finished language model and a finished vision tower, all gates closed. */
import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import {
  describedFlamingo,
  describedLanguage,
  describedVision,
  type FlamingoFile,
} from "../checkpoints/flamingo-file.js";
import type { HoldOptions, Incoming } from "../checkpoints/held-weights.node.js";
import { MODEL_FILES, parsedJson } from "../checkpoints/model-files.js";
import { requireModelPlace } from "../checkpoints/model-folder.node.js";
import { type Layout, type NameRow, same } from "../checkpoints/names/table.js";
import { columns, span } from "../checkpoints/names/transformer.js";
import type { TensorStore } from "../checkpoints/store.js";
import { openTensorStore } from "../checkpoints/store.node.js";
import { UsageError } from "../errors.js";
import { everyNth, type FlamingoConfig, initFlamingo } from "../model/flamingo-parameters.js";
import { type LanguageConfig, languageSizes } from "../model/language/language.js";
import { flatten, type Parameter } from "../nn/parameters.js";
import { type PromptConfig, policyOf, promptConfigOf } from "../prompt/policies.js";
import { Random } from "../random.js";
import { type TokenizerJson, tokenizerJsonOf } from "../text/tokenizer-json.js";
import { type NamedTokenizer, paperVocabulary, tokenCount } from "../text/vocabulary.js";
import { writeFolder } from "./import.node.js";
import { limitsOf } from "./recognise.node.js";
import type { ImportReport } from "./report.js";
import { incomingOf, planTransfer } from "./transfer.js";

/** What a new Flamingo is made of. */
export interface NewOptions extends Omit<HoldOptions, "keep"> {
  /** Model folder of the vision tower, imported or trained here. */
  readonly vision: string;
  /** Model folder of the language model, likewise. */
  readonly language: string;
  /** A gated block stands before every so many language blocks, the first among them. */
  readonly every: number;
  /** Visual tokens of an image; the paper's 64 unless told. */
  readonly latents?: number | undefined;
  /** Of what is drawn: resampler, gated blocks, rows of new tokens; 0 unless told. */
  readonly seed?: string | number | undefined;
  /** The last part of its folder's name unless told. */
  readonly name?: string | undefined;
}

/** What was made. */
export interface NewFlamingo {
  readonly name: string;
  readonly config: FlamingoFile;
  /** Tokens that got rows of their own. */
  readonly added: readonly string[];
  /** What became of the towers' tensors, and what was drawn. */
  readonly report: ImportReport & { readonly drawn: readonly string[] };
  readonly files: readonly string[];
  readonly bytes: number;
}

/** The paper's. @source arXiv:2204.14198, appendix A.1.1 and table 5 */
const RESAMPLER = { layers: 6, latents: 64, frames: 8 };

/**
 * Makes a Flamingo whose answers are those of its language model until it is trained. Towers are copied tensor by tensor, in
 * their own formats; the resampler is as wide as the language model and has as many heads. New tokens, `<EOC>` and what else
 * the paper's prompts need, get rows beside the language model's own table, which is cut to the ids of its tokenizer.
 *
 * @throws {UsageError} for a folder that holds no such tower, for a language model that cannot take new tokens, and if the
 *   place is that of a tower
 * @throws {ImportError} with every tensor of a tower that is missing or of another size
 * @throws {ModelFolderError} if the two cannot be parts of one model
 * @throws {TokenizerFileError} if the tokenizer has no end of text
 * @throws {OutputError} if the place cannot be written
 */
export async function newFlamingo(folder: string, options: NewOptions): Promise<NewFlamingo> {
  const { vision, language, every, latents = RESAMPLER.latents, seed = 0 } = options;
  const name = options.name ?? basename(resolve(folder));
  await requireModelPlace(folder, [language, vision]);
  const words = await languageIn(language);
  const eyes = await visionIn(vision);
  const { width } = languageSizes(words.config);
  const heads = words.config.heads;
  const sizes: FlamingoConfig = {
    vision: eyes.vision,
    language: words.resized,
    resampler: { ...RESAMPLER, latents, heads, hidden: 4 * width },
    gated: { before: everyNth(languageSizes(words.config).layers, every), heads, hidden: 4 * width },
  };
  const small = {
    kind: "flamingo",
    name,
    ...sizes,
    normalisation: eyes.normalisation,
    prompt: words.prompt,
    limits: limitsOf(words.resized, words.longest),
  };
  const { config } = describedFlamingo({ config: small, tokenizer: words.tokenizer }, `${language} and ${vision}`);
  const all = flatten(initFlamingo(new Random(seed), config));
  const isDrawn = (path: string) => !/^(language|vision)\./.test(path) || path.startsWith("language.added");
  const towers = new Map([...all].filter(([path]) => !isDrawn(path)));
  const drawn = new Map([...all].filter(([path]) => isDrawn(path)));
  const { moves, report } = planTransfer(
    towers,
    [
      { store: words.store, rows: rowsOf(towers, "language.", words.config), aside: [others("language")] },
      { store: eyes.store, rows: rowsOf(towers, "vision."), aside: [others("vision")] },
    ],
    { trained: () => false },
  );
  const whole = { ...report, drawn: [...drawn.keys()] };
  const written = await writeFolder(
    folder,
    {
      config: small,
      tokenizer: words.tokenizer,
      pixels: { fit: "pad", ...eyes.normalisation, size: config.vision.size },
      report: whole,
    },
    [...incomingOf(moves, towers), ...made(drawn)],
    options,
  );
  return { name, config, added: words.added, report: whole, ...written };
}

/** The tensors of a tower in a model folder, under our own names; those of the tokens' tables are cut. */
function rowsOf(
  parameters: ReadonlyMap<string, Parameter>,
  root: string,
  there?: Pick<LanguageConfig, "vocabulary">,
): NameRow[] {
  const rows = there?.vocabulary ?? 0;
  const cut: Readonly<Record<string, Layout>> = {
    "language.embedding": span(0, rows, same),
    "language.head.weight": columns(0, rows),
    "language.head.offset": span(0, rows, same),
  };
  return [...parameters.keys()]
    .filter((path) => path.startsWith(root))
    .map((path) => ({ ours: path, theirs: path, layout: cut[path] ?? same }));
}

const others = (part: string) => ({
  names: (path: string) => !path.startsWith(`${part}.`),
  why: "of another part of the model",
});

/** Draws one after the other; what is written is kept no longer. */
function made(drawn: Map<string, Parameter>): Incoming[] {
  return [...drawn].map(([path, { shape }]) => ({
    path,
    shape,
    dtype: "F32",
    async read() {
      const { buffer, byteOffset, length } = drawn.get(path)!.data;
      drawn.delete(path);
      return new Uint32Array(buffer as ArrayBuffer, byteOffset, length);
    },
  }));
}

interface Words {
  readonly config: LanguageConfig;
  /** With rows for new tokens. */
  readonly resized: LanguageConfig;
  readonly tokenizer: TokenizerJson;
  readonly prompt: PromptConfig;
  readonly added: readonly string[];
  /** Tokens of the longest text that it was trained with, if it is told. */
  readonly longest: number | undefined;
  readonly store: TensorStore;
}

async function languageIn(folder: string): Promise<Words> {
  const { json, store } = await towerIn(folder, "language");
  const { language: own, prompt = { policy: "paper" }, limits } = describedLanguage(json, folder);
  const base = tokenizerJsonOf(await jsonIn(folder, MODEL_FILES.tokenizer), join(folder, MODEL_FILES.tokenizer));
  const { bos, eos, pad } = policyOf(prompt as PromptConfig).marks;
  const names = { eos, ...(bos === undefined ? {} : { bos }), ...(pad === undefined ? {} : { pad }) };
  const named: NamedTokenizer = paperVocabulary({ json: base, names, begins: true });
  const [before, after] = [tokenCount(base), tokenCount(named.json)];
  const added = named.json.added_tokens.filter(({ id }) => id >= before).map(({ content }) => content);
  const longest = limits?.maximumTokens;
  const found = { config: own, tokenizer: named.json, prompt: promptConfigOf("paper", named), added, longest, store };
  if (own.kind === "transformer" && own.added === 0 && before <= own.vocabulary)
    return { ...found, resized: { ...own, vocabulary: before, added: after - before } };
  if (after <= own.vocabulary) return { ...found, resized: own };
  throw new UsageError(
    `${folder} has ${own.vocabulary} rows for tokens${own.kind === "transformer" ? ` and ${own.added} added ones` : ""}, and its tokenizer would have ${after} with ${added.join(", ")}.`,
    "give a language model as it was imported, or one trained here with these tokens in its tokenizer",
  );
}

async function visionIn(folder: string): Promise<ReturnType<typeof describedVision> & { readonly store: TensorStore }> {
  const { json, store } = await towerIn(folder, "vision");
  return { ...describedVision(json, folder), store };
}

/** What a folder says of itself, if it has such a tower, and its tensors. */
async function towerIn(folder: string, part: "language" | "vision") {
  const json = await jsonIn(folder, MODEL_FILES.config);
  const kind = (json as { readonly kind?: unknown } | null)?.kind;
  if (kind !== part && kind !== "flamingo")
    throw new UsageError(
      `${folder} is no folder of a ${part === "language" ? "language model" : "vision tower"}: its config.json is of kind ${JSON.stringify(kind) ?? "unknown"}.`,
      `import one first: flamingo import hf:owner/name --out models/name, then give it with --${part}`,
    );
  return { json, store: await openTensorStore(folder, [MODEL_FILES.weights, MODEL_FILES.index]) };
}

async function jsonIn(folder: string, file: string): Promise<unknown> {
  const path = join(folder, file);
  const text = await readFile(path, "utf8").catch((cause: Error) => {
    throw new UsageError(
      `${path} cannot be read: ${cause.message}.`,
      "give the folder of a model that was imported or trained here",
      { cause },
    );
  });
  return parsedJson(text, path);
}
