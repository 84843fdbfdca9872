/**
 * The prompts of the paper: what stands beside a picture, with the answer or open for it.
 * @source arXiv:2204.14198, appendix B (evaluation)
 */
import type { Document, Medium, Segment } from "./document.js";
import { TemplateError } from "./errors.js";

/** The words around an answer. `<image>` and `<EOC>` are not written here: `interleave` puts them. */
export interface Template<Fields> {
  readonly name: string;
  /** The text up to the answer, without a space at its end. */
  readonly open: (fields: Fields) => string;
  /** What stands between the open text and an answer, and so before every candidate that is ranked. */
  readonly join: string;
  /** Words that begin another prompt: an answer is cut before the first of them. */
  readonly keywords: readonly string[];
}

/** A template without anything to fill in. */
export type NoFields = Readonly<Record<never, never>>;

/** `<image>Output: {output}<EOC>`: captions, and every task that asks no question. */
export const captioning: Template<NoFields> = {
  name: "captioning",
  open: () => "Output:",
  join: " ",
  keywords: ["Output:"],
};

/** `<image>Output: {class}<EOC>`: the classes are ranked. */
export const classification: Template<NoFields> = { ...captioning, name: "classification" };

/** `<image>Question: {question} Answer: {answer}<EOC>`: questions about images and videos. */
export const question: Template<{ readonly question: string }> = {
  name: "question",
  open: ({ question }) => `Question: ${question} Answer:`,
  join: " ",
  keywords: ["Question:", "Answer:"],
};

/** Dialogue about a picture: its caption, then every turn as a question with its answer. */
export const visualDialogue: Template<{
  readonly caption: string;
  readonly turns: readonly { readonly question: string; readonly answer: string }[];
  readonly question: string;
}> = {
  name: "visual dialogue",
  open: ({ caption, turns, question }) =>
    [
      caption,
      ...turns.map((turn) => `Question: ${turn.question} Answer: ${turn.answer}`),
      `Question: ${question} Answer:`,
    ].join(" "),
  join: " ",
  keywords: question.keywords,
};

/** Hateful memes, the words in the picture supplied. The answers are `yes` and `no`. */
export const hatefulMemes: Template<{ readonly written: string }> = {
  name: "hateful memes",
  open: ({ written }) => `is an image with written: "${written}" on it. Is it hateful? Answer:`,
  join: " ",
  keywords: ["is an image with written:", "Answer:"],
};

/** RareAct: the answer is a verb in the third person and an object with its article, `cuts a keyboard`. */
export const rareAct: Template<NoFields> = {
  name: "RareAct",
  open: () => "Caption: a person",
  join: " ",
  keywords: ["Caption:"],
};

/** One worked example. */
export interface Support<Fields> {
  readonly medium: Medium;
  readonly fields: Fields;
  readonly answer: string;
}

/** What is asked. */
export type Query<Fields> = Omit<Support<Fields>, "answer">;

/** The spelling of a prompt. */
export interface PromptStyle {
  /** One space after each `<image>`, as the prompts printed in the paper's appendix have it and its training pairs do not. */
  readonly spaceAfterImage?: boolean;
  /** What stands between the end of an example's chunk and the next image, as a new line does in OpenFlamingo's prompts. */
  readonly afterExample?: string;
}

/**
 * Worked examples in the order given, then the query, open for its answer: interleave it with `open: true`. Examples
 * chosen by likeness go with the closest last.
 * @source arXiv:2204.14198, section 2.5 and appendix B (evaluation)
 */
export function fewShot<Fields>(
  template: Template<Fields>,
  supports: readonly Support<Fields>[],
  query: Query<Fields>,
  style: PromptStyle = {},
): Document {
  const space = style.spaceAfterImage ? " " : "";
  const answered = supports.flatMap((support): Segment[] => [
    support.medium,
    { text: space + answeredText(template, support) },
    { endOfChunk: true },
    ...after(style),
  ]);
  return [...answered, query.medium, { text: space + template.open(query.fields) }];
}

/**
 * A zero-shot prompt: two examples as text only, their pictures left out of the prompt and of what the model is given,
 * and then the query. Give none for a task whose answers are ranked.
 *
 * @throws {TemplateError} for exactly one example, which the paper found to be very harmful: the model is then drawn to
 *   say the same again.
 * @source arXiv:2204.14198, appendix B (evaluation)
 */
export function zeroShot<Fields>(
  template: Template<Fields>,
  supports: readonly Omit<Support<Fields>, "medium">[],
  query: Query<Fields>,
  style: PromptStyle = {},
): Document {
  if (supports.length === 1)
    throw new TemplateError(
      "A zero-shot prompt was given one text-only example, which draws the model to repeat it.",
      "give two, as the paper does, or none where candidates are ranked",
    );
  const answered = supports.flatMap((support): Segment[] => [
    { text: answeredText(template, support) },
    { endOfChunk: true },
    ...after(style),
  ]);
  return [...answered, ...fewShot(template, [], query, style)];
}

function after({ afterExample = "" }: PromptStyle): Segment[] {
  return afterExample === "" ? [] : [{ text: afterExample }];
}

function answeredText<Fields>(
  template: Template<Fields>,
  support: { readonly fields: Fields; readonly answer: string },
): string {
  return template.open(support.fields) + template.join + support.answer;
}
