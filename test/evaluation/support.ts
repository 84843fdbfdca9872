/** Answerers without weights. */
import { type Answerer, episodeOf, type Suite, writtenOut } from "../../src/evaluation/index.js";
import type { Document } from "../../src/prompt/document.js";
import { Random } from "../../src/random.js";

/** One that says what `say` makes of the prompt and its number. */
export function answerer(name: string, say: (prompt: Document, n: number) => string): Answerer {
  let asked = 0;
  return { config: { name }, generate: async (prompt) => ({ text: say(prompt, asked++), logProb: Math.log(0.5) }) };
}

/** The right answers of a suite's episodes without handwriting, in the order in which they are asked. */
export function rightAnswers({ tasks, seed }: Suite, episodes: number, only: readonly string[]): string[] {
  const random = new Random(seed);
  return tasks
    .filter(({ name }) => only.includes(name))
    .flatMap((task) =>
      Array.from(
        { length: episodes },
        (_, index) => episodeOf(task, random, { handwriting: undefined }, index).query.answer,
      ),
    );
}

/** The words after `Output:` of a prompt's examples, each once. */
export function wordsIn(prompt: Document): string[] {
  return [...new Set([...writtenOut(prompt).matchAll(/Output: (\w+)<EOC>/g)].map(([, word]) => word!))].sort();
}
