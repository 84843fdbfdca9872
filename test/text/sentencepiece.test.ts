import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openTokenizer } from "../../src/text/hub-tokenizer.js";
import { readSentencePiece, sentencePieceJson } from "../../src/text/sentencepiece.js";
import type { Tokenizer } from "../../src/text/tokenizer.js";
import { TokenizerFileError, type TokenizerJson } from "../../src/text/tokenizer-json.js";

interface Row {
  readonly text: string;
  readonly ids: readonly number[];
  readonly decoded: string;
}

interface Vectors {
  readonly about: string;
  readonly sentencepiece: Readonly<Record<string, { readonly model: string; readonly rows: readonly Row[] }>>;
  readonly fast: Readonly<Record<string, { readonly tokenizer: TokenizerJson; readonly rows: readonly Row[] }>>;
}

const vectors: Vectors = JSON.parse(readFileSync("test/fixtures/tokenizer_vectors.json", "utf8"));
const bytesOf = (name: string) => Buffer.from(vectors.sentencepiece[name]!.model, "base64");

/** The rows that a tokenizer cuts otherwise. */
const wronglyCut = (tokenizer: Tokenizer, rows: readonly Row[]) =>
  rows
    .map(({ text, ids }) => ({ text, ids, found: tokenizer.encode(text) }))
    .filter(({ ids, found }) => JSON.stringify(ids) !== JSON.stringify(found));

/** Whether two cuts are of the same pieces, and so equally likely. Of these, SentencePiece 0.1.97 takes another than 0.2.3. */
const equallyLikely = ({ ids, found }: { readonly ids: readonly number[]; readonly found: readonly number[] }) =>
  [...ids].sort().join() === [...found].sort().join();

/**
 * The rows that a tokenizer writes otherwise. SentencePiece writes ⁇ for what it does not know, and we nothing; of its own
 * mark for a space, several at the beginning, it leaves none, and we all but one.
 */
const wronglyWritten = (tokenizer: Tokenizer, rows: readonly Row[]) =>
  rows
    .filter(({ text }) => !text.startsWith("\u2581"))
    .map(({ ids, decoded }) => ({ decoded: decoded.replaceAll(" \u2047 ", ""), found: tokenizer.decode(ids) }))
    .filter(({ decoded, found }) => decoded !== found);

