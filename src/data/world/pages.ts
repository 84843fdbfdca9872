/**
 * Scene pages: texts and pictures in reading order, where a picture is still its meaning. A page can be illustrated (its
 * scenes drawn, for the model that sees) or described (its scenes told in words, for the language model alone, which so
 * learns from the same pages to name, to bind and to copy).
 */
import type { Document } from "../../prompt/document.js";
import type { Random } from "../../random.js";
import { renderScene } from "./compose.js";
import { type Concept, conceptOf } from "./concepts.js";
import { nounPhrase, numberKind, withArticle } from "./nouns.js";
import type { Scene } from "./scene.js";
import type { Sprites } from "./sprites.js";

/** What a description must not leave out because the page's text speaks of it: the ground's colour or the things' own. */
export type Tell = "background" | "colour";

/** One piece of a page. Neither `<image>` nor `<EOC>` is written in a text. */
export type PagePiece = { readonly scene: Scene; readonly tell?: Tell } | { readonly text: string };

/** Pieces in reading order. */
export type ScenePage = readonly PagePiece[];

/** The scenes of a page, in reading order. */
export function scenesOf(page: ScenePage): Scene[] {
  return page.flatMap((piece) => ("scene" in piece ? [piece.scene] : []));
}

/** The ids of all things that a page shows, for `Artwork.load`. */
export function thingsOf(page: ScenePage): string[] {
  return scenesOf(page).flatMap((scene) => scene.things.map(({ id }) => id));
}

/**
 * The page with its scenes drawn, in order, by `random`.
 *
 * @param size  the pictures' side in pixels, 64 unless told.
 */
export function illustrate(page: ScenePage, sprites: Sprites, random: Random, { size = 64 } = {}): Document {
  return page.map((piece) =>
    "scene" in piece ? { image: renderScene(piece.scene, sprites, random, size) } : { text: piece.text },
  );
}

/** How a scene is put into words. */
export interface DescribeOptions {
  /** The name of a thing that is no concept (handwriting); its id unless told. */
  readonly nameOf?: (id: string) => string;
  /** What must be said. */
  readonly tell?: Tell | undefined;
}

/**
 * The page as plain text: each scene is `<image>`, a space and a description of at most about 8 words, then a space before the text
 * that follows; `<EOC>` stands before every `<image>` that is not the very first thing, and at the end.
 * The caller adds `<BOS>` and `<EOS>`.
 */
export function describe(page: ScenePage, random: Random, options: DescribeOptions = {}): string {
  let text = "";
  let afterScene = false;
  for (const piece of page) {
    if ("scene" in piece) {
      text += `${text === "" ? "" : "<EOC>"}<image> ${describeScene(piece.scene, random, { ...options, tell: piece.tell })}`;
    } else {
      text += afterScene ? ` ${piece.text}` : piece.text;
    }
    afterScene = "scene" in piece;
  }
  return `${text}<EOC>`;
}

/** A scene in words: usually the bare names ("red apple", "three dogs"), sometimes with articles, colours and the ground. */
export function describeScene(
  scene: Scene,
  random: Random,
  { nameOf = (id) => id, tell }: DescribeOptions = {},
): string {
  const bare = random.chance(0.75);
  const coloured = random.chance(tell === "colour" ? 0.5 : 0.06);
  const things = scene.things.map(({ id, count }) => {
    const concept: Pick<Concept, "name" | "mainColour"> = conceptOf(id) ?? { name: nameOf(id), mainColour: undefined };
    const { name, mainColour } = concept;
    const adjective = coloured && mainColour && !name.includes(mainColour) ? `${mainColour} ` : "";
    if (count > 1) return nounPhrase({ name: adjective + name }, count);
    return bare || numberKind(concept) !== "count" ? adjective + name : withArticle(adjective + name);
  });
  const { colour } = scene.background;
  const ground =
    colour !== undefined && (tell === "background" || random.chance(bare ? 0.2 : 0.6)) ? ` on ${colour}` : "";
  return things.join(" and ") + ground;
}
