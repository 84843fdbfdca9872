import { beforeAll, describe, expect, it } from "vitest";
import { openArtwork } from "../../src/data/world/artwork.js";
import { bindingEpisode } from "../../src/data/world/binding.js";
import { captionPair } from "../../src/data/world/captions.js";
import {
  type Concept,
  conceptOf,
  concepts,
  heldOut,
  heldOutConcepts,
  knownConcepts,
} from "../../src/data/world/concepts.js";
import { anyPage, corpusForTokenizer } from "../../src/data/world/corpus.js";
import { examplesPage, interleavedPage } from "../../src/data/world/interleaved.js";
import { LEXICON_WORDS } from "../../src/data/world/lexicon.js";
import {
  describe as describePage,
  illustrate,
  type ScenePage,
  scenesOf,
  thingsOf,
} from "../../src/data/world/pages.js";
import { questionPair } from "../../src/data/world/questions.js";
import { countOf } from "../../src/data/world/scene.js";
import { textPage } from "../../src/data/world/stories.js";
import { heldOutWord, inventedWord, inventedWords } from "../../src/data/world/words.js";
import { UsageError } from "../../src/errors.js";
import { Random } from "../../src/random.js";

const many = <T>(count: number, make: (random: Random) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(new Random(`pages/${i}`)));
const textOf = (page: ScenePage): string => page.map((piece) => ("text" in piece ? piece.text : "")).join(" ");
const artwork = await openArtwork({ size: 32 });

describe("the pages of training", () => {
  it("never show a thing that is held out", () => {
    for (const page of many(4000, (random) => anyPage(random))) {
      for (const id of thingsOf(page)) expect(heldOut(conceptOf(id)!)).toBe(false);
    }
  });

  it("never use an invented word that is held out", () => {
    const random = new Random(1);
    for (let i = 0; i < 5000; i++) expect(heldOutWord(inventedWord(random))).toBe(false);
    const corpus = [...corpusForTokenizer(random, 3000)].join(" ");
    expect(corpus).not.toMatch(/\b(dax|blicket|wug|fep|toma|zorpel)\b/i);
  });

  it("have no held-out name among the words that join the names", () => {
    const words = new Set(LEXICON_WORDS);
    expect(heldOutConcepts.map(({ name }) => name).filter((name) => words.has(name))).toEqual([]);
  });

  it("are short: at most 120 words, pictures told in words included", () => {
    const lengths = [...corpusForTokenizer(new Random(2), 3000)].map((text) => text.split(/[\s>]+/).length);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(120);
    expect(lengths.reduce((a, b) => a + b) / lengths.length).toBeLessThan(60);
  });

  it("are the same for the same seed", () => {
    for (let i = 0; i < 50; i++) expect(anyPage(new Random(i))).toEqual(anyPage(new Random(i)));
  });

  it("speak in varied sentences", () => {
    const texts = new Set(many(1000, (random) => textOf(interleavedPage(random))));
    expect(texts.size).toBeGreaterThan(980);
    expect(LEXICON_WORDS.length).toBeGreaterThan(300);
  });
});

describe("a caption", () => {
  it("says exactly what is there after `Output: `, most often", () => {
    const canonical = many(1000, (random) => captionPair(random)).filter((page) =>
      textOf(page).trim().startsWith("Output: "),
    );
    expect(canonical.length).toBeGreaterThan(550);
    for (const page of canonical) expect(textOf(page)).toMatch(/^ Output: [a-z][a-z -]*( on an? [a-z]+ background)?$/);
  });

  it("puts an before a vowel and a before the rest", () => {
    const corpus = [...corpusForTokenizer(new Random(3), 3000)].join(" ").toLowerCase();
    expect(corpus.match(/\ban (?!x-ray|hour)[^aeiou\s]\w*/g) ?? []).toEqual([]);
    expect(corpus.match(/\ba (?!unicorn|euro)[aeiou]\w*/g) ?? []).toEqual([]);
  });
});

describe("a question", () => {
  const pairs = many(4000, (random) => questionPair(random));
  const ofKind = (kind: string) => pairs.filter((pair) => pair.kind === kind);

  it("stands in the page as Question: ... Answer: ...", () => {
    for (const { page, question, answer } of pairs)
      expect(textOf(page).trim()).toBe(`Question: ${question} Answer: ${answer}`);
  });

  it("about presence is answered yes half of the time, and rightly", () => {
    const presence = ofKind("presence");
    expect(presence.filter(({ answer }) => answer === "yes").length / presence.length).toBeCloseTo(0.5, 1);
    for (const { page, question, answer } of presence) {
      const shown = scenesOf(page)[0]!.things.some(({ id }) => question.includes(conceptOf(id)!.name));
      if (answer === "yes") expect(shown).toBe(true);
    }
  });

  it("about number is answered by the count, one to five alike", () => {
    const words = ["one", "two", "three", "four", "five"];
    const shares = words.map(
      (word) => ofKind("count").filter(({ answer }) => answer === word).length / ofKind("count").length,
    );
    for (const share of shares) expect(share).toBeCloseTo(0.2, 1);
    for (const { page, answer } of ofKind("count"))
      expect(scenesOf(page)[0]!.things[0]!.count).toBe(words.indexOf(answer) + 1);
  });

  it("about the ground is answered by the scene's ground, and the description tells it", () => {
    for (const { page, answer } of ofKind("background")) {
      expect(scenesOf(page)[0]!.background.colour).toBe(answer);
      expect(describePage(page, new Random(4))).toContain(`on ${answer} Question`);
    }
  });
});

