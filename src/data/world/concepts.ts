/**
 * The things of the world: what the pictures show and the texts speak of.
 *
 * About 15% of them are held out of all training texts, variants of one thing together: they are the "new words" on which
 * the model is tested.
 */
import { CONCEPT_ROWS } from "./concepts.generated.js";
import type { Group } from "./grouping.js";
import type { ColourName } from "./palette.js";

/** A thing that can be drawn and named. */
export interface Concept {
  /** The icon's name in `@iconify-json/noto`. */
  readonly id: string;
  /** Plain English, lower case, at most about four words; unique. */
  readonly name: string;
  /** What its variants share: "cat" for cat, cat face, black cat. */
  readonly family: string;
  readonly group: Group;
  /** The one or two colours that most of the drawing is painted in, the commonest first; may be none. */
  readonly colours: readonly ColourName[];
  /** The one colour that a person would name; undefined where none clearly dominates. */
  readonly mainColour: ColourName | undefined;
}

/** All concepts, sorted by id. */
export const concepts: readonly Concept[] = CONCEPT_ROWS.trim()
  .split("\n")
  .map((row) => {
    const [id, name, family, group, painted] = row.split("|") as [string, string, string, Group, string];
    const colours = painted.replace("!", "").split(" ").filter(Boolean) as ColourName[];
    return { id, name, family, group, colours, mainColour: painted.includes("!") ? colours[0] : undefined };
  });

/**
 * Whether a concept is kept out of every training text and picture: its family's hash falls in the first 15 of 100.
 * The rule is part of every trained model's meaning and never changes.
 */
export function heldOut(concept: Pick<Concept, "family">): boolean {
  return fnv1a(`family/${concept.family}`) % 100 < 15;
}

/** The concepts that training may show and name. */
export const knownConcepts: readonly Concept[] = concepts.filter((concept) => !heldOut(concept));

/** The concepts that only evaluation shows. */
export const heldOutConcepts: readonly Concept[] = concepts.filter(heldOut);

const byId = new Map(concepts.map((concept) => [concept.id, concept]));

/** The concept of an id, or undefined: ids of handwriting are not concepts. */
export function conceptOf(id: string): Concept | undefined {
  return byId.get(id);
}

/** The 32-bit FNV-1a hash of a text's UTF-16 units, the higher byte of each ignored. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ (text.charCodeAt(i) & 255), 0x01000193);
  return hash >>> 0;
}
