import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openTokenizer } from "../../src/text/hub-tokenizer.js";
import { sentencePieceJson } from "../../src/text/sentencepiece.js";
import { TOKENIZER_FILES, type TokenizerFiles, tokenizerFromFiles } from "../../src/text/tokenizer-files.js";
import { TokenizerFileError, type TokenizerJson } from "../../src/text/tokenizer-json.js";
import {
  ideficsVocabulary,
  type NamedTokenizer,
  openFlamingoVocabulary,
  paperVocabulary,
  requireRows,
  resizedRows,
  TokenizerRowsError,
  tokenCount,
} from "../../src/text/vocabulary.js";

interface Fast {
  readonly tokenizer: TokenizerJson;
  readonly length: number;
  readonly begins: boolean;
  readonly rows: readonly { readonly text: string; readonly ids: readonly number[]; readonly decoded: string }[];
}

const vectors: {
  readonly about: string;
  readonly sentencepiece: Readonly<Record<string, { readonly model: string }>>;
  readonly fast: Readonly<Record<string, Fast>>;
  readonly idefics: Readonly<Record<string, { readonly tokenizer: TokenizerJson }>>;
} = JSON.parse(readFileSync("test/fixtures/tokenizer_vectors.json", "utf8"));

const llamaModel = Buffer.from(vectors.sentencepiece["bpe with bytes"]!.model, "base64");
const LLAMA: TokenizerFiles = {
  "tokenizer.model": llamaModel,
  "tokenizer_config.json": { tokenizer_class: "LlamaTokenizer" },
};

/** A tokenizer without the tokens that OpenFlamingo added, as its language model published it. */
function published(name: string): NamedTokenizer {
  const { tokenizer } = vectors.fast[name]!;
  const added_tokens = tokenizer.added_tokens.filter(({ content }) => !/endofchunk|<image>|<PAD>/.test(content));
  const config = { eos_token: "<|endoftext|>", bos_token: { content: "<|endoftext|>" }, pad_token: null };
  return tokenizerFromFiles(
    { "tokenizer.json": { ...tokenizer, added_tokens }, "tokenizer_config.json": config },
    "lm",
  );
}

describe(`a tokenizer.json of another library (${vectors.about})`, () => {
  it.each(Object.keys(vectors.fast))("cuts and writes every text, marks among it, as that library does: %s", (name) => {
    const { tokenizer, rows, length } = vectors.fast[name]!;
    const opened = openTokenizer(tokenizer);
    expect(opened.vocabularySize).toBe(length);
    const found = rows.map(({ text }) => ({ text, ids: opened.encode(text) }));
    expect(found).toEqual(rows.map(({ text, ids }) => ({ text, ids })));
    const written = rows.map(({ text, ids }) => ({ text, decoded: opened.decode(ids) }));
    expect(written).toEqual(rows.map(({ text, decoded }) => ({ text, decoded })));
  });
});

describe("OpenFlamingo's vocabulary", () => {
  it("is <|endofchunk|>, <image>, and <PAD> where there is no padding, at the ids of its own code", () => {
    for (const [name, given] of [
      ["GPT-NeoX in OpenFlamingo", published("GPT-NeoX in OpenFlamingo")],
      ["LLaMA in OpenFlamingo", tokenizerFromFiles(LLAMA, "llama")],
    ] as const) {
      const { json, names } = openFlamingoVocabulary(given);
      const theirs = openTokenizer(vectors.fast[name]!.tokenizer);
      for (const mark of ["<|endofchunk|>", "<image>", "<PAD>"])
        expect(openTokenizer(json).special(mark), `${name} ${mark}`).toBe(theirs.special(mark));
      expect(names.pad).toBe("<PAD>");
      expect(tokenCount(json)).toBe(vectors.fast[name]!.length);
    }
  });

  it("keeps the padding that a language model has, as OPT's", () => {
    const given = { json: published("GPT-NeoX in OpenFlamingo").json, names: { pad: "<|padding|>" }, begins: false };
    const { json, names } = openFlamingoVocabulary(given);
    expect(names.pad).toBe("<|padding|>");
    expect(json.added_tokens.map(({ content }) => content)).not.toContain("<PAD>");
  });

  it("has the ids of the released models: 50277 to 50279 after GPT-NeoX, 32000 to 32002 after LLaMA (A1.7)", () => {
    const json = (rows: number): TokenizerJson => ({
      ...published("GPT-NeoX in OpenFlamingo").json,
      added_tokens: [],
      model: {
        type: "BPE",
        vocab: Object.fromEntries(Array.from({ length: rows }, (_, i) => [`t${i}`, i])),
        merges: [],
      },
    });
    for (const rows of [50277, 32000]) {
      const tokenizer = openTokenizer(openFlamingoVocabulary({ json: json(rows), names: {}, begins: false }).json);
      expect(["<|endofchunk|>", "<image>", "<PAD>"].map((mark) => tokenizer.special(mark))).toEqual([
        rows,
        rows + 1,
        rows + 2,
      ]);
    }
  });

  it("cuts a padded table to the tokenizer's ids, 50432 rows to 50280, and lengthens a short one (A1.7)", () => {
    expect(resizedRows(50432, { vocabularySize: 50280 })).toEqual({ kept: 50280, added: 0 });
    expect(resizedRows(32000, { vocabularySize: 32003 })).toEqual({ kept: 32000, added: 3 });
  });
});

