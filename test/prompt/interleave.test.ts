import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Document, Segment } from "../../src/prompt/document.js";
import { MarkInTextError } from "../../src/prompt/errors.js";
import { interleave } from "../../src/prompt/interleave.js";
import { openFlamingo, paper } from "../../src/prompt/policies.js";
import { picture, toyTokenizer } from "./toy.js";

const tokenizer = toyTokenizer();
const dog = { image: picture(1) };
const cat = { image: picture(2) };
const pets: Document = [
  { text: "Cute pics of my pets!" },
  dog,
  { text: "My puppy sitting in the grass." },
  cat,
  { text: " My cat looking very dignified." },
];
const written = (document: Document, options = {}) => tokenizer.show(interleave(document, tokenizer, options).tokens);

/** The text of the tokens that see medium n. */
function seeing(document: Document, n: number, options = {}) {
  const { tokens, lastMedia } = interleave(document, tokenizer, options);
  return tokenizer.show(tokens.filter((_, position) => lastMedia[position] === n));
}

const learnt = (document: Document, options = {}) => {
  const { tokens, lossMask } = interleave(document, tokenizer, options);
  return tokenizer.show(tokens.filter((_, position) => lossMask[position] === 1));
};

const anySegment: fc.Arbitrary<Segment> = fc.oneof(
  fc
    .string()
    .filter((text) => !/[<>]/.test(text))
    .map((text) => ({ text })),
  fc.integer({ min: 0, max: 255 }).map((shade) => ({ image: picture(shade) })),
  fc.constant({ endOfChunk: true } as const),
);

describe("the interleaved sequence", () => {
  it("writes the paper's web page as the paper prints it (2.3, figure of the masking)", () => {
    expect(written(pets)).toBe(
      "<BOS>Cute pics of my pets!<EOC><image>My puppy sitting in the grass.<EOC><image> My cat looking very dignified.<EOC><EOS>",
    );
  });

  it("writes a pair as <BOS><image>{caption}<EOC><EOS> (2.4)", () => {
    expect(written([dog, { text: "A puppy." }])).toBe("<BOS><image>A puppy.<EOC><EOS>");
  });

  it("leaves a prompt open where the model is to go on (2.5)", () => {
    expect(written([dog, { text: "Output: A puppy." }, cat, { text: "Output:" }], { open: true })).toBe(
      "<BOS><image>Output: A puppy.<EOC><image>Output:",
    );
  });

  it("separates text-only examples where the document ends their chunks (zero-shot, 2.5)", () => {
    const document = [{ text: "Output: a" }, { endOfChunk: true }, { text: "Output: b" }, { endOfChunk: true }, cat];
    expect(written([...document, { text: " Output:" }] as Document, { open: true })).toBe(
      "<BOS>Output: a<EOC>Output: b<EOC><image> Output:",
    );
  });

  it("never teaches a picture an empty answer: neighbouring pictures share a chunk (F1.2)", () => {
    expect(written([dog, cat, { text: "Two pets." }, dog])).toBe("<BOS><image><image>Two pets.<EOC><image><EOC><EOS>");
  });

  it("puts one space before the text of a picture when told, and nowhere else (appendix B)", () => {
    expect(written(pets.slice(0, 3), { leadingSpace: true })).toBe(
      "<BOS>Cute pics of my pets!<EOC><image> My puppy sitting in the grass.<EOC><EOS>",
    );
  });

  it("refuses a text that holds a mark, since text would be paired with the wrong picture (F4.3)", () => {
    expect(() => interleave([{ text: "fine" }, { text: "an <image> tag" }], tokenizer)).toThrow(MarkInTextError);
    expect(() => interleave([{ text: "the <EOC>" }], tokenizer)).toThrow(/segment 0 holds the mark <EOC>/);
  });

  it("never begins with <EOC> and never writes two in a row", () => {
    fc.assert(
      fc.property(fc.array(anySegment), fc.boolean(), (document, open) => {
        expect(written(document, { open })).not.toMatch(/^<BOS><EOC>|<EOC><EOC>/);
      }),
    );
  });

  it("keeps the media in the order of their tags (F4.12)", () => {
    fc.assert(
      fc.property(fc.array(anySegment), (document) => {
        const { media, tokens, starts } = interleave(document, tokenizer);
        expect(media).toEqual(document.filter((segment) => "image" in segment));
        expect(starts).toEqual([...tokens.keys()].filter((p) => tokens[p] === tokenizer.encode("<image>")[0]));
      }),
    );
  });
});