describe(`a tokenizer.model as a tokenizer.json (${vectors.about})`, () => {
  it.each(Object.keys(vectors.sentencepiece))("cuts every text as SentencePiece does: %s", (name) => {
    const tokenizer = openTokenizer(sentencePieceJson(bytesOf(name)));
    const { rows } = vectors.sentencepiece[name]!;
    expect(rows.length).toBeGreaterThan(140);
    const otherwise = wronglyCut(tokenizer, rows);
    expect(name.startsWith("unigram") ? otherwise.filter((row) => !equallyLikely(row)) : otherwise).toEqual([]);
    expect(otherwise.length).toBeLessThan(3);
    expect(wronglyWritten(tokenizer, rows)).toEqual([]);
  });

  it("survives being written as JSON and read", () => {
    const { rows } = vectors.sentencepiece["bpe with unknowns"]!;
    const json = JSON.parse(JSON.stringify(sentencePieceJson(bytesOf("bpe with unknowns"))));
    expect(wronglyCut(openTokenizer(json), rows)).toEqual([]);
  });

  it("cuts as transformers' own conversion of the same file does", () => {
    const ours = sentencePieceJson(bytesOf("bpe with bytes"));
    const { tokenizer, rows } = vectors.fast["LLaMA in OpenFlamingo"]!;
    expect(ours.model.vocab).toEqual(tokenizer.model.vocab);
    const plain = rows.filter(({ text }) => !/<\||<image>|<PAD>/.test(text));
    expect(plain.length).toBeGreaterThan(50);
    expect(wronglyCut(openTokenizer(ours), plain)).toEqual([]);
  });

  it("has control pieces as special tokens, and spells what it does not know in bytes", () => {
    const tokenizer = openTokenizer(sentencePieceJson(bytesOf("bpe with bytes")));
    expect([tokenizer.special("<unk>"), tokenizer.special("<s>"), tokenizer.special("</s>")]).toEqual([0, 1, 2]);
    expect(tokenizer.encode("\u{1F9A9}").slice(-4)).toEqual([0xf0, 0x9f, 0xa6, 0xa9].map((byte) => byte + 3));
    expect(tokenizer.decode([0xf0, 0x9f, 0xa6, 0xa9].map((byte) => byte + 3))).toBe("\u{1F9A9}");
  });

  it("gives any text back where nothing is rewritten and bytes are spelt", () => {
    const tokenizer = openTokenizer(sentencePieceJson(bytesOf("bpe with bytes")));
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        if (/\u2581|<\/?s>|<unk>/.test(text)) return;
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it("cuts word by word only where no token crosses from one word to the next", () => {
    const vocab = { "\u2581": 0, a: 1, b: 2, "\u2581b": 3, "a\u2581b": 4 };
    const json = sentencePieceJson(bytesOf("bpe with bytes"));
    const pairs = (merges: string[]) =>
      openTokenizer({ ...json, added_tokens: [], model: { type: "BPE", vocab, merges } }).encode("a b", "after-text");
    expect(pairs(["\u2581 b", "a \u2581b"])).toEqual([4]);
    expect(pairs(["\u2581 b"])).toEqual([1, 3]);
  });

  it("writes no space before a text that goes on from another", () => {
    const tokenizer = openTokenizer(sentencePieceJson(bytesOf("bpe with bytes")));
    const whole = tokenizer.encode("Output: a cat");
    expect([...tokenizer.encode("Output:"), ...tokenizer.encode(" a cat", "after-text")]).toEqual(whole);
    expect([...tokenizer.encode("Output:"), ...tokenizer.encode(" a cat")]).not.toEqual(whole);
  });
});

const MODEL = "../shared/data/sentencepiece/test_model.model";
const ROWS = "../shared/refdata/tokenizers/sentencepiece_vectors.json";

describe.skipIf(!existsSync(MODEL) || !existsSync(ROWS))(
  "SentencePiece's own test model (needs ../shared/data/sentencepiece)",
  () => {
    it("gives the ids and the texts of SentencePiece for all 575 texts", () => {
      const tokenizer = openTokenizer(sentencePieceJson(readFileSync(MODEL)));
      const { rows } = JSON.parse(readFileSync(ROWS, "utf8")) as { rows: Row[] };
      expect(rows).toHaveLength(575);
      expect(tokenizer.vocabularySize).toBe(1000);
      expect(wronglyCut(tokenizer, rows)).toEqual([]);
      expect(wronglyWritten(tokenizer, rows)).toEqual([]);
    });
  },
);

describe("a file that is no SentencePiece model", () => {
  it("is refused by name, and the mend says what to give", () => {
    for (const bytes of [new Uint8Array(0), new TextEncoder().encode('{"version": "1.0"}'), Uint8Array.of(8, 1)])
      expect(() => sentencePieceJson(bytes, "tokenizer.model of llama")).toThrow(TokenizerFileError);
    expect(() => sentencePieceJson(new Uint8Array(0), "tokenizer.model of llama")).toThrow(
      /tokenizer\.model of llama has no pieces.*\n.*To mend it: give the tokenizer\.model/,
    );
  });

  it("is refused when it is cut short inside a piece", () => {
    const whole = bytesOf("bpe with bytes");
    expect(() => readSentencePiece(whole.subarray(0, 1001))).toThrow(TokenizerFileError);
  });

  it("never makes the reader fail in another way, whatever its bytes (10,000 cases)", () => {
    const whole = bytesOf("unigram with rules");
    const damaged = fc
      .tuple(fc.nat(400), fc.array(fc.tuple(fc.nat(399), fc.nat(255)), { maxLength: 8 }))
      .map(([length, changes]) => {
        const bytes = Uint8Array.from(whole.subarray(0, length));
        for (const [at, byte] of changes) if (at < length) bytes[at] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), (bytes) => {
        try {
          openTokenizer(sentencePieceJson(bytes)).encode("a cat");
        } catch (error) {
          expect(error).toBeInstanceOf(TokenizerFileError);
        }
      }),
      { numRuns: 10_000 },
    );
  });
});
