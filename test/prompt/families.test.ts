import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Document } from "../../src/prompt/document.js";
import { MarkInTextError } from "../../src/prompt/errors.js";
import { interleave, lookAtTokens, tagIds } from "../../src/prompt/interleave.js";
import {
  endingOf,
  idefics,
  ideficsInstruct,
  openFlamingo,
  POLICIES,
  paper,
  policyOf,
  promptConfigOf,
} from "../../src/prompt/policies.js";
import { fewShot, zeroShot } from "../../src/prompt/templates.js";
import {
  openFlamingoCaptioning,
  openFlamingoHatefulMemes,
  openFlamingoQuestion,
  openFlamingoStyle,
} from "../../src/prompt/templates-openflamingo.js";
import { openTokenizer } from "../../src/text/hub-tokenizer.js";
import type { TokenizerJson } from "../../src/text/tokenizer-json.js";
import { picture, toyTokenizer } from "./toy.js";

interface Prompted {
  readonly prompt: readonly ({ readonly text: string } | { readonly image: true })[];
  readonly end: boolean;
  readonly ids: readonly number[];
  readonly looks: readonly number[];
}

const vectors: {
  readonly about: string;
  readonly fast: Readonly<
    Record<string, { readonly tokenizer: TokenizerJson; readonly rows: readonly { text: string; ids: number[] }[] }>
  >;
  readonly idefics: Readonly<Record<string, { readonly tokenizer: TokenizerJson; readonly rows: readonly Prompted[] }>>;
} = JSON.parse(readFileSync("test/fixtures/tokenizer_vectors.json", "utf8"));

const shown = (prompt: Prompted["prompt"]): Document =>
  prompt.map((segment) => ("text" in segment ? segment : { image: picture(1) }));

const neox = openTokenizer(vectors.fast["GPT-NeoX in OpenFlamingo"]!.tokenizer);
const instruct = openTokenizer(vectors.idefics.instruct!.tokenizer);
const [cat, dog, tree] = [1, 2, 3].map((shade) => ({ image: picture(shade) })) as [
  { image: ReturnType<typeof picture> },
  { image: ReturnType<typeof picture> },
  { image: ReturnType<typeof picture> },
];
const toy = toyTokenizer();
const written = (document: Document, policy = openFlamingo) =>
  toy.show(interleave(document, toy, { policy, open: true }).tokens);

