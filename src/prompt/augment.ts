/** What training draws at random about the text of one example. */
import type { Random } from "../random.js";
import type { InterleaveOptions } from "./interleave.js";

/** How often each augmentation is drawn, between 0 and 1. */
export interface TextAugmentation {
  /** For a web page: that its text looks at the next medium. The paper's p_next. */
  readonly next: number;
  /** For a pair: that one space stands before its text. */
  readonly leadingSpace: number;
}

/** @source arXiv:2204.14198, appendix A (p_next = 1/2) and B (leading space) */
export const paperAugmentation: TextAugmentation = { next: 0.5, leadingSpace: 0.5 };

/** The options of `interleave` for one training example: pages draw where their text looks, pairs their leading space. */
export function drawText(
  kind: "page" | "pair",
  random: Random,
  chances: TextAugmentation = paperAugmentation,
): Pick<InterleaveOptions, "placement" | "leadingSpace"> {
  if (kind === "page") return { placement: random.chance(chances.next) ? "next" : "previous" };
  return { leadingSpace: random.chance(chances.leadingSpace) };
}
