import { describe, expect, it } from "vitest";
import { articleOf } from "../../src/data/world/articles.js";
import { COMPARISON_KINDS, comparisonOf } from "../../src/data/world/comparisons.js";
import { conceptOf, knownConcepts } from "../../src/data/world/concepts.js";
import { dialogueOf } from "../../src/data/world/dialogues.js";
import { nounPhrase, plural } from "../../src/data/world/nouns.js";
import { scenesOf } from "../../src/data/world/pages.js";
import { surelyAbsent } from "../../src/data/world/sampling.js";
import { Random } from "../../src/random.js";

const numbers = Array.from({ length: 200 }, (_, n) => n);

describe("a comparison", () => {
  it("has the answer that its two pictures give", () => {
    for (const seed of numbers) {
      const { page, kind, question, answer } = comparisonOf(new Random(`compare ${seed}`));
      const [first, second] = scenesOf(page);
      const holds = {
        more: () => {
          const right = first!.things[0]!.count > second!.things[0]!.count ? "the first" : "the second";
          expect(question).toContain(plural(conceptOf(first!.things[0]!.id)!.name));
          return right;
        },
        which: () =>
          question.includes(`shows ${nounPhrase(conceptOf(first!.things[0]!.id)!)}?`) ? "the first" : "the second",
        background: () => (question.includes(` ${first!.background.colour} `) ? "the first" : "the second"),
        same: () =>
          conceptOf(first!.things[0]!.id)!.family === conceptOf(second!.things[0]!.id)!.family ? "yes" : "no",
      };
      expect(answer, question).toBe(holds[kind]());
      expect(page.at(-1)).toEqual({ text: expect.stringContaining(`Question: ${question} Answer: ${answer}`) });
    }
  });

  it.each(COMPARISON_KINDS)("answers %s one way as often as the other", (kind) => {
    const answers = numbers.map((seed) => comparisonOf(new Random(`balance ${seed}`), { kinds: [kind] }).answer);
    const share = answers.filter((answer) => answer === answers[0]).length / answers.length;
    // 200 coins: 0.5 within three standard deviations of 0.035, and the few grounds or things that agree by chance.
    expect(Math.abs(share - 0.5)).toBeLessThan(0.13);
  });
});

describe("what is surely absent", () => {
  it("is no kind, part or possession of what is shown", () => {
    const named = (name: string) => knownConcepts.find((concept) => concept.name === name)!;
    for (const [other, shown] of [
      ["bird", "eagle"],
      ["car", "police car"],
      ["key", "padlock and key"],
      ["nose", "clown face"],
      ["horse", "jockey"],
      ["strawberry", "shortcake"],
    ])
      expect(surelyAbsent(named(other!), named(shown!)), `${other} in ${shown}`).toBe(false);
    for (const [other, shown] of [
      ["violin", "cat"],
      ["cat", "banana"],
    ])
      expect(surelyAbsent(named(other!), named(shown!)), `${other} in ${shown}`).toBe(true);
  });

  it("is what dialogues deny and what tells two pictures apart", () => {
    const phrased = (phrase: string) => knownConcepts.filter((concept) => nounPhrase(concept) === phrase);
    let asked = 0;
    for (const seed of Array.from({ length: 1000 }, (_, n) => n)) {
      const { page, turns } = dialogueOf(new Random(`absent ${seed}`));
      const denied = turns.flatMap(({ question }) => /^Is there (.*) too\?$/.exec(question)?.[1] ?? []);
      const { page: pair, question, answer } = comparisonOf(new Random(`apart ${seed}`), { kinds: ["which"] });
      const [, shows] = /shows (.*)\?/.exec(question)!;
      const without = scenesOf(pair)[answer === "the first" ? 1 : 0]!;
      for (const [phrase, scene] of [
        ...denied.map((one) => [one, scenesOf(page)[0]!] as const),
        [shows!, without] as const,
      ]) {
        asked++;
        const shown = conceptOf(scene.things[0]!.id)!;
        expect(
          phrased(phrase).some((other) => surelyAbsent(other, shown)),
          `${phrase} in ${shown.name}`,
        ).toBe(true);
      }
    }
    expect(asked).toBeGreaterThan(1200);
  });
});

describe("a dialogue", () => {
  it("asks two to four different questions, of which the first is what is seen", () => {
    for (const seed of numbers) {
      const { page, turns } = dialogueOf(new Random(`talk ${seed}`));
      const { things } = scenesOf(page)[0]!;
      expect(turns.length).toBeGreaterThanOrEqual(2);
      expect(turns.length).toBeLessThanOrEqual(4);
      expect(new Set(turns.map(({ question }) => question)).size).toBe(turns.length);
      expect(turns[0]!.answer).toBe(nounPhrase(conceptOf(things[0]!.id)!, things[0]!.count));
    }
  });
});

describe("an article", () => {
  it("is made of the seed, has a picture, and no two texts in a row", () => {
    for (const seed of numbers) {
      const article = articleOf(new Random(seed));
      expect(articleOf(new Random(seed))).toEqual(article);
      expect(scenesOf(article.page).length).toBeGreaterThan(0);
      for (const [i, piece] of article.page.entries())
        expect("text" in piece && "text" in (article.page[i + 1] ?? {})).toBe(false);
    }
  });
});
