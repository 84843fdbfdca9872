import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { trainBpe } from "../../src/text/bpe-trainer.js";
import { openTokenizer, SpecialTokenError, TokenIdError } from "../../src/text/hub-tokenizer.js";
import { library } from "../../src/text/library.js";
import { TokenizerFileError, type TokenizerJson } from "../../src/text/tokenizer-json.js";

const CORPUS = ["<image>Output: A cat sits on the mat, and the cat is red.", "The cats sit on mats. Émile a dit: été."];
const json = trainBpe(CORPUS, { vocabularySize: 300 });
const tokenizer = openTokenizer(json);

describe("a tokenizer opened from its file", () => {
  it("gives any text back from its ids, byte-order marks and emoji among them", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" })), (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      }),
      { numRuns: 1000 },
    );
    expect(tokenizer.decode(tokenizer.encode("\uFEFFa"))).toBe("\uFEFFa");
    expect(tokenizer.encode("")).toEqual([]);
    expect(tokenizer.decode([])).toBe("");
  });

  it("encodes half of a surrogate pair as the replacement character", () => {
    expect(tokenizer.decode(tokenizer.encode("a\ud800b"))).toBe("a\ufffdb");
  });

  it("gives the same ids as the library without our cache, the first time and the second", () => {
    const plain = new library.Tokenizer(json, {});
    const words = fc.array(
      fc.constantFrom("the cat", " sits.", "<EOC>", "<image>", " Output:", "\n", "12", "<EO", "é"),
    );
    fc.assert(
      fc.property(words, (parts) => {
        const text = parts.join("");
        const expected = plain.encode(text, { add_special_tokens: false }).ids;
        expect(tokenizer.encode(text)).toEqual(expected);
        expect(tokenizer.encode(text)).toEqual(expected);
      }),
    );
  });

  it("hands out ids that the caller may change without harm to the next call", () => {
    tokenizer.encode("cat").fill(0);
    expect(tokenizer.decode(tokenizer.encode("cat"))).toBe("cat");
  });

  it("recognises special tokens in text and leaves them out of what it decodes", () => {
    const ids = tokenizer.encode("<BOS>a cat<EOC><EOS>");
    expect([ids[0], ids.at(-2), ids.at(-1)]).toEqual([1, 3, 2]);
    expect(tokenizer.decode(ids)).toBe("a cat");
    expect(tokenizer.special("<EOC>")).toBe(3);
  });

  it("adds no token before or after a text, whatever the file's post-processor says", () => {
    const bos = { SpecialToken: { id: "<BOS>", type_id: 0 } };
    const sequence = { Sequence: { id: "A", type_id: 0 } };
    const processor = { type: "TemplateProcessing", single: [bos, sequence], pair: [], special_tokens: {} };
    expect(openTokenizer({ ...json, post_processor: processor }).encode("a")).toEqual(tokenizer.encode("a"));
  });

  it("survives being written and read", () => {
    expect(openTokenizer(JSON.parse(JSON.stringify(json))).encode("A cat.<EOC>")).toEqual(
      tokenizer.encode("A cat.<EOC>"),
    );
  });

  it("counts special tokens that lie beyond the vocabulary", () => {
    const extra = { ...json.added_tokens[0]!, content: "<extra>", id: 5000 };
    const wider = openTokenizer({ ...json, added_tokens: [...json.added_tokens, extra] });
    expect(wider.vocabularySize).toBe(5001);
    expect(wider.encode("<extra>")).toEqual([5000]);
  });

  it("lists the special tokens there are when asked for one that is missing", () => {
    expect(() => tokenizer.special("<eoc>")).toThrow(SpecialTokenError);
    expect(() => tokenizer.special("<eoc>")).toThrow(/no special token <eoc>; it has <PAD>, <BOS>, <EOS>, <EOC>/);
  });

  it("refuses ids it does not have, naming the range", () => {
    expect(() => tokenizer.decode([999])).toThrow(TokenIdError);
    expect(() => tokenizer.decode([-1])).toThrow(/There is no token -1: this tokenizer has ids 0 to 275/);
  });

  it("refuses what is not the contents of a tokenizer.json", () => {
    for (const other of [{}, { model: {} }, null, { vocab: { a: 1 } }]) {
      expect(() => openTokenizer(other as unknown as TokenizerJson)).toThrow(TokenizerFileError);
    }
    const unheard = { ...json, model: { ...json.model, type: "Unheard" } };
    expect(() => openTokenizer(unheard)).toThrow(/a model of type Unheard, and known are BPE, /);
    const broken = { ...json, model: { ...json.model, merges: 5 } };
    expect(() => openTokenizer(broken)).toThrow(/To mend it: check that the file/);
  });
});
