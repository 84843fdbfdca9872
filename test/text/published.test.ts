import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { openTokenizer } from "../../src/text/hub-tokenizer.js";
import { clipText, clipTokenizerJson, gpt2TokenizerJson } from "../../src/text/published.js";
import type { Tokenizer } from "../../src/text/tokenizer.js";
import { TokenizerFileError } from "../../src/text/tokenizer-json.js";

const GPT2 = "../shared/data/gpt2_bpe";
const CLIP = "../shared/data/clip_bpe/bpe_simple_vocab_16e6.txt.gz";
const VECTORS = "../shared/refdata/tokenizers";

interface Vector {
  readonly text: string;
  readonly ids: readonly number[];
}

const vectors = (name: string): Vector[] => JSON.parse(readFileSync(`${VECTORS}/${name}_bpe_vectors.json`, "utf8"));

/** The vectors a tokenizer does not reproduce. */
function wrong(tokenizer: Tokenizer, cases: readonly Vector[], clean = (text: string) => text) {
  return cases
    .map(({ text, ids }) => ({ text, ids, found: tokenizer.encode(clean(text)) }))
    .filter(({ ids, found }) => JSON.stringify(ids) !== JSON.stringify(found));
}

describe.skipIf(!existsSync(GPT2) || !existsSync(VECTORS))("GPT-2's tokenizer (needs ../shared/data/gpt2_bpe)", () => {
  const open = (specialTokens: string[]) =>
    openTokenizer(
      gpt2TokenizerJson(
        JSON.parse(readFileSync(`${GPT2}/encoder.json`, "utf8")),
        readFileSync(`${GPT2}/vocab.bpe`, "utf8"),
        { specialTokens },
      ),
    );

  it("gives the ids of OpenAI's own code for all 275 texts", () => {
    const cases = vectors("gpt2");
    expect(cases).toHaveLength(275);
    expect(wrong(open([]), cases)).toEqual([]);
  });

  it("gives every text back", () => {
    const tokenizer = open([]);
    for (const { text, ids } of vectors("gpt2")) expect(tokenizer.decode(ids)).toBe(text);
  });

  it("has 50257 ids, and gives new special tokens the next ones", () => {
    expect(open(["<|endoftext|>"]).vocabularySize).toBe(50257);
    const tokenizer = open(["<|endoftext|>", "<|endofchunk|>", "<PAD>"]);
    expect(tokenizer.vocabularySize).toBe(50259);
    expect(tokenizer.special("<|endoftext|>")).toBe(50256);
    expect(tokenizer.encode("a<|endofchunk|>b")).toEqual([64, 50257, 65]);
    expect(tokenizer.decode([64, 50257, 65])).toBe("ab");
  });
});

describe.skipIf(!existsSync(CLIP) || !existsSync(VECTORS))("CLIP's tokenizer (needs ../shared/data/clip_bpe)", () => {
  const open = () => openTokenizer(clipTokenizerJson(gunzipSync(readFileSync(CLIP)).toString("utf8")));

  it("gives the ids of OpenAI's own code for all 274 texts", () => {
    const cases = vectors("clip");
    expect(cases).toHaveLength(274);
    expect(wrong(open(), cases, clipText)).toEqual([]);
  });

  it("has 49408 ids, the last two special", () => {
    const tokenizer = open();
    expect(tokenizer.vocabularySize).toBe(49408);
    expect(tokenizer.special("<|startoftext|>")).toBe(49406);
    expect(tokenizer.special("<|endoftext|>")).toBe(49407);
  });

  it("gives text back in lower case, a space after each word", () => {
    const tokenizer = open();
    expect(tokenizer.decode(tokenizer.encode("A  photo of a CAT."))).toBe("a photo of a cat .");
  });
});

describe("published tokenizers", () => {
  it("refuses a merge file of another vocabulary", () => {
    expect(() => gpt2TokenizerJson({ a: 0, b: 1 }, "#version: 0.2\na b\n")).toThrow(TokenizerFileError);
    expect(() => gpt2TokenizerJson({ a: 0, b: 1 }, "a b")).toThrow(/To mend it: give a vocab\.json and a merges\.txt/);
  });

  it("refuses a CLIP vocabulary that is cut short", () => {
    expect(() => clipTokenizerJson('"bpe_simple_vocab_16e6.txt#version: 0.2\na b')).toThrow(/this file 1\./);
  });

  it("undoes HTML escapes twice, as CLIP's code does", () => {
    expect(clipText("&amp;lt;b&gt; &#233;&#xe9; &unknown;")).toBe("<b> éé &unknown;");
  });
});
