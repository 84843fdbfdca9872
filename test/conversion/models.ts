/** Models of the published families, tiny, as folders: random weights, every gate open. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { clipVitConfig } from "../../src/checkpoints/families/clip.js";
import { languageFamily } from "../../src/checkpoints/families/language.js";
import type { FlamingoFile } from "../../src/checkpoints/flamingo-file.js";
import { saveModelFolder } from "../../src/checkpoints/model-folder.node.js";
import { type SavedDtype, writeSafetensors } from "../../src/checkpoints/safetensors-write.js";
import type { TensorStore } from "../../src/checkpoints/store.js";
import { openTensorStore } from "../../src/checkpoints/store.node.js";
import { openFlamingoPixels } from "../../src/media/preprocessor.js";
import { everyNth, initFlamingo } from "../../src/model/flamingo-parameters.js";
import type { TransformerConfig } from "../../src/model/language/transformer-config.js";
import { promptConfigOf } from "../../src/prompt/policies.js";
import { Random } from "../../src/random.js";
import { bytePairJson, splitThenBytes, type TokenizerJson } from "../../src/text/tokenizer-json.js";
import { type NamedTokenizer, openFlamingoVocabulary, tokenCount } from "../../src/text/vocabulary.js";
import { stirred } from "../support/parameters.js";
import { readReference, under } from "../support/reference.js";

/** A tokenizer of single letters whose special tokens have the first ids. */
export function letters(specialTokens: readonly string[], count: number): TokenizerJson {
  const some = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"].slice(0, count - specialTokens.length);
  const all = [...specialTokens, ...some];
  return bytePairJson({
    vocabulary: new Map(all.map((token, id) => [token, id])),
    merges: [],
    specialTokens,
    preTokenizer: splitThenBytes("\\S", "Isolated"),
  });
}

/** What `tools/reference/openflamingo.py` says of its models. */
interface OpenFlamingoFacts {
  readonly language: { readonly model_type: string };
  readonly vision: Record<string, unknown>;
}

/** OpenFlamingo around a language model of a fixture, its heads as wide as those of the published ones. */
function openFlamingoFile(language: TransformerConfig, vision: Record<string, unknown>, every: number): FlamingoFile {
  const tower = clipVitConfig(vision, "test", { classToken: false });
  const { size: _, ...normalisation } = openFlamingoPixels;
  return {
    kind: "flamingo",
    name: "tiny",
    vision: tower,
    language,
    resampler: {
      layers: 2,
      heads: 1,
      headDim: 64,
      width: tower.width,
      hidden: 2 * tower.width,
      latents: 4,
      frames: 0,
      project: false,
      activation: "gelu",
    },
    gated: {
      before: everyNth(language.layers, every, "last"),
      heads: 1,
      headDim: 64,
      hidden: 2 * language.width,
      visualNorm: false,
      activation: "gelu",
    },
    ownTokens: "table",
    normalisation: { ...normalisation, mean: [...normalisation.mean], deviation: [...normalisation.deviation] },
    limits: { maximumMedia: 64, maximumTokens: 62 },
  };
}

/** Saves an OpenFlamingo around a language model of `test/fixtures/openflamingo-NAME.safetensors`. */
export async function saveOpenFlamingo(
  folder: string,
  name: string,
  dtype: SavedDtype = "F32",
  change: (config: FlamingoFile) => FlamingoFile = (config) => config,
): Promise<FlamingoFile> {
  const { facts } = readReference<OpenFlamingoFacts>(`openflamingo-${name}`);
  const words: NamedTokenizer =
    name === "llama"
      ? { json: letters(["<unk>", "<s>", "</s>"], 36), names: { bos: "<s>", eos: "</s>" }, begins: true }
      : { json: letters(["<|endoftext|>"], 36), names: { eos: "<|endoftext|>" }, begins: false };
  const { json, ...named } = openFlamingoVocabulary(words);
  const own = languageFamily(facts.language, name).config(facts.language, name);
  const language = { ...own, vocabulary: tokenCount(json) };
  const config = change({
    ...openFlamingoFile(language, facts.vision, 2),
    prompt: promptConfigOf("openflamingo", named) as NonNullable<FlamingoFile["prompt"]>,
  });
  await saveModelFolder(folder, {
    config,
    tokenizer: json,
    params: stirred(initFlamingo(new Random(name), config)),
    dtype,
  });
  return config;
}

/** Saves the IDEFICS of `test/fixtures/idefics-NAME.safetensors` as it is published. */
export async function savePublishedIdefics(folder: string, name: string, dtype: SavedDtype = "F32"): Promise<void> {
  const { tensors, facts } = readReference<{ config: Record<string, unknown> }>(`idefics-${name}`);
  const weights = writeSafetensors(under(tensors, "weights."), { dtype });
  const tokenizer = letters(["<unk>", "<s>", "</s>"], 36);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "model.safetensors"), weights);
  await writeFile(join(folder, "config.json"), JSON.stringify(facts.config));
  await writeFile(join(folder, "tokenizer.json"), JSON.stringify(tokenizer));
  const said = { bos_token: "<s>", eos_token: "</s>", pad_token: "<unk>", unk_token: "<unk>", add_bos_token: true };
  await writeFile(join(folder, "tokenizer_config.json"), JSON.stringify(said));
}

/** Every tensor of a folder or file: its format, its sizes and its bytes. */
export async function bitsOf(place: string): Promise<Record<string, string>> {
  const store: TensorStore = await openTensorStore(place);
  const bits: Record<string, string> = {};
  for (const name of [...store.entries.keys()].sort()) {
    const { dtype, shape } = store.entries.get(name)!;
    bits[name] = `${dtype} [${shape}] ${Buffer.from(await store.raw(name)).toString("base64")}`;
  }
  return bits;
}