describe("a binding page", () => {
  it("never has more pictures than it may, and gives each thing one word", () => {
    for (let seed = 0; seed < 500; seed++) {
      const random = new Random(seed);
      const ways = 2 + random.integer(6);
      const { page, items } = bindingEpisode(random, { ways, maximumImages: 8 + random.integer(5) });
      expect(scenesOf(page).length).toBe(items.length);
      expect(items.length).toBeLessThanOrEqual(12);
      const words = new Map(items.map(({ id, word }) => [id, word]));
      expect(words.size).toBe(ways);
      expect(new Set(words.values()).size).toBe(ways);
      expect(new Set([...words.keys()].map((id) => conceptOf(id)!.family)).size).toBe(ways);
      for (const [i, { id, word, recurrence }] of items.entries()) {
        expect(words.get(id)).toBe(word);
        expect(recurrence).toBe(items.slice(0, i).some((before) => before.id === id));
      }
    }
  });

  it("can give things each other's names, but never their own", () => {
    for (let seed = 0; seed < 50; seed++) {
      const { items } = bindingEpisode(new Random(seed), { ways: 4, naming: "shuffled" });
      for (const { id, word } of items) expect(conceptOf(id)!.name).not.toBe(word);
    }
  });

  it("uses held-out things and words when evaluation asks for them", () => {
    const { items } = bindingEpisode(new Random(1), {
      ways: 3,
      concepts: heldOutConcepts,
      heldOutWords: true,
      form: "Output: {word}",
    });
    for (const { id, word, text } of items) {
      expect(heldOut(conceptOf(id) as Concept)).toBe(true);
      expect(heldOutWord(word)).toBe(true);
      expect(text).toBe(`Output: ${word}`);
    }
  });

  it("refuses more examples than pictures, and more ways than words", () => {
    expect(() => bindingEpisode(new Random(1), { ways: 6, shots: 2 })).toThrow(UsageError);
    expect(() => bindingEpisode(new Random(1), { ways: 3, words: ["dax", "wug"] })).toThrow(/only 2 words/);
    expect(() => bindingEpisode(new Random(1), { ways: 3, concepts: knownConcepts.slice(0, 1) })).toThrow(/families/);
  });
});

describe("an invented word", () => {
  it("has three to eight letters and is no word of the world, out of tens of thousands", () => {
    const words = inventedWords(new Random(1), 20_000);
    const names = new Set(concepts.flatMap(({ name }) => name.split(/[ -]/)));
    expect(words.filter((word) => names.has(word) || !/^[a-z]{3,8}$/.test(word))).toEqual([]);
    expect(["dax", "blicket", "wug"].every(heldOutWord)).toBe(true);
  });
});

describe("a page", () => {
  const pages = [...many(60, (random) => anyPage(random)), ...many(10, (random) => examplesPage(random, 4))];
  beforeAll(() => artwork.load(pages.flatMap(thingsOf)));

  it("has as many pictures illustrated as described", () => {
    for (const page of pages) {
      const document = illustrate(page, artwork, new Random(1), { size: 32 });
      const pictures = document.filter((segment) => "image" in segment).length;
      const text = describePage(page, new Random(1));
      expect(pictures).toBe(scenesOf(page).length);
      expect(text.split("<image>").length - 1).toBe(pictures);
    }
  });

  it("is described with <EOC> before each <image> but one at the very start, and at the end", () => {
    const red = { things: [{ id: "red-apple", count: 1 }], background: { kind: "plain", colour: undefined } } as const;
    const page = [{ text: "Cute pics!" }, { scene: red }, { text: "My puppy." }, { scene: red }, { text: "My cat." }];
    const names = /(an? )?red apple/g;
    expect(describePage(page, new Random(1)).replace(names, "X")).toBe(
      "Cute pics!<EOC><image> X My puppy.<EOC><image> X My cat.<EOC>",
    );
    expect(describePage(page.slice(1, 3), new Random(1)).replace(names, "X")).toBe("<image> X My puppy.<EOC>");
  });

  it("of text alone has no picture", () => {
    for (const page of many(200, (random) => textPage(random))) expect(scenesOf(page)).toEqual([]);
    expect(countOf({ things: [], background: { kind: "plain", colour: undefined } })).toBe(0);
  });
});
