/** `flamingo demo`: captions, questions and new words, on pictures that a seed draws and nobody has chosen. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "../atomic.node.js";
import { openEverything } from "../data/world/everything.node.js";
import { backgroundFor, heldOutConcepts } from "../data/world/index.js";
import {
  type Answerer,
  type Episode,
  episodeOf,
  nanoSuite,
  promptOf,
  randomOf,
  type Shown,
  type Task,
  writtenOut,
} from "../evaluation/index.js";
import { bindEmoji, bindingOf } from "../evaluation/tasks/binding.js";
import { captionKnown } from "../evaluation/tasks/captions.js";
import { questionColour, questionCount, questionYesNo } from "../evaluation/tasks/questions.js";
import { type Document, framesOf, isMedium } from "../prompt/document.js";
import { Random } from "../random.js";
import { drawnInTerminal, toPng } from "./pictures.js";

export interface DemoOptions {
  /** One JSON object, and nothing else, in place of the text for people. */
  readonly json?: boolean;
  /** Where it is written: `process.stdout`. Pictures are drawn where it is a terminal. */
  readonly out: { write(text: string): unknown; readonly isTTY?: boolean | undefined };
  /** A folder for every picture as PNG, and every prompt as the JSON that `flamingo generate` reads. */
  readonly save?: string | undefined;
}

/** One answer of the demo, as `--json` prints it. */
export interface DemoAnswer {
  readonly kind: "caption" | "question" | "binding";
  /** `<image>` where a picture stands. */
  readonly prompt: string;
  readonly text: string;
  readonly expected: string;
  readonly correct: boolean;
  /** That the model gave to its answer, 0 to 1. */
  readonly probability: number;
  readonly ms: number;
}

/** One prompt of the demo before its pictures are drawn. */
export interface Showing {
  readonly kind: DemoAnswer["kind"];
  readonly task: Task;
  readonly episode: Episode;
  /** The pictures' stream. */
  readonly random: Random;
}

/** Decides every picture of the demo, whatever a model makes of them. */
const SEED = "nano-demo";

/** Words for two things each; psychologists invented them, and training never uses them. */
const NEW_WORDS = [
  ["dax", "blicket"],
  ["wug", "toma"],
];

const HEADINGS: Readonly<Record<DemoAnswer["kind"], string>> = {
  caption: "Captions of things it knows, drawn anew",
  question: "Questions about them",
  binding: "New words: two things it has never been shown, named by three examples each",
};

/** Three captions; a question of each kind; and twice two unknown things, named by examples and then asked for. */
export function showings(): Showing[] {
  const seed = new Random(SEED);
  const drawn = (kind: DemoAnswer["kind"], task: Task, index: number): Showing => ({
    kind,
    task,
    episode: episodeOf(task, seed, { handwriting: undefined }, index),
    random: randomOf(task, seed, index),
  });
  return [
    ...[0, 1, 2].map((index) => drawn("caption", captionKnown, index)),
    ...[questionYesNo, questionCount, questionColour].map((task) => drawn("question", task, 2)),
    ...NEW_WORDS.flatMap((words) => bindings(seed.fork(words.join(" and ")), words)),
  ];
}

/** One set of examples, and one new picture of each thing. */
function bindings(random: Random, words: readonly string[]): Showing[] {
  const { supports } = bindingOf(random, { ways: words.length, shots: 3, concepts: heldOutConcepts, words });
  const named = new Map(supports.map(({ answer, scene }) => [answer, scene.things[0]!.id]));
  return random.shuffle([...named]).map(([answer, id]): Showing => {
    const scene = { things: [{ id, count: 1 }], background: backgroundFor(random, [id], 0.5) };
    const episode = { supports, query: { scene, question: "", answer } };
    return { kind: "binding", task: bindEmoji(words.length, 3), episode, random };
  });
}

/** Shows what a model can do, right or wrong, in well under a minute. */
export async function runDemo(model: Answerer, { json = false, out, save }: DemoOptions): Promise<void> {
  const began = performance.now();
  const world = await openEverything();
  const answers: DemoAnswer[] = [];
  if (save !== undefined) await makeFolder(save);
  if (!json) out.write(`${model.config.name}, on pictures drawn from the seed "${SEED}"\n`);
  for (const { kind, task, episode, random } of showings()) {
    const prompt = await promptOf(task, episode, world, random);
    const answer = await ask(model, kind, prompt, episode.query);
    if (!json) {
      if (answers.at(-1)?.kind !== kind) out.write(`\n${HEADINGS[kind]}\n`);
      out.write(`\n${out.isTTY ? drawnInTerminal(captioned(prompt, episode)) : ""}${lineOf(answer)}`);
    }
    answers.push(answer);
    if (save !== undefined) await savePrompt(save, `${String(answers.length).padStart(2, "0")}-${kind}`, prompt);
  }
  const totalMs = performance.now() - began;
  const right = answers.filter(({ correct }) => correct).length;
  if (json) out.write(`${JSON.stringify({ model: model.config.name, totalMs, answers }, null, 2)}\n`);
  else out.write(`\n${right} of ${answers.length} right, in ${(totalMs / 1000).toFixed(1)} s.\n`);
  if (!json && save !== undefined) out.write(`The pictures and prompts are in ${save}.\n`);
}

async function ask(model: Answerer, kind: DemoAnswer["kind"], prompt: Document, query: Shown): Promise<DemoAnswer> {
  const began = performance.now();
  const { text, logProb } = await model.generate(prompt, { maximumTokens: nanoSuite.maximumTokens });
  const ms = performance.now() - began;
  const correct = nanoSuite.metric(text, query.answer);
  return {
    kind,
    prompt: writtenOut(prompt),
    text,
    expected: query.answer,
    correct,
    probability: Math.exp(logProb),
    ms,
  };
}

function lineOf({ prompt, text, expected, correct, probability, ms }: DemoAnswer): string {
  const verdict = correct ? "✓" : `✗ right would be: ${expected}`;
  const sure = `probability ${probability.toFixed(2)}, ${ms.toFixed(0)} ms`;
  return `  ${prompt}\n  > ${text}   ${verdict}   (${sure})\n`;
}

function captioned(prompt: Document, { supports }: Episode) {
  const media = prompt.filter(isMedium);
  return media.map((medium, n) => ({ picture: framesOf(medium)[0]!, caption: supports[n]?.answer ?? "?" }));
}

/** `01-caption-1.png` for each picture, and `01-caption.json` with their paths as seen from here. */
async function savePrompt(folder: string, name: string, prompt: Document): Promise<void> {
  let pictures = 0;
  const segments: object[] = [];
  for (const segment of prompt) {
    if (!isMedium(segment)) segments.push(segment);
    else {
      const path = join(folder, `${name}-${++pictures}.png`);
      await writeFile(path, await toPng(framesOf(segment)[0]!));
      segments.push({ image: path });
    }
  }
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(segments, null, 2)}\n`);
}
