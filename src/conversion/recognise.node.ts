/** What a published model is, and how it becomes one of ours: its configuration, its tensors, its tokenizer. */
import { clipVitConfig, isClip } from "../checkpoints/families/clip.js";
import { ideficsConfig } from "../checkpoints/families/idefics.js";
import {
  LANGUAGE_FAMILIES,
  languageFamily,
  namesIn,
  TIED_HEAD,
  trainedLength,
  USUAL_LENGTH,
} from "../checkpoints/families/language.js";
import { isTimm, nfnetConfig, nfnetPixels } from "../checkpoints/families/nfnet.js";
import type { FlamingoFile } from "../checkpoints/flamingo-file.js";
import { clipNames, clipSpare, openClipNames } from "../checkpoints/names/clip.js";
import { ideficsNames } from "../checkpoints/names/idefics.js";
import { nfnetNames, nfnetSpare } from "../checkpoints/names/nfnet.js";
import { openFlamingoNames, openFlamingoPlaces } from "../checkpoints/names/openflamingo.js";
import { below } from "../checkpoints/names/rows.js";
import { stateDict } from "../checkpoints/state-dict.js";
import { renamed, type TensorStore } from "../checkpoints/store.js";
import { UsageError } from "../errors.js";
import type { PixelsOptions } from "../media/normalise.js";
import { ideficsPixels, openFlamingoPixels, readPreprocessor } from "../media/preprocessor.js";
import { type FlamingoConfig, initFlamingo } from "../model/flamingo-parameters.js";
import { initLanguage, type LanguageConfig, languageSizes } from "../model/language/language.js";
import type { TransformerConfig } from "../model/language/transformer-config.js";
import type { ClipVitConfig } from "../model/vision/clip-vit.js";
import { initVision, type VisionConfig } from "../model/vision/tower.js";
import { flatten, type Parameter } from "../nn/parameters.js";
import { type PromptConfig, promptConfigOf } from "../prompt/policies.js";
import { Undrawn } from "../random.js";
import { openTokenizer } from "../text/hub-tokenizer.js";
import type { TokenizerJson } from "../text/tokenizer-json.js";
import { ideficsVocabulary, type NamedTokenizer, openFlamingoVocabulary, requireRows } from "../text/vocabulary.js";
import { FamilyError, ImportError } from "./errors.js";
import { openFlamingoConfig } from "./openflamingo.js";
import { type BringOptions, bring, type Published, tensorsOf, tokenizerOf } from "./source.node.js";
import type { Part } from "./transfer.js";

/** Kinds of published models. */
export type Kind = "openflamingo" | "idefics" | "language" | "vision";

/** A published model as one of ours, before any number is read. */
export interface Recognised {
  readonly kind: Kind;
  /** What it is called here unless told. */
  readonly name: string;
  /** Contents of our `config.json`, but for its name. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Absent in a vision tower. */
  readonly tokenizer?: TokenizerJson;
  /** How pictures are prepared; absent in a language model. */
  readonly pixels?: PixelsOptions;
  /** Ours by path, none of them drawn. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  readonly parts: readonly Part[];
  /** Whether Flamingo's own training made a tensor. */
  readonly trained: (path: string) => boolean;
}

/** Which models an OpenFlamingo was trained on, as sources. */
export interface RecogniseOptions extends BringOptions {
  readonly language?: string | undefined;
  readonly vision?: string | undefined;
}

/**
 * Brings a published model and tells what it is: an OpenFlamingo by its checkpoint, the others by their `config.json`.
 * @throws {FamilyError} if it is of no family that is known
 * @throws {ImportError} if its pieces do not belong together
 */