describe("what a token looks at", () => {
  it("is the last picture before it: a tag sees its own, an <EOC> still the preceding one (2.3, F4.1)", () => {
    expect(seeing(pets, 0)).toBe("<BOS>Cute pics of my pets!<EOC>");
    expect(seeing(pets, 1)).toBe("<image>My puppy sitting in the grass.<EOC>");
    expect(seeing(pets, 2)).toBe("<image> My cat looking very dignified.<EOC><EOS>");
  });

  it("under placement next is the next picture, and the last one after it (2.4)", () => {
    expect(seeing(pets, 0, { placement: "next" })).toBe("");
    expect(seeing(pets, 1, { placement: "next" })).toBe("<BOS>Cute pics of my pets!<EOC><image>");
    expect(seeing(pets, 2, { placement: "next" })).toBe(
      "My puppy sitting in the grass.<EOC><image> My cat looking very dignified.<EOC><EOS>",
    );
  });

  it("is all that placement changes (2.4: only phi changes)", () => {
    const { lastMedia: previous, placement: _, ...rest } = interleave(pets, tokenizer);
    const { lastMedia: next, placement: __, ...same } = interleave(pets, tokenizer, { placement: "next" });
    expect(same).toEqual(rest);
    expect(next).not.toEqual(previous);
  });

  it("is the inclusive running count of tags, for every document (F4.1)", () => {
    fc.assert(
      fc.property(fc.array(anySegment), (document) => {
        const { tokens, lastMedia } = interleave(document, tokenizer);
        let count = 0;
        const tag = tokenizer.encode("<image>")[0];
        expect(lastMedia).toEqual(tokens.map((id) => (id === tag ? ++count : count)));
      }),
    );
  });

  it("counts a tag once where the vocabulary spells it in pieces", () => {
    const spelt = interleave([dog, { text: "a" }, cat], toyTokenizer({ pieces: true }), { open: true });
    expect(spelt.tagLength).toBe(7);
    expect(spelt.lastMedia).toEqual([0, ...Array(9).fill(1), ...Array(7).fill(2)]);
    expect(spelt.lossMask).toEqual([0, ...Array(7).fill(0), 1, 1, ...Array(7).fill(0)]);
  });
});

describe("what is learnt", () => {
  it("is text, <EOC> and <EOS>, but neither <BOS> nor <image> (F4.11)", () => {
    expect(learnt(pets)).toBe(
      "Cute pics of my pets!<EOC>My puppy sitting in the grass.<EOC> My cat looking very dignified.<EOC><EOS>",
    );
  });

  it("is changed by naming the choice (F4.11)", () => {
    expect(learnt([dog, { text: "a" }], { policy: { ...paper, lossOnImageTag: true } })).toBe("<image>a<EOC><EOS>");
    expect(learnt([dog, { text: "a" }], { policy: { ...paper, lossOnEoc: false } })).toBe("a<EOS>");
    expect(learnt([dog, { text: "a" }], { policy: { ...paper, lossOnEos: false } })).toBe("a<EOC>");
  });

  it("as OpenFlamingo has it: no first <EOC>, no loss before the first tag nor after an <EOC> (A1.12)", () => {
    expect(written(pets, { policy: openFlamingo })).toBe(
      "Cute pics of my pets!<image>My puppy sitting in the grass.<|endofchunk|><image> My cat looking very dignified.<|endofchunk|><|endoftext|>",
    );
    expect(learnt(pets, { policy: openFlamingo })).toBe(
      "My puppy sitting in the grass.<|endofchunk|> My cat looking very dignified.<|endofchunk|>",
    );
  });
});
