/** The tokenizer of a published language model, from whichever files it came in, as a `tokenizer.json`. */
import { gpt2TokenizerJson } from "./published.js";
import { sentencePieceJson } from "./sentencepiece.js";
import { TokenizerFileError, type TokenizerJson, tokenizerJsonOf } from "./tokenizer-json.js";
import { type NamedTokenizer, type SpecialNames, withSpecialTokens } from "./vocabulary.js";

/** The files, each if it is there: JSON parsed, text as text, `tokenizer.model` as bytes. */
export interface TokenizerFiles {
  readonly "tokenizer.json"?: unknown;
  readonly "tokenizer.model"?: Uint8Array;
  readonly "vocab.json"?: unknown;
  readonly "merges.txt"?: string;
  readonly "added_tokens.json"?: unknown;
  readonly "special_tokens_map.json"?: unknown;
  readonly "tokenizer_config.json"?: unknown;
}

/** Every file that may say something about a tokenizer. */
export const TOKENIZER_FILES = [
  "tokenizer.json",
  "tokenizer.model",
  "vocab.json",
  "merges.txt",
  "added_tokens.json",
  "special_tokens_map.json",
  "tokenizer_config.json",
] as const satisfies readonly (keyof TokenizerFiles)[];

type Json = Readonly<Record<string, unknown>>;

/**
 * The tokenizer of a language model's folder: its `tokenizer.json` if there is one, else its `tokenizer.model`, else
 * `vocab.json` with `merges.txt`. Tokens that the smaller files add or name are added.
 *
 * @param place  what errors call the folder
 * @throws {TokenizerFileError} if none of these is there, or one cannot be used.
 */
export function tokenizerFromFiles(files: TokenizerFiles, place: string): NamedTokenizer {
  const config = record(files["tokenizer_config.json"]);
  const said = namesIn(record(files["special_tokens_map.json"]), config);
  const json = withLaterTokens(contents(files, said, place), files["added_tokens.json"], config);
  const fromModel = files["tokenizer.json"] === undefined && files["tokenizer.model"] !== undefined;
  const all = Object.entries(fromModel ? { ...LLAMA_CONTROLS, ...said } : said);
  const names: SpecialNames = Object.fromEntries(all.filter(([, token]) => has(json, token)));
  return {
    json: withSpecialTokens(json, Object.values(names)),
    names,
    begins: names.bos !== undefined && begins(json, config, fromModel),
  };
}

/** The names that LLaMA's own code gives the control pieces of its `tokenizer.model`. */
const LLAMA_CONTROLS: SpecialNames = { bos: "<s>", eos: "</s>", unknown: "<unk>" };

function contents(files: TokenizerFiles, names: SpecialNames, place: string): TokenizerJson {
  const json = files["tokenizer.json"];
  if (json !== undefined) return tokenizerJsonOf(json, `The tokenizer.json of ${place}`);
  const model = files["tokenizer.model"];
  if (model !== undefined) return sentencePieceJson(model, `tokenizer.model of ${place}`);
  const vocabulary = files["vocab.json"];
  const merges = files["merges.txt"];
  if (vocabulary !== undefined && merges !== undefined) {
    const ids = record(vocabulary) as Record<string, number>;
    return gpt2TokenizerJson(ids, merges, {
      specialTokens: [...new Set(Object.values(names))].filter((token) => Object.hasOwn(ids, token)),
    });
  }
  const found = TOKENIZER_FILES.filter((name) => files[name] !== undefined);
  throw new TokenizerFileError(
    `${place} has no tokenizer: of its files there ${found.length === 1 ? "is" : "are"} ${found.join(", ") || "none"}.`,
    "put its tokenizer.json there, or its tokenizer.model, or its vocab.json with its merges.txt",
  );
}

/** The tokenizer with the tokens that were added after it was written, at the ids they were given. */
function withLaterTokens(json: TokenizerJson, added: unknown, config: Json): TokenizerJson {
  const tokens = new Map(json.added_tokens.map((token) => [token.content, token]));
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  for (const [content, id] of Object.entries(record(added)))
    if (!tokens.has(content) && typeof id === "number") tokens.set(content, { ...plain, id, content });
  for (const [id, token] of Object.entries(record(config.added_tokens_decoder))) {
    const { content, ...rest } = record(token) as { content?: unknown };
    if (typeof content !== "string" || tokens.has(content)) continue;
    tokens.set(content, { ...plain, ...rest, id: Number(id), content });
  }
  return { ...json, added_tokens: [...tokens.values()].sort((a, b) => a.id - b.id) };
}

/** The names in two files; what `special_tokens_map.json` says counts before `tokenizer_config.json`. */
function namesIn(map: Json, config: Json): SpecialNames {
  const name = (key: string) => {
    const value = map[key] ?? config[key];
    const text = typeof value === "string" ? value : record(value).content;
    return typeof text === "string" && text !== "" ? text : undefined;
  };
  const found = { bos: name("bos_token"), eos: name("eos_token"), pad: name("pad_token"), unknown: name("unk_token") };
  return Object.fromEntries(Object.entries(found).filter(([, token]) => token !== undefined));
}

/** What `tokenizer_config.json` says; else LLaMA's class and its `tokenizer.model` begin, and others as their template. */
function begins({ post_processor }: TokenizerJson, config: Json, fromModel: boolean): boolean {
  if (typeof config.add_bos_token === "boolean") return config.add_bos_token;
  if (fromModel || /llama/i.test(String(config.tokenizer_class ?? ""))) return true;
  const steps = post_processor?.type === "Sequence" ? (post_processor.processors as readonly Json[]) : [post_processor];
  const template = steps.find((step) => step?.type === "TemplateProcessing");
  const first = (template?.single as readonly Json[] | undefined)?.[0];
  return first !== undefined && "SpecialToken" in first;
}

function has({ model, added_tokens }: TokenizerJson, token: string): boolean {
  if (added_tokens.some(({ content }) => content === token)) return true;
  if (!Array.isArray(model.vocab)) return Object.hasOwn(model.vocab as object, token);
  return (model.vocab as readonly (readonly [string, number])[]).some(([piece]) => piece === token);
}

function record(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {};
}