export async function recognise(source: string, options: RecogniseOptions = {}): Promise<Recognised> {
  const published = await bring(source, options);
  const { config } = published;
  const whole = wholeModel(published);
  if (whole !== undefined) {
    const needless = (["language", "vision"] as const).filter((piece) => options[piece] !== undefined);
    if (needless.length === 0) return whole();
    throw new UsageError(
      `${published.place} is no OpenFlamingo (its config.json says ${JSON.stringify(typeOf(config) ?? "timm")}), and has no use for another ${needless.join(" and ")} model.`,
      `leave out ${needless.map((piece) => `--${piece}`).join(" and ")}; flamingo new joins towers`,
    );
  }
  const kind = (config as { readonly kind?: unknown } | null | undefined)?.kind;
  if (typeof kind === "string")
    throw new FamilyError(
      `${published.place} is a model folder already, of kind ${JSON.stringify(kind)}.`,
      kind === "flamingo" ? "give it with --model as it is" : "give it to flamingo new as it is",
    );
  const all = await tensorsOf(published);
  const { store, taken } = stateDict(all);
  const places = openFlamingoPlaces(store.entries.keys());
  if (places !== undefined) {
    const beside = renamed(all, (name) => (name.startsWith(taken) ? undefined : name));
    return openFlamingo(published, store, places, options, beside);
  }
  throw new FamilyError(
    `${published.place} ${config === undefined ? "has no config.json" : typeOf(config) === undefined ? "names no model_type in its config.json" : `is of model_type ${JSON.stringify(typeOf(config))}`}, and its tensors are not those of an OpenFlamingo.`,
    `name an OpenFlamingo, an IDEFICS, a CLIP, an NFNet of timm, or a language model of ${Object.keys(LANGUAGE_FAMILIES).join(", ")}`,
  );
}

/** How a model is read that its own `config.json` tells all about; undefined for others. */
function wholeModel(published: Published): (() => Promise<Recognised>) | undefined {
  const { config } = published;
  if (typeOf(config) === "idefics") return () => idefics(published);
  if (isClip(config) || isTimm(config)) return () => visionTower(published);
  if (Object.hasOwn(LANGUAGE_FAMILIES, typeOf(config) ?? "")) return () => languageModel(published);
  return undefined;
}

function typeOf(config: unknown): string | undefined {
  const type = (config as { model_type?: unknown } | undefined)?.model_type;
  return typeof type === "string" ? type : undefined;
}

/** Images that a prompt may have; the models themselves have no bound. */
const MOST_MEDIA = 64;

/**
 * The longest prompts for a model around such a language model.
 * @param trained  tokens of the texts that it was trained with
 */
export function limitsOf(language: LanguageConfig, trained = USUAL_LENGTH): FlamingoFile["limits"] {
  const { longest = trained } = languageSizes(language);
  return { maximumMedia: MOST_MEDIA, maximumTokens: Math.min(trained, longest) };
}

async function openFlamingo(
  published: Published,
  checkpoint: TensorStore,
  places: NonNullable<ReturnType<typeof openFlamingoPlaces>>,
  options: RecogniseOptions,
  beside: TensorStore,
): Promise<Recognised> {
  const needed = (source: string | undefined, flag: string, example: string): string => {
    if (source !== undefined) return source;
    throw new ImportError(
      `${published.place} is the trained part of an OpenFlamingo, and ${flag} was not given.`,
      `name the ${flag === "--vision" ? "CLIP" : "language model"} that it was trained on: ${flag} ${example}`,
    );
  };
  const words = await bring(needed(options.language, "--language", "hf:anas-awadalla/mpt-1b-redpajama-200b"), options);
  const eyes = await bring(needed(options.vision, "--vision", "hf:openai/clip-vit-large-patch14"), options);
  const family = languageFamily(words.config, words.place);
  const language = family.config(words.config, words.place);
  if (!isClip(eyes.config))
    throw new FamilyError(
      `${eyes.place} is no CLIP: its config.json ${eyes.config === undefined ? "is not there" : `is of model_type ${JSON.stringify(typeOf(eyes.config))}`}.`,
      "give the CLIP that it was trained on with --vision: hf:openai/clip-vit-large-patch14 for the published ones",
    );
  const tower = await clipPart(eyes, { classToken: false });
  const config = openFlamingoConfig({
    places,
    checkpoint,
    language: { config: language, type: typeOf(words.config)!, place: words.place },
    vision: { config: tower.config, place: eyes.place },
  });
  const own = openFlamingoNames(config, places.family);
  const held = new Set(own.map(({ ours }) => ours));
  const base = await tensorsOf(words);
  const names = below(namesIn(family, language, new Set(base.entries.keys())), "language.", "");
  const resized = config.language as TransformerConfig;
  const tokenizer = openFlamingoVocabulary(await tokenizerOf(words));
  requireRows(openTokenizer(tokenizer.json), resized.vocabulary, {
    exact: true,
    tokenizer: words.place,
    embedding: `${own.find(({ ours }) => ours === "language.embedding")!.theirs} of ${published.place}`,
  });
  const replaced = new Set(names.filter(({ ours }) => held.has(ours)).map(({ theirs }) => theirs));
  const longest = trainedLength(words.config, language);
  const spare = family.spare(language);
  return flamingo(published, "openflamingo", { config, tokenizer, pixels: openFlamingoPixels, longest }, [
    { store: checkpoint, rows: own, aside: BESIDE },
    { store: beside, rows: [], aside: [{ names: () => true, why: "of the training, not of the model" }] },
    {
      store: base,
      rows: names.filter(({ ours }) => !held.has(ours)),
      aside: [
        { names: (theirs) => replaced.has(theirs), why: "the checkpoint has its own" },
        { names: (theirs) => spare.test(theirs), why: "a buffer, or the token table once more" },
      ],
    },
    tower.part,
  ]);
}