describe(`IDEFICS's prompts (${vectors.about})`, () => {
  it.each(Object.keys(vectors.idefics))("have the tokens of its processor, and look where it looks: %s", (name) => {
    const { tokenizer, rows } = vectors.idefics[name]!;
    const opened = openTokenizer(tokenizer);
    const policy = name.startsWith("instruct") ? ideficsInstruct : idefics;
    const alike = rows.filter(({ end }) => !end || !name.endsWith("2023"));
    expect(alike.length).toBeGreaterThanOrEqual(6);
    for (const { prompt, end, ids, looks } of alike) {
      const made = interleave(shown(prompt), opened, { policy, open: !end });
      expect(made.tokens, JSON.stringify(prompt)).toEqual(ids);
      expect(made.lastMedia, JSON.stringify(prompt)).toEqual(looks);
    }
  });

  it("end in </s> as one token, which files of 2023 make the processor spell in letters after a text", () => {
    const { tokenizer, rows } = vectors.idefics["base, of 2023"]!;
    const opened = openTokenizer(tokenizer);
    for (const { prompt, end, ids } of rows.filter((row) => row.end)) {
      const made = interleave(shown(prompt), opened, { policy: idefics, open: !end });
      expect(made.tokens.at(-1)).toBe(2);
      const text = made.tokens.slice(0, -1);
      expect(ids.slice(0, text.length)).toEqual(text);
      expect(ids.includes(2), "only directly after an image").toBe("image" in prompt.at(-1)!);
    }
  });

  it("put one fake token between neighbouring images, and it looks at the image before it (F3)", () => {
    const { tokens, lastMedia } = interleave([cat, dog, { text: "Two." }], instruct, { policy: idefics, open: true });
    const [fake, image] = [instruct.special("<fake_token_around_image>"), instruct.special("<image>")];
    expect(tokens.slice(0, 6)).toEqual([1, fake, image, fake, image, fake]);
    expect(lastMedia.slice(0, 6)).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it("never write an end of chunk: text-only examples are kept apart by lines, or by ends of utterance", () => {
    const document = [{ text: "a" }, { endOfChunk: true }, { text: "b " }, { endOfChunk: true }, cat] as Document;
    const read = (policy: typeof idefics) => interleave(document, instruct, { policy, open: true }).tokens;
    expect(instruct.decode(read(idefics))).toBe("a\nb");
    const utterance = instruct.special("<end_of_utterance>");
    expect(read(ideficsInstruct).filter((id) => id === utterance)).toHaveLength(2);
    expect(read(idefics)).not.toContain(utterance);
  });

  it("refuse a text that holds a fake token, but not one that ends an utterance", () => {
    const holding = (text: string) => () => interleave([{ text }], instruct, { policy: ideficsInstruct });
    expect(holding("a<fake_token_around_image>")).toThrow(MarkInTextError);
    expect(holding("a</s>")).toThrow(MarkInTextError);
    expect(holding("a<end_of_utterance>\nAssistant:")).not.toThrow();
  });
});

describe("OpenFlamingo's prompts", () => {
  it("have the tokens that its tokenizer gives the whole string, marks in it (A1.11)", () => {
    const { rows } = vectors.fast["GPT-NeoX in OpenFlamingo"]!;
    const { ids } = rows.find(({ text }) => text === "<image>Output: a cat<|endofchunk|><image>Output:")!;
    const document = [cat, { text: "Output: a cat" }, dog, { text: "Output:" }];
    expect(interleave(document, neox, { policy: openFlamingo, open: true }).tokens).toEqual(ids);
  });

  it.each(["LLaMA in OpenFlamingo", "LLaMA as of late"])(
    "begin with <s> before the string, not in it, where the language model has one: %s",
    (name) => {
      const { tokenizer, rows } = vectors.fast[name]!;
      const policy = policyOf({ policy: "openflamingo", marks: { bos: "<s>", eos: "</s>" } });
      const { ids } = rows.find(({ text }) => text.startsWith("Output: a cat<|endofchunk|>Output: a dog"))!;
      const document = [
        ...zeroShot(
          { ...openFlamingoCaptioning, join: " " },
          [
            { fields: {}, answer: "a cat" },
            { fields: {}, answer: "a dog" },
          ],
          { medium: tree, fields: {} },
        ),
      ];
      expect(interleave(document, openTokenizer(tokenizer), { policy, open: true }).tokens).toEqual([1, ...ids]);
    },
  );

  it("are its own words, without a space before the answer, a line after each example (A1.11)", () => {
    const supports = [{ medium: cat, fields: { question: "What?" }, answer: "a cat" }];
    const query = { medium: dog, fields: { question: "Who?" } };
    expect(written(fewShot(openFlamingoQuestion, supports, query, openFlamingoStyle))).toBe(
      "<image>Question:What? Short answer:a cat<|endofchunk|>\n<image>Question:Who? Short answer:",
    );
    expect(openFlamingoHatefulMemes.open({ written: "love" })).toBe(
      "is an image with: 'love' written on it. Is it hateful? Answer:",
    );
  });

  it("at zero shots are two examples of text alone and no picture of theirs: the query looks at its own (F1.4, F4.13)", () => {
    const supports = [
      { medium: cat, fields: {}, answer: "a cat" },
      { medium: dog, fields: {}, answer: "a dog" },
    ];
    const document = zeroShot(openFlamingoCaptioning, supports, { medium: tree, fields: {} }, openFlamingoStyle);
    expect(written(document)).toBe("Output:a cat<|endofchunk|>\nOutput:a dog<|endofchunk|>\n<image>Output:");
    const { media, lastMedia, tokens } = interleave(document, neox, { policy: openFlamingo, open: true });
    expect(media).toEqual([tree]);
    const tag = tokens.indexOf(neox.special("<image>"));
    expect(lastMedia).toEqual(tokens.map((_, at) => (at < tag ? 0 : 1)));
  });

  it("are learnt only from <image> to the end of its chunk, the end of text never (F4.11)", () => {
    const document = [{ text: "Once." }, cat, { text: "A cat." }, dog, { text: "A dog." }];
    const { tokens, lossMask } = interleave(document, toy, { policy: openFlamingo });
    expect(toy.show(tokens)).toBe("Once.<image>A cat.<|endofchunk|><image>A dog.<|endofchunk|><|endoftext|>");
    expect(toy.show(tokens.filter((_, at) => lossMask[at] === 1))).toBe("A cat.<|endofchunk|>A dog.<|endofchunk|>");
  });
});

describe("what a token looks at, by the tokens alone", () => {
  const image = 7;
  const end = 2;
  const tokens = fc.array(fc.constantFrom(image, end, 10, 11));

  it("is the inclusive running count: <image> sees itself, an end of chunk the image before it (F4.1)", () => {
    const { tokens: written, lastMedia } = interleave([cat, { text: "a" }, dog, { text: "b" }], neox, {
      policy: openFlamingo,
    });
    expect(lookAtTokens(written, tagIds(openFlamingo, neox))).toEqual(lastMedia);
    const eoc = neox.special("<|endofchunk|>");
    expect(written.flatMap((id, at) => (id === eoc ? [lastMedia[at]] : []))).toEqual([1, 2]);
  });

  it("goes on counting over what was appended or generated, and changes nothing before it (F4.5)", () => {
    fc.assert(
      fc.property(tokens, tokens, fc.boolean(), (before, after, resets) => {
        const tags = resets ? { image: [image], reset: end } : { image: [image] };
        const whole = lookAtTokens([...before, ...after], tags);
        expect(whole.slice(0, before.length)).toEqual(lookAtTokens(before, tags));
        const count = before.filter((id) => id === image).length;
        const next = after.indexOf(image);
        if (next >= 0) expect(whole[before.length + next]).toBe(count + 1);
      }),
    );
  });

  it("is nothing after an end of text in IDEFICS, until the next image (A2.5)", () => {
    expect(lookAtTokens([10, 7, 10, 2, 10, 2, 7, 10, 2], { image: [image], reset: end })).toEqual([
      0, 1, 1, 1, 0, 0, 2, 2, 2,
    ]);
    expect(tagIds(idefics, instruct)).toEqual({ image: [instruct.special("<image>")], reset: 2 });
  });
});

describe("a policy", () => {
  it("is named by a model's config.json, with the marks that its vocabulary spells otherwise", () => {
    expect(policyOf({ policy: "paper" })).toEqual(paper);
    expect(policyOf({ policy: "openflamingo", marks: { bos: "<s>", eos: "</s>" } }).marks).toEqual({
      ...openFlamingo.marks,
      bos: "<s>",
      eos: "</s>",
    });
    expect(policyOf({ policy: "paper", marks: { bos: null } }).marks).not.toHaveProperty("bos");
    expect(() => policyOf({ policy: "otter" as "paper" })).toThrow(
      /no prompt policy "otter".*\n.*name one of paper, openflamingo, idefics, idefics-instruct/,
    );
    expect(() => policyOf({ policy: "paper", marks: { eos: null } })).toThrow(/without an end of text/);
  });

  it("is told by a language model's tokenizer, and is the same again when read", () => {
    const named = { names: { bos: "<s>", eos: "</s>", pad: "<PAD>", unknown: "<unk>" }, begins: true };
    expect(promptConfigOf("openflamingo", named)).toEqual({
      policy: "openflamingo",
      marks: { bos: "<s>", eos: "</s>" },
    });
    expect(promptConfigOf("openflamingo", { names: { eos: "<|endoftext|>", pad: "<PAD>" }, begins: false })).toEqual({
      policy: "openflamingo",
    });
    for (const policy of Object.keys(POLICIES) as (keyof typeof POLICIES)[]) {
      const { marks } = policyOf(JSON.parse(JSON.stringify(promptConfigOf(policy, named))));
      expect([marks.bos, marks.eos, marks.pad]).toEqual(["<s>", "</s>", "<PAD>"]);
    }
  });

  it("ends answers as its family does, and never lets one hold the tag of an image that nobody gave", () => {
    const [fake, image] = [instruct.special("<fake_token_around_image>"), instruct.special("<image>")];
    expect(endingOf(idefics, instruct)).toEqual({ stop: [2], forbidden: [image, fake], end: 2 });
    const utterance = instruct.special("<end_of_utterance>");
    expect(endingOf(ideficsInstruct, instruct)).toEqual({
      stop: [utterance],
      forbidden: [image, fake],
      end: utterance,
    });
    const eoc = neox.special("<|endofchunk|>");
    const forbidden = [neox.special("<image>"), neox.special("<PAD>")];
    expect(endingOf(openFlamingo, neox)).toEqual({ stop: [eoc], forbidden, end: eoc });
    expect(endingOf(paper, toy).stop.map((id) => toy.show([id]))).toEqual(["<EOC>", "<EOS>"]);
    expect(toy.show(endingOf(paper, toy).forbidden)).toBe("<PAD><BOS><image>");
    expect(toy.show(endingOf(paper, toyTokenizer({ pieces: true })).forbidden)).toBe("<PAD><BOS>");
  });
});
