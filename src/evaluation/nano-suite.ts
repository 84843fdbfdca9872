/**
 * What nano is measured by. `flamingo evaluate nano-suite --omniglot DIR --json`
 *
 * Things that training showed are drawn by a seed that it never used; things that are to be learnt from examples, and the
 * words for them, are those that it never showed or used at all.
 */
import { exactWord } from "./metrics/exact-word.js";
import type { Suite } from "./task.js";
import { bindEmoji, bindHand } from "./tasks/binding.js";
import { captionKnown } from "./tasks/captions.js";
import { blank, shuffled } from "./tasks/controls.js";
import { questionColour, questionCount, questionYesNo } from "./tasks/questions.js";

const bind2 = bindEmoji(2, 3);

export const nanoSuite: Suite = {
  name: "nano-suite",
  summary: "names, questions, new words from examples, and controls without pictures or without examples",
  seed: "nano-suite",
  episodes: 500,
  maximumTokens: 16,
  metric: exactWord,
  tasks: [
    captionKnown,
    questionYesNo,
    questionCount,
    questionColour,
    bindEmoji(2, 1),
    bind2,
    bindEmoji(5, 1),
    bindHand(5, 1),
    bindHand(5, 5),
    blank(bind2),
    shuffled(bind2),
  ],
};