/** What stands in some checkpoints beside what was trained. */
const BESIDE: Part["aside"] = [
  {
    // The first checkpoints kept their gated blocks under a second name too.
    names: (theirs) => /^lang_encoder\.(gated_cross_attn_layers|old_decoder_blocks)\./.test(theirs),
    why: "held under another name as well",
  },
  {
    // What is called an embedding is saved, whether it was trained or not.
    names: (theirs) => /^lang_encoder\..*\bembed_positions\./.test(theirs),
    why: "the language model's own, which was frozen",
  },
];

async function idefics(published: Published): Promise<Recognised> {
  const config = ideficsConfig(published.config, published.place);
  const { language } = config;
  const store = await tensorsOf(published);
  const given = await tokenizerOf(published);
  const converses = language.added > 2;
  const tokenizer = ideficsVocabulary(given, { converses });
  requireRows(openTokenizer(tokenizer.json), language.vocabulary + language.added, {
    tokenizer: published.place,
    embedding: `model.embed_tokens of ${published.place}`,
  });
  const aside = [
    {
      names: (theirs: string) => theirs.startsWith("model.vision_model.post_layernorm."),
      why: "CLIP's norm of its class token, which is not read",
    },
    { names: (theirs: string) => /(position_ids|rotary_emb\.inv_freq)$/.test(theirs), why: "a buffer" },
  ];
  const pixels = pixelsOf(published, ideficsPixels, config.vision);
  const longest = trainedLength(published.config, language);
  return flamingo(published, converses ? "idefics-instruct" : "idefics", { config, tokenizer, pixels, longest }, [
    { store, rows: ideficsNames(config), aside, twins: tiedHead(language, "model.embed_tokens.weight") },
  ]);
}

/** What a folder says of its pictures. @throws {ImportError} if it makes others than its tower takes */
function pixelsOf({ preprocessor, place }: Published, usual: PixelsOptions, { size }: VisionConfig): PixelsOptions {
  if (preprocessor === undefined) return usual;
  const pixels = readPreprocessor(preprocessor, `preprocessor_config.json of ${place}`);
  if (pixels.size === size) return pixels;
  throw new ImportError(
    `preprocessor_config.json of ${place} makes pictures of ${pixels.size} pixels, and by its config.json the vision tower takes ${size}.`,
    "take both files from the published model again",
  );
}

/** Where a language model predicts with its token table, a head in its files is that table once more. */
function tiedHead({ head }: TransformerConfig, of: string | undefined): Part["twins"] {
  return head === "tied" && of !== undefined ? { names: TIED_HEAD, of } : undefined;
}

/** What a Flamingo is made of, beside its tensors. */
interface Made {
  readonly config: FlamingoConfig;
  readonly tokenizer: NamedTokenizer;
  readonly pixels: PixelsOptions;
  /** Tokens of the longest text. */
  readonly longest: number;
}

