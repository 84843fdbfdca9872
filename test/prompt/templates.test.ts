import { describe, expect, it } from "vitest";
import { TemplateError } from "../../src/prompt/errors.js";
import { interleave } from "../../src/prompt/interleave.js";
import {
  captioning,
  classification,
  fewShot,
  hatefulMemes,
  question,
  rareAct,
  visualDialogue,
  zeroShot,
} from "../../src/prompt/templates.js";
import { picture, toyTokenizer } from "./toy.js";

const tokenizer = toyTokenizer();
const [cat, dog, tree] = [1, 2, 3].map((shade) => ({ image: picture(shade) })) as [
  { image: ReturnType<typeof picture> },
  { image: ReturnType<typeof picture> },
  { image: ReturnType<typeof picture> },
];
const prompt = (document: Parameters<typeof interleave>[0]) => {
  const made = interleave(document, tokenizer, { open: true });
  return { ...made, written: tokenizer.show(made.tokens) };
};

describe("the paper's prompts (2.5)", () => {
  it("ask for captions and classes with <image>Output: {output}<EOC>", () => {
    const { written, media } = prompt(
      fewShot(
        captioning,
        [
          { medium: cat, fields: {}, answer: "A cat." },
          { medium: dog, fields: {}, answer: "A dog." },
        ],
        { medium: tree, fields: {} },
      ),
    );
    expect(written).toBe("<BOS><image>Output: A cat.<EOC><image>Output: A dog.<EOC><image>Output:");
    expect(media).toEqual([cat, dog, tree]);
    expect(classification.open({})).toBe("Output:");
  });

  it("ask questions with <image>Question: {question} Answer: {answer}<EOC>", () => {
    const supports = [{ medium: cat, fields: { question: "What is it?" }, answer: "A cat" }];
    const query = { medium: dog, fields: { question: "Who is it?" } };
    expect(prompt(fewShot(question, supports, query, { spaceAfterImage: true })).written).toBe(
      "<BOS><image> Question: What is it? Answer: A cat<EOC><image> Question: Who is it? Answer:",
    );
  });

  it("give dialogue its caption without a keyword and every turn as a question and its answer", () => {
    const turns = [{ question: "Is it big?", answer: "No" }];
    expect(visualDialogue.open({ caption: "A cat.", turns, question: "Is it old?" })).toBe(
      "A cat. Question: Is it big? Answer: No Question: Is it old? Answer:",
    );
  });

  it("give memes their words, and rare actions the start of a caption", () => {
    expect(hatefulMemes.open({ written: "love" })).toBe(
      'is an image with written: "love" on it. Is it hateful? Answer:',
    );
    expect(rareAct.open({}) + rareAct.join).toBe("Caption: a person ");
  });
});

describe("zero shots", () => {
  const supports = [
    { medium: cat, fields: {}, answer: "A cat." },
    { medium: dog, fields: {}, answer: "A dog." },
  ];

  it("are two text-only examples with no pictures at all: the query looks at its own (2.5, F1.4, F4.13)", () => {
    const { written, media, lastMedia } = prompt(
      zeroShot(captioning, supports, { medium: tree, fields: {} }, { spaceAfterImage: true }),
    );
    expect(written).toBe("<BOS>Output: A cat.<EOC>Output: A dog.<EOC><image> Output:");
    expect(media).toEqual([tree]);
    expect(lastMedia.at(-1)).toBe(1);
    expect(lastMedia.slice(0, -9).every((seen) => seen === 0)).toBe(true);
  });

  it("are none for close-ended tasks, and never one, which is very harmful (2.5)", () => {
    const query = { medium: tree, fields: {} };
    expect(prompt(zeroShot(captioning, [], query)).written).toBe("<BOS><image>Output:");
    expect(() => zeroShot(captioning, supports.slice(0, 1), query)).toThrow(TemplateError);
  });
});