describe("the vocabularies of IDEFICS and of the paper", () => {
  it("are LLaMA's with <fake_token_around_image>, <image> and, in models that converse, <end_of_utterance> (A2.6)", () => {
    const given = tokenizerFromFiles(LLAMA, "llama");
    const specials = ({ added_tokens }: TokenizerJson) => added_tokens.map(({ id, content }) => [id, content]);
    expect(specials(ideficsVocabulary(given).json)).toEqual(specials(vectors.idefics.base!.tokenizer));
    expect(specials(ideficsVocabulary(given, { converses: true }).json)).toEqual(
      specials(vectors.idefics.instruct!.tokenizer),
    );
  });

  it("add <EOC> and leave <image> the plain text it is (2.3)", () => {
    const { json, names, begins } = paperVocabulary(tokenizerFromFiles(LLAMA, "llama"));
    const tokenizer = openTokenizer(json);
    expect(tokenizer.special("<EOC>")).toBe(520);
    expect(() => tokenizer.special("<image>")).toThrow(/no special token <image>/);
    expect(tokenizer.encode("<image>", "after-text").length).toBeGreaterThan(1);
    expect(tokenizer.decode(tokenizer.encode("<image>"))).toBe("<image>");
    expect([names.bos, names.pad, begins]).toEqual(["<s>", "<PAD>", true]);
  });
});

describe("a language model's folder", () => {
  it("begins texts with <s> if it is LLaMA's, and with nothing if it is GPT-NeoX's (A1.7)", () => {
    expect(tokenizerFromFiles(LLAMA, "llama")).toMatchObject({ names: { bos: "<s>", eos: "</s>" }, begins: true });
    expect(published("GPT-NeoX in OpenFlamingo").begins).toBe(vectors.fast["GPT-NeoX in OpenFlamingo"]!.begins);
    const { tokenizer } = vectors.fast["LLaMA in OpenFlamingo"]!;
    const config = { bos_token: "<s>", eos_token: "</s>", unk_token: "<unk>" };
    const files = { "tokenizer.json": tokenizer, "special_tokens_map.json": config };
    expect(tokenizerFromFiles(files, "llama")).toMatchObject({ names: { bos: "<s>" }, begins: true });
    expect(tokenizerFromFiles({ ...files, "tokenizer_config.json": { add_bos_token: false } }, "llama").begins).toBe(
      false,
    );
  });

  it("may hold vocab.json and merges.txt, as OPT's and GPT-2's", () => {
    const vocabulary = { "<s>": 0, "<pad>": 1, "</s>": 2, a: 3, b: 4, ab: 5 };
    const config = { bos_token: "</s>", eos_token: "</s>", unk_token: "</s>", pad_token: "<pad>", add_bos_token: true };
    const { json, names, begins } = tokenizerFromFiles(
      { "vocab.json": vocabulary, "merges.txt": "#version: 0.2\na b\n", "tokenizer_config.json": config },
      "opt",
    );
    expect(openTokenizer(json).encode("ab</s>a")).toEqual([5, 2, 3]);
    expect([names, begins]).toEqual([{ bos: "</s>", eos: "</s>", unknown: "</s>", pad: "<pad>" }, true]);
  });

  it("gives tokens that smaller files added the ids they say", () => {
    const { json } = tokenizerFromFiles({ ...LLAMA, "added_tokens.json": { "<extra>": 520, "<more>": 521 } }, "llama");
    expect(openTokenizer(json).encode("<more><extra>")).toEqual([521, 520]);
    const decoder = { 520: { content: "<late>", special: true, lstrip: false, rstrip: true } };
    const late = tokenizerFromFiles(
      { ...LLAMA, "tokenizer_config.json": { tokenizer_class: "LlamaTokenizer", added_tokens_decoder: decoder } },
      "llama",
    );
    expect(openTokenizer(late.json).encode("<late>   ")).toEqual([520]);
  });

  it("is refused, with what was found and what to put there, when it holds no tokenizer", () => {
    expect(() => tokenizerFromFiles({ "vocab.json": {} }, "models/opt")).toThrow(TokenizerFileError);
    expect(() => tokenizerFromFiles({ "vocab.json": {} }, "models/opt")).toThrow(
      /models\/opt has no tokenizer: of its files there is vocab\.json\.\n.*To mend it: put its tokenizer\.json there/,
    );
    expect(() => tokenizerFromFiles({ "tokenizer.json": { version: "1" } }, "x")).toThrow(/pointer to the real one/);
    expect(TOKENIZER_FILES).toHaveLength(7);
  });
});

describe("an embedding and a tokenizer that disagree", () => {
  const names = { tokenizer: "lm/tokenizer.json", embedding: "transformer.wte.weight of lm/model.safetensors" };

  it("are refused by both their sizes when a token has no row", () => {
    expect(() => requireRows({ vocabularySize: 32003 }, 32000, names)).toThrow(TokenizerRowsError);
    expect(() => requireRows({ vocabularySize: 32003 }, 32000, names)).toThrow(
      "The tokenizer of lm/tokenizer.json has 32003 ids, and transformer.wte.weight of lm/model.safetensors has 32000 rows.",
    );
  });

  it("may differ by padding, but not once the table was resized to the tokenizer", () => {
    expect(() => requireRows({ vocabularySize: 50277 }, 50432, names)).not.toThrow();
    expect(() => requireRows({ vocabularySize: 50280 }, 50432, { ...names, exact: true })).toThrow(
      /this one lacks tokens that they were trained with/,
    );
  });

  it("are a file's own fault where a special token lies beyond it", () => {
    const json = sentencePieceJson(llamaModel);
    expect(() => requireRows(openTokenizer(json), 519, names)).toThrow(/has 520 ids, and .* has 519 rows/);
  });
});
