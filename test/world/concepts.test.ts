import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { type Concept, concepts, heldOut, heldOutConcepts, knownConcepts } from "../../src/data/world/concepts.js";
import { GROUPS, groupOf } from "../../src/data/world/grouping.js";
import { familyOf, nameOf } from "../../src/data/world/naming.js";
import { article, countable, nounPhrase, plural } from "../../src/data/world/nouns.js";
import { colourOf } from "../../src/data/world/palette.js";

const named = (name: string): Concept => concepts.find((concept) => concept.name === name)!;

describe("the concepts", () => {
  it("are more than a thousand, with names of their own of at most five short words", () => {
    expect(concepts.length).toBeGreaterThanOrEqual(1000);
    expect(new Set(concepts.map(({ name }) => name)).size).toBe(concepts.length);
    expect(new Set(concepts.map(({ id }) => id)).size).toBe(concepts.length);
    for (const { name, group } of concepts) {
      expect(name).toMatch(/^[a-z]+([ -][a-z]+){0,4}$/);
      expect(GROUPS).toContain(group);
    }
  });

  it("are held out by family: 10 to 20 of a hundred, and no family stands on both sides", () => {
    const share = heldOutConcepts.length / concepts.length;
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(0.2);
    const families = new Set(heldOutConcepts.map(({ family }) => family));
    expect(knownConcepts.filter(({ family }) => families.has(family))).toEqual([]);
    expect(heldOut(named("dog"))).toBe(heldOut(named("dog face")));
  });

  it("stand in the committed table as the rules name them today", () => {
    const { categories } = createRequire(import.meta.url)("@iconify-json/noto/metadata.json") as {
      categories: Record<string, string[]>;
    };
    const rows = Object.entries(categories).flatMap(([category, ids]) =>
      ids.flatMap((id) => {
        const name = nameOf(id);
        if (name === undefined) return [];
        const group = groupOf(name, category);
        return [[id, name, familyOf(name, group), group].join("|")];
      }),
    );
    expect(concepts.map(({ id, name, family, group }) => [id, name, family, group].join("|")).sort()).toEqual(
      rows.sort(),
    );
  });

  it("leave out skin tones, genders, flags of countries, clocks and arrows", () => {
    const ids = concepts.map(({ id }) => id);
    const arrows = ids.filter((id) => id.includes("arrow"));
    expect(ids.filter((id) => /skin-tone|oclock|^flag|^man-(?!dancing)/.test(id))).toEqual([]);
    expect(arrows.sort()).toEqual(["bow-and-arrow", "heart-with-arrow"]);
  });

  it("have a main colour only where a person would name it", () => {
    expect(named("red apple").mainColour).toBe("red");
    expect(named("frog").mainColour).toBe("green");
    expect(named("polar bear").mainColour).toBe("white");
    expect(named("artist").mainColour).toBeUndefined();
    expect(colourOf(250, 220, 60)).toBe("yellow");
    expect(colourOf(120, 80, 50)).toBe("brown");
  });
});

describe("the English of names", () => {
  it("chooses a or an by sound", () => {
    const wanted = {
      apple: "an",
      hourglass: "an",
      unicorn: "a",
      "x-ray": "an",
      umbrella: "an",
      "euro note": "a",
      yo: "a",
    };
    for (const [word, right] of Object.entries(wanted)) expect(article(word)).toBe(right);
  });

  it("gives no article to what cannot be counted", () => {
    expect(nounPhrase(named("scissors"))).toBe("scissors");
    expect(nounPhrase(named("bread"))).toBe("bread");
    expect(nounPhrase(named("red apple"), 3)).toBe("three red apples");
    expect(countable(named("nut and bolt"))).toBe(false);
  });

  it("makes plurals on the head of the name", () => {
    const wanted = {
      "cup of coffee": "cups of coffee",
      wolf: "wolves",
      "old man": "old men",
      cherry: "cherries",
      fox: "foxes",
    };
    for (const [one, many] of Object.entries(wanted)) expect(plural(one)).toBe(many);
  });
});