function flamingo(
  { name }: Published,
  policy: PromptConfig["policy"],
  { config, tokenizer, pixels, longest }: Made,
  parts: readonly Part[],
): Recognised {
  const { size: _, ...normalisation } = pixels;
  const tables = config.ownTokens === "table" ? /^language\.(embedding|head)\b/ : /^language\.added/;
  return {
    kind: policy === "openflamingo" ? "openflamingo" : "idefics",
    name,
    config: {
      kind: "flamingo",
      ...config,
      normalisation,
      prompt: promptConfigOf(policy, tokenizer),
      limits: limitsOf(config.language, longest),
    },
    tokenizer: tokenizer.json,
    pixels: { ...pixels, size: config.vision.size },
    parameters: flatten(initFlamingo(new Undrawn(), config)),
    parts,
    trained: (path) => /^(resampler|gated|visualProjection|grafts)\./.test(path) || tables.test(path),
  };
}

async function languageModel(published: Published): Promise<Recognised> {
  const family = languageFamily(published.config, published.place);
  const language = family.config(published.config, published.place);
  const store = await tensorsOf(published);
  const tokenizer = await tokenizerOf(published);
  requireRows(openTokenizer(tokenizer.json), language.vocabulary + language.added, {
    tokenizer: published.place,
    embedding: `the token table of ${published.place}`,
  });
  const rows = below(namesIn(family, language, new Set(store.entries.keys())), "language.", "");
  const table = rows.find(({ ours }) => ours === "language.embedding")?.theirs;
  const spare = family.spare(language);
  return {
    kind: "language",
    name: published.name,
    config: {
      kind: "language",
      language,
      // A Flamingo made of it begins every text, as the paper's do, with the mark that the tokenizer names for it.
      prompt: promptConfigOf("paper", { ...tokenizer, begins: true }),
      limits: { maximumTokens: trainedLength(published.config, language) },
    },
    tokenizer: tokenizer.json,
    parameters: flatten({ language: initLanguage(new Undrawn(), language) }),
    parts: [
      {
        store,
        rows,
        aside: [{ names: (theirs) => spare.test(theirs), why: "a buffer, or the token table once more" }],
        twins: tiedHead(language, table),
      },
    ],
    trained: () => false,
  };
}

async function visionTower(published: Published): Promise<Recognised> {
  const timm = isTimm(published.config);
  const { config: vision, part } = timm ? await nfnetPart(published) : await clipPart(published, { classToken: false });
  const pixels = timm
    ? nfnetPixels(published.config, published.place)
    : pixelsOf(published, openFlamingoPixels, vision);
  const { size: _, ...normalisation } = pixels;
  return {
    kind: "vision",
    name: published.name,
    config: { kind: "vision", vision, normalisation },
    pixels: { ...pixels, size: vision.size },
    parameters: flatten({ vision: initVision(new Undrawn(), vision) }),
    parts: [part],
    trained: () => false,
  };
}

/** A vision tower and where its tensors are. */
interface Tower<Config extends VisionConfig> {
  readonly config: Config;
  readonly part: Part;
}

/** A CLIP under the names of transformers or of open_clip. */
async function clipPart(published: Published, keeps: { readonly classToken: boolean }): Promise<Tower<ClipVitConfig>> {
  const config = clipVitConfig(published.config, published.place, keeps);
  const { store } = stateDict(await tensorsOf(published));
  const rows = store.entries.has("visual.conv1.weight") ? openClipNames(config) : clipNames(config);
  const names = (theirs: string) => clipSpare(theirs, config);
  return {
    config,
    part: { store, rows, aside: [{ names, why: "CLIP's text side, or what is not read of its pictures" }] },
  };
}

/** An NFNet of timm. */
async function nfnetPart(published: Published): Promise<Tower<VisionConfig>> {
  const config = nfnetConfig(published.config, published.place);
  const { store } = stateDict(await tensorsOf(published));
  return {
    config,
    part: { store, rows: nfnetNames(config), aside: [{ names: nfnetSpare, why: "the classifier, which is not read" }] },
  };
}
