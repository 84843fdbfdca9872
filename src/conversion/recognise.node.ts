/** What a published model is, and how it becomes one of ours: its configuration, its tensors, its tokenizer. */
import { clipVitConfig, isClip } from "../checkpoints/families/clip.js";
import { ideficsConfig } from "../checkpoints/families/idefics.js";
import { LANGUAGE_FAMILIES, languageFamily, namesIn } from "../checkpoints/families/language.js";
import type { FlamingoFile } from "../checkpoints/flamingo-file.js";
import { clipNames, clipSpare, openClipNames } from "../checkpoints/names/clip.js";
import { ideficsNames } from "../checkpoints/names/idefics.js";
import { openFlamingoNames, openFlamingoPlaces } from "../checkpoints/names/openflamingo.js";
import { below } from "../checkpoints/names/rows.js";
import { stateDict } from "../checkpoints/state-dict.js";
import type { TensorStore } from "../checkpoints/store.js";
import type { PixelsOptions } from "../media/normalise.js";
import { ideficsPixels, openFlamingoPixels, readPreprocessor } from "../media/preprocessor.js";
import { type FlamingoConfig, initFlamingo } from "../model/flamingo-parameters.js";
import { initLanguage, type LanguageConfig, languageSizes } from "../model/language/language.js";
import type { TransformerConfig } from "../model/language/transformer-config.js";
import type { ClipVitConfig } from "../model/vision/clip-vit.js";
import { initVision } from "../model/vision/tower.js";
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
  if (typeOf(config) === "idefics") return idefics(published);
  if (isClip(config)) return visionTower(published);
  if (Object.hasOwn(LANGUAGE_FAMILIES, typeOf(config) ?? "")) return languageModel(published);
  const { store } = stateDict(await tensorsOf(published));
  const places = openFlamingoPlaces(store.entries.keys());
  if (places !== undefined) return openFlamingo(published, store, places, options);
  throw new FamilyError(
    `${published.place} ${config === undefined ? "has no config.json" : `is of model_type ${JSON.stringify(typeOf(config))}`}, and its tensors are not those of an OpenFlamingo.`,
    `name an OpenFlamingo, an IDEFICS, a CLIP, or a language model of ${Object.keys(LANGUAGE_FAMILIES).join(", ")}`,
  );
}

function typeOf(config: unknown): string | undefined {
  const type = (config as { model_type?: unknown } | undefined)?.model_type;
  return typeof type === "string" ? type : undefined;
}

/** Prompts are as long as the language model's positions reach, or as its training did. */
const LONGEST = 2048;
/** Images that a prompt may have; the models themselves have no bound. */
const MOST_MEDIA = 64;

/** The longest prompts for a model around such a language model. */
export function limitsOf(language: LanguageConfig): FlamingoFile["limits"] {
  const { longest = LONGEST } = languageSizes(language);
  return { maximumMedia: MOST_MEDIA, maximumTokens: Math.min(LONGEST, longest) };
}

async function openFlamingo(
  published: Published,
  checkpoint: TensorStore,
  places: NonNullable<ReturnType<typeof openFlamingoPlaces>>,
  options: RecogniseOptions,
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
  const tower = await visionPart(eyes, { classToken: false });
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
  const replaced = names.filter(({ ours }) => held.has(ours)).map(({ theirs }) => theirs);
  return flamingo(published, "openflamingo", config, tokenizer, openFlamingoPixels, [
    { store: checkpoint, rows: own, aside: [TWICE] },
    {
      store: base,
      rows: names.filter(({ ours }) => !held.has(ours)),
      aside: [
        { names: exactly(replaced), why: "the checkpoint has its own" },
        { names: family.spare(language), why: "a buffer, or the token table once more" },
      ],
    },
    tower.part,
  ]);
}

/** The first checkpoints kept their gated blocks under a second name too. */
const TWICE = {
  names: /^lang_encoder\.(gated_cross_attn_layers|old_decoder_blocks)\./,
  why: "held under another name as well",
};

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
    { names: /^model\.vision_model\.post_layernorm\./, why: "CLIP's norm of its class token, which is not read" },
    { names: /position_ids$|rotary_emb\.inv_freq$/, why: "a buffer" },
  ];
  return flamingo(
    published,
    converses ? "idefics-instruct" : "idefics",
    config,
    tokenizer,
    published.preprocessor === undefined
      ? ideficsPixels
      : readPreprocessor(published.preprocessor, `preprocessor_config.json of ${published.place}`),
    [{ store, rows: ideficsNames(config), aside }],
  );
}

function flamingo(
  { name }: Published,
  policy: PromptConfig["policy"],
  config: FlamingoConfig,
  tokenizer: NamedTokenizer,
  pixels: PixelsOptions,
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
      limits: limitsOf(config.language),
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
  return {
    kind: "language",
    name: published.name,
    config: { kind: "language", language, prompt: promptConfigOf("paper", tokenizer) },
    tokenizer: tokenizer.json,
    parameters: flatten({ language: initLanguage(new Undrawn(), language) }),
    parts: [{ store, rows, aside: [{ names: family.spare(language), why: "a buffer, or the token table once more" }] }],
    trained: () => false,
  };
}

async function visionTower(published: Published): Promise<Recognised> {
  const { config: vision, part } = await visionPart(published, { classToken: false });
  const pixels =
    published.preprocessor === undefined
      ? openFlamingoPixels
      : readPreprocessor(published.preprocessor, `preprocessor_config.json of ${published.place}`);
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

/** A CLIP under the names of transformers or of open_clip. */
async function visionPart(
  published: Published,
  keeps: { readonly classToken: boolean },
): Promise<{ config: ClipVitConfig; part: Part }> {
  const config = clipVitConfig(published.config, published.place, keeps);
  const { store } = stateDict(await tensorsOf(published));
  const rows = store.entries.has("visual.conv1.weight") ? openClipNames(config) : clipNames(config);
  const spare = [...store.entries.keys()].filter((name) => clipSpare(name, config));
  return {
    config,
    part: {
      store,
      rows,
      aside: [{ names: exactly(spare), why: "CLIP's text side, or what is not read of its pictures" }],
    },
  };
}

/** These names and no others. */
function exactly(names: readonly string[]): RegExp {
  return new RegExp(`^(${names.map((name) => name.replaceAll(".", "\\.")).join("|") || "(?!)"})$`);
}
