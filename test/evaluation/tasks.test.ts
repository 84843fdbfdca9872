import { describe, expect, it } from "vitest";
import {
  COLOUR_NAMES,
  conceptOf,
  concepts,
  heldOut,
  heldOutWord,
  knownConcepts,
  nounPhrase,
} from "../../src/data/world/index.js";
import { type Episode, episodeOf, nanoSuite, type Things } from "../../src/evaluation/index.js";
import { Random } from "../../src/random.js";
import { RUNS } from "../../src/training/runs/index.js";

const characters = Array.from({ length: 9 }, (_, i) => ({ id: `Tagalog/character0${i + 1}`, alphabet: "Tagalog" }));
const things: Things = {
  handwriting: {
    training: [],
    turned: [],
    heldOut: characters,
    sprite: () => {
      throw new Error("nothing is drawn here");
    },
  },
};
const seed = new Random(nanoSuite.seed);
const taskOf = (name: string) => nanoSuite.tasks.find((task) => task.name === name)!;
const episodes = (name: string, count: number): Episode[] =>
  Array.from({ length: count }, (_, index) => episodeOf(taskOf(name), seed, things, index));
const shownIn = ({ supports, query }: Episode) => [...supports, query];
const idsIn = (episode: Episode) => shownIn(episode).flatMap(({ scene }) => scene.things.map(({ id }) => id));
const named = (part: string) => nanoSuite.tasks.map(({ name }) => name).filter((name) => name.includes(part));

describe("the episodes of nano's suite", () => {
  it("come from a seed that no training draws from", () => {
    for (const run of RUNS) expect(run.seed.split("/")[0]).not.toBe(nanoSuite.seed);
  });

  it("are the same for the same seed, and others for another", () => {
    for (const { name } of nanoSuite.tasks) expect(episodes(name, 20)).toEqual(episodes(name, 20));
    const task = taskOf("caption-known");
    expect(episodeOf(task, new Random("another"), things, 0)).not.toEqual(episodeOf(task, seed, things, 0));
  });

  it("do not depend on which were drawn before", () => {
    const task = taskOf("bind2-emoji-3");
    const backwards = Array.from({ length: 20 }, (_, i) => episodeOf(task, seed, things, 19 - i)).reverse();
    expect(backwards).toEqual(episodes(task.name, 20));
  });

  it("show and ask for known things only, where known things are measured", () => {
    const known = new Set(knownConcepts.map(({ id }) => id));
    const phrases = new Set(knownConcepts.map((concept) => nounPhrase(concept)));
    for (const name of ["caption-known", ...named("question")])
      for (const id of episodes(name, 300).flatMap(idsIn)) expect(known.has(id), id).toBe(true);
    for (const { query } of episodes("question-yesno", 300))
      expect(phrases.has(/there (.*)\?$/.exec(query.question)![1]!), query.question).toBe(true);
    for (const { query } of episodes("caption-known", 300)) expect(phrases.has(query.answer)).toBe(true);
  });

  it("show held-out things and give them held-out words only, where new words are measured", () => {
    for (const name of named("emoji")) {
      for (const episode of episodes(name, 300)) {
        for (const id of idsIn(episode)) expect(heldOut(conceptOf(id)!), id).toBe(true);
        for (const { answer } of shownIn(episode)) expect(heldOutWord(answer), answer).toBe(true);
      }
    }
    for (const name of named("hand"))
      for (const { supports } of episodes(name, 50))
        for (const { answer } of supports) expect(heldOutWord(answer)).toBe(true);
  });

  it("never give a thing its own name, or that of any other", () => {
    const names = new Set(concepts.flatMap(({ name }) => name.split(" ")));
    for (const name of named("emoji"))
      for (const { query } of episodes(name, 300)) expect(names.has(query.answer)).toBe(false);
  });

  it.each([
    ["bind2-emoji-1", 2, 1],
    ["bind2-emoji-3", 2, 3],
    ["bind5-emoji-1", 5, 1],
    ["bind5-hand-1", 5, 1],
    ["bind5-hand-5", 5, 5],
  ])("of %s name %i things of different families in %i examples each, and ask for one of them", (name, ways, shots) => {
    for (const { supports, query } of episodes(name, 100)) {
      const kind = (id: string) => conceptOf(id)?.family ?? id.split("#")[0]!;
      const words = new Map<string, string[]>();
      for (const { scene, answer } of supports)
        words.set(answer, [...(words.get(answer) ?? []), kind(scene.things[0]!.id)]);
      expect(words.size).toBe(ways);
      expect(new Set([...words.values()].flat()).size).toBe(ways);
      for (const kinds of words.values()) expect([kinds.length, new Set(kinds).size]).toEqual([shots, 1]);
      expect(words.get(query.answer)![0]).toBe(kind(query.scene.things[0]!.id));
    }
  });

  it("never show a drawing of handwriting twice, so that the query's is not among the examples", () => {
    for (const name of named("hand")) {
      for (const episode of episodes(name, 200)) {
        const ids = idsIn(episode);
        expect(new Set(ids).size).toBe(ids.length);
        for (const id of ids) expect(id).toMatch(/#(0[1-9]|1\d|20)$/);
      }
    }
  });

  it("ask for each answer equally often, so that one word alone never gets more than chance", () => {
    const shares = (name: string, count: number) => {
      const answers = episodes(name, count).map(({ query }) => query.answer);
      return new Map(answers.map((answer) => [answer, answers.filter((other) => other === answer).length / count]));
    };
    expect([...shares("question-yesno", 500).values()]).toEqual([0.5, 0.5]);
    expect([...shares("question-count", 500).values()]).toEqual([0.2, 0.2, 0.2, 0.2, 0.2]);
    expect([...shares("question-colour", 110).keys()].sort()).toEqual([...COLOUR_NAMES].sort());
  });
});

describe("the controls", () => {
  const share = (right: readonly boolean[]) => right.filter(Boolean).length / right.length;

  it("show the things, in the scenes, of the task they control", () => {
    const scenes = (name: string) => episodes(name, 50).map((episode) => shownIn(episode).map(({ scene }) => scene));
    expect(scenes("bind2-emoji-3-shuffled")).toEqual(scenes("bind2-emoji-3"));
    expect(episodes("bind2-emoji-3-blank", 50)).toEqual(episodes("bind2-emoji-3", 50));
  });

  it("have, when shuffled, an answer that is independent of the examples", () => {
    const drawn = episodes("bind2-emoji-3-shuffled", 3000);
    const ofQuery = drawn.map(({ supports, query }) => {
      const same = supports.filter(({ scene }) => scene.things[0]!.id === query.scene.things[0]!.id);
      return same.map(({ answer }) => answer === query.answer);
    });
    expect(share(ofQuery.flat())).toBeCloseTo(0.5, 1);
    expect(share(ofQuery.map((same) => same.filter(Boolean).length >= 2))).toBeCloseTo(0.5, 1);
    for (let n = 0; n < 6; n++)
      expect(share(drawn.map(({ supports, query }) => supports[n]!.answer === query.answer))).toBeCloseTo(0.5, 1);
  });

  it("keep, when shuffled, to the two words of the episode", () => {
    const words = ({ supports }: Episode) => new Set(supports.map(({ answer }) => answer));
    const plain = episodes("bind2-emoji-3", 100);
    for (const [i, episode] of episodes("bind2-emoji-3-shuffled", 100).entries())
      for (const { answer } of shownIn(episode)) expect(words(plain[i]!).has(answer)).toBe(true);
  });
});
