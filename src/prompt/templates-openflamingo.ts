/**
 * The prompts with which OpenFlamingo was measured: no space before an answer, and other words than the paper's.
 * @source github:mlfoundations/open_flamingo, open_flamingo/eval/models/open_flamingo.py and evaluate.py
 */
import type { NoFields, PromptStyle, Template } from "./templates.js";

/** How its captions and questions are laid out, though it was never trained so. Classes and memes are laid out plainly. */
export const openFlamingoStyle: PromptStyle = { afterExample: "\n" };

/** `<image>Output:{caption}<|endofchunk|>` */
export const openFlamingoCaptioning: Template<NoFields> = {
  name: "OpenFlamingo captioning",
  open: () => "Output:",
  join: "",
  keywords: ["Output"],
};

/** `<image>Output:{class}<|endofchunk|>`: the classes are ranked by their mean log-probability a token. */
export const openFlamingoClassification: Template<NoFields> = {
  ...openFlamingoCaptioning,
  name: "OpenFlamingo classification",
};

/** `<image>Question:{question} Short answer:{answer}<|endofchunk|>`: of an answer that lists several, the first counts. */
export const openFlamingoQuestion: Template<{ readonly question: string }> = {
  name: "OpenFlamingo question",
  open: ({ question }) => `Question:${question} Short answer:`,
  join: "",
  keywords: ["Question", "Answer", "Short", ", "],
};

/** Hateful memes, the words in the picture supplied. The answers are `yes` and `no`. */
export const openFlamingoHatefulMemes: Template<{ readonly written: string }> = {
  name: "OpenFlamingo hateful memes",
  open: ({ written }) => `is an image with: '${written}' written on it. Is it hateful? Answer:`,
  join: "",
  keywords: ["is an image with:", "Answer:"],
};
