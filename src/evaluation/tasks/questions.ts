/** Questions about known things in new renderings, without examples. */
import { COLOUR_NAMES, type QuestionKind, questionPair, scenesOf } from "../../data/world/index.js";
import { question } from "../../prompt/templates.js";
import type { Episode, Task } from "../task.js";

/** Right answers take turns, so that always saying the same word gets `1 / answers.length`, exactly. */
function asking(kind: QuestionKind, name: string, summary: string, answers: readonly string[]): Task {
  return {
    name,
    summary,
    template: question,
    chance: 1 / answers.length,
    draw(random, _things, index): Episode {
      const wanted = answers[index % answers.length]!;
      for (;;) {
        const pair = questionPair(random, { kinds: [kind], canonical: 1 });
        if (pair.answer !== wanted) continue;
        return { supports: [], query: { scene: scenesOf(pair.page)[0]!, question: pair.question, answer: wanted } };
      }
    },
  };
}

/** `Is there a red apple?` Two of five that are not there are of the kind of what is. */
export const questionYesNo = asking("presence", "question-yesno", "says whether a thing is there", ["yes", "no"]);

/** `How many red apples are there?` */
export const questionCount = asking("count", "question-count", "counts things, one to five", [
  "one",
  "two",
  "three",
  "four",
  "five",
]);

/** `What colour is the background?` The ground's and not the thing's, which could be told from its name. */
export const questionColour = asking("background", "question-colour", "tells the colour of the ground", COLOUR_NAMES);
