import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SPECIAL_TOKENS, trainBpe, WORDS } from "../../src/text/bpe-trainer.js";
import { openTokenizer } from "../../src/text/hub-tokenizer.js";
import { library } from "../../src/text/library.js";
import { TokenizerFileError } from "../../src/text/tokenizer-json.js";

const CORPUS = [
  "<image>Output: A cat sits on the mat.<EOC>",
  "<image>Output: A dog sits on the red mat.<EOC>",
  "<image>Question: How many cats? Answer: 12<EOC>",
  "Look at this: <image> and this.<image>Output: Two dogs.<EOC>",
];
const trained = () => trainBpe(CORPUS, { vocabularySize: 320 });
const vocabularyOf = (json: { readonly model: { readonly [field: string]: unknown } }) =>
  json.model.vocab as Record<string, number>;

function pieces(text: string): string[] {
  const step = { type: "Split", pattern: { Regex: WORDS }, behavior: "Isolated", invert: false };
  return new library.SplitPreTokenizer(step).pre_tokenize(text);
}

/** Merges by counting every pair anew each time: the definition that the heap must agree with. */
function mergesByCounting(words: Map<string, number>, ids: Map<string, number>, merges: number): string[] {
  const parts = [...words].map(([word, count]) => ({ symbols: [...word], count }));
  return Array.from({ length: merges }, () => {
    const counts = new Map<string, number>();
    for (const { symbols, count } of parts) {
      for (let i = 1; i < symbols.length; i++) {
        const pair = `${symbols[i - 1]} ${symbols[i]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + count);
      }
    }
    const order = (pair: string) => pair.split(" ").map((token) => ids.get(token)!) as [number, number];
    const best = [...counts]
      .filter(([, count]) => count >= 2)
      .sort(([a, n], [b, m]) => m - n || order(a)[0] - order(b)[0] || order(a)[1] - order(b)[1])[0]?.[0];
    if (best === undefined) return "";
    const [left, right] = best.split(" ") as [string, string];
    if (!ids.has(left + right)) ids.set(left + right, ids.size);
    for (const part of parts) {
      for (let i = 1; i < part.symbols.length; i++) {
        if (part.symbols[i - 1] === left && part.symbols[i] === right) part.symbols.splice(i - 1, 2, left + right);
      }
    }
    return best;
  }).filter((merge) => merge !== "");
}

describe("cutting text into pieces", () => {
  it("keeps <image> whole, also after punctuation and a space", () => {
    expect(pieces("a.<image>b <image><image>")).toEqual(["a", ".", "<image>", "b", " ", "<image>", "<image>"]);
  });

  it("keeps a word with its colon and the space before it", () => {
    expect(pieces("Output: two cats. Answer:no")).toEqual(["Output:", " two", " cats", ".", " Answer:", "no"]);
  });

  it("lets digits stand alone and keeps punctuation runs together", () => {
    expect(pieces("at 10:30 ?!  end\n")).toEqual(["at", " ", "1", "0", ":", "3", "0", " ?!", " ", " end", "\n"]);
  });

  it("loses no character of any text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => pieces(text).join("") === text));
  });
});

describe("training a vocabulary", () => {
  it("gives the special tokens the first ids and the 256 bytes the next", () => {
    const vocabulary = vocabularyOf(trained());
    expect(SPECIAL_TOKENS.map((token) => vocabulary[token])).toEqual([0, 1, 2, 3]);
    expect(Object.keys(trainBpe([], { vocabularySize: 1000 }).model.vocab as object)).toHaveLength(260);
  });

  it("makes <image> one ordinary token when the corpus has it often (2.1)", () => {
    const tokenizer = openTokenizer(trained());
    const ids = tokenizer.encode("<image>");
    expect(ids).toHaveLength(1);
    expect(ids[0]).toBeGreaterThanOrEqual(260);
    expect(tokenizer.decode(ids)).toBe("<image>");
    expect(() => tokenizer.special("<image>")).toThrow(/no special token <image>/);
  });

  it("learns nothing from special tokens in the corpus", () => {
    const merges = trained().model.merges as string[];
    expect(merges.filter((merge) => merge.includes("C"))).toEqual([]);
    expect(trainBpe(["<EOC><EOC>", "<EOC>"], { vocabularySize: 300 }).model.merges).toEqual([]);
  });

  it("gives the same file for the same texts, in whatever order they come", () => {
    expect(JSON.stringify(trained())).toBe(JSON.stringify(trained()));
    const reversed = trainBpe([...CORPUS].reverse(), { vocabularySize: 320 });
    expect(JSON.stringify(reversed)).toBe(JSON.stringify(trained()));
  });

  it("merges the pairs that counting anew at every step would merge", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.array(letters, { minLength: 1, maxLength: 12 }), (words) => {
        const json = trainBpe(words, { vocabularySize: 280, specialTokens: [] });
        const counts = new Map<string, number>();
        for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
        const ids = new Map(Object.entries(vocabularyOf(json)).filter(([, id]) => id < 256));
        const found = json.model.merges as string[];
        expect(found).toEqual(mergesByCounting(counts, ids, found.length));
      }),
      { numRuns: 300 },
    );
  });

  it("never exceeds the size asked for, and stops early when no pair occurs twice", () => {
    const size = (vocabularySize: number) => openTokenizer(trainBpe(CORPUS, { vocabularySize })).vocabularySize;
    expect(size(270)).toBe(270);
    expect(size(5000)).toBeLessThan(400);
  });

  it("takes its own special tokens and pattern", () => {
    const json = trainBpe(["ab ab ab"], { vocabularySize: 300, specialTokens: ["<s>"], pattern: "[^ ]+| " });
    const tokenizer = openTokenizer(json);
    expect(tokenizer.special("<s>")).toBe(0);
    expect(tokenizer.encode("ab ab")).toHaveLength(3);
  });

  it("refuses what cannot be trained, and says how to mend it", () => {
    expect(() => trainBpe([], { vocabularySize: 100 })).toThrow(/To mend it: ask for at least 260 ids/);
    expect(() => trainBpe([], { vocabularySize: 300, specialTokens: ["<a>", "<a>"] })).toThrow(/"<a>" is given twice/);
    expect(() => trainBpe([], { vocabularySize: 300, specialTokens: [""] })).toThrow(/is empty/);
    expect(() => trainBpe(["a"], { vocabularySize: 300, pattern: "(" })).toThrow(TokenizerFileError);
  });
});
