/**
 * Pictures with captions: the form of the paper's image-text pairs, most often exactly `Output: a red apple`.
 */
import type { Random } from "../../random.js";
import { conceptOf } from "./concepts.js";
import { say } from "./grammar.js";
import { nounPhrase, numberKind, withArticle } from "./nouns.js";
import type { PagePiece, ScenePage } from "./pages.js";
import { conceptsOf, countedConcept, differentConcepts, sceneOf, type WorldOptions } from "./sampling.js";
import type { Scene } from "./scene.js";

/** Which captions are drawn. */
export interface CaptionOptions extends WorldOptions {
  /** The chance of the form `Output: ...`; 0.65 unless told. */
  readonly canonical?: number;
}

/** One scene and its caption. */
export function captionPair(random: Random, options: CaptionOptions = {}): ScenePage {
  const scene = captionScene(random, options);
  return captioned(scene, captionText(random, scene, options));
}

/** A scene and its caption as pieces of a page. */
export function captioned(scene: Scene, text: string): PagePiece[] {
  return [text.includes(" background") ? { scene, tell: "background" } : { scene }, { text }];
}

/** A scene worth a caption: one thing (most often), two to five of a kind, or two different things. */
export function captionScene(random: Random, options: WorldOptions = {}): Scene {
  const concepts = conceptsOf(options);
  const kind = random.uniform();
  if (kind < 0.7) return sceneOf(random, [{ concept: random.pick(concepts) }]);
  if (kind < 0.86)
    return sceneOf(random, [{ concept: countedConcept(random, concepts), count: 2 + random.integer(4) }]);
  return sceneOf(
    random,
    differentConcepts(random, concepts, 2).map((concept) => ({ concept })),
  );
}

/** What a scene shows, with articles and counts: "a red apple", "a cat and a book". */
export function contents(scene: Scene): string {
  return scene.things.map(({ id, count }) => nounPhrase(conceptOf(id) ?? { name: id }, count)).join(" and ");
}

/** A caption of the scene; one in eight says the ground's colour when it has a name. */
export function captionText(random: Random, scene: Scene, { canonical = 0.65 }: CaptionOptions = {}): string {
  const { colour } = scene.background;
  const ground = colour !== undefined && random.chance(0.13) ? ` on ${withArticle(colour)} background` : "";
  const what = contents(scene) + ground;
  if (random.chance(canonical)) return `Output: ${what}`;
  const first = scene.things[0]!;
  const many =
    scene.things.length > 1 || first.count > 1 || numberKind(conceptOf(first.id) ?? { name: first.id }) === "plural";
  return say(random, [...ANY, ...(many ? MANY : ONE)], { what, name: conceptOf(first.id)?.name ?? first.id });
}

const ANY = [
  "{|a picture of|a photo of|a drawing of|an image of|a small picture of} {what}.",
  "{|a picture of|a photo of|a drawing of|an image of} {what}",
  "{what}.",
  "{what}!",
  "{|I see|I can see|we see|you can see|one sees} {what}{| here| in the picture|}.",
  "{|look|oh|hey|see}, {what}!",
  "{person} {saw} {what}.",
  "{person} {saw} {what} {spot}.",
  "{time} I {|saw|found|photographed|drew} {what}.",
  "the picture shows {what}.",
  "it shows {what}{|, nothing else| and no more|}.",
  "{|how|very|so} {adjective}: {what}.",
  "{what}, seen {|in|near|not far from} {place}.",
  "my {adjective} {|photo|picture|drawing} of {what}.",
];

const ONE = [
  "this is {what}.",
  "here is {what}.",
  "there is {what}{| here| in the picture|}.",
  "that is {what}, {|I think|of course|no doubt|for sure}.",
  "it is {what}.",
  "what {|you see|we have here} is {what}.",
];

const MANY = [
  "these are {what}.",
  "here are {what}.",
  "there are {what}{| here| in the picture|}.",
  "those are {what}.",
];
