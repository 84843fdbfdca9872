/** Long pages as the web has them: one to four parts, each a story, an album, a comparison of two pictures or a dialogue. */
import type { Random } from "../../random.js";
import { type Comparison, comparisonOf } from "./comparisons.js";
import { type Dialogue, dialogueOf } from "./dialogues.js";
import { say } from "./grammar.js";
import { interleavedPage } from "./interleaved.js";
import type { PagePiece, ScenePage } from "./pages.js";
import type { WorldOptions } from "./sampling.js";

/** What a part of an article is, with its share of the parts. */
export const ARTICLE_SHARES = { interleaved: 0.6, comparison: 0.2, dialogue: 0.2 } as const;

/** A part of an article and what is true of it besides what its scenes and texts say. */
export type ArticlePart =
  | { readonly kind: "interleaved" }
  | { readonly kind: "comparison"; readonly comparison: Omit<Comparison, "page"> }
  | { readonly kind: "dialogue"; readonly turns: Dialogue["turns"] };

/** A page of several parts. */
export interface Article {
  readonly title: string;
  /** No two texts follow one another: those that did are one, with an empty line between. */
  readonly page: ScenePage;
  readonly parts: readonly ArticlePart[];
}

/** An article of random parts. */
export function articleOf(random: Random, options: WorldOptions = {}): Article {
  const title = say(random, ["{title}", "{title} {|of|by} {person}", "{adjective} pictures from {place}"]);
  const drawn = Array.from({ length: 1 + random.integer(4) }, () => partOf(random, options));
  return { title, page: joined(drawn.flatMap(({ page }) => page)), parts: drawn.map(({ part }) => part) };
}

function partOf(random: Random, options: WorldOptions): { readonly page: ScenePage; readonly part: ArticlePart } {
  const at = random.uniform();
  if (at < ARTICLE_SHARES.interleaved) return { page: interleavedPage(random, options), part: { kind: "interleaved" } };
  if (at < ARTICLE_SHARES.interleaved + ARTICLE_SHARES.comparison) {
    const { page, ...comparison } = comparisonOf(random, options);
    return { page, part: { kind: "comparison", comparison } };
  }
  const { page, turns } = dialogueOf(random, options);
  return { page, part: { kind: "dialogue", turns } };
}

function joined(pieces: ScenePage): ScenePage {
  const page: PagePiece[] = [];
  for (const piece of pieces) {
    const last = page.at(-1);
    if ("text" in piece && last !== undefined && "text" in last)
      page.splice(-1, 1, { text: `${last.text}\n\n${piece.text}` });
    else page.push(piece);
  }
  return page;
}
