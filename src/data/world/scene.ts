/**
 * What a picture of the world shows, before it is drawn: the meaning that its texts speak of.
 */
import type { ColourName } from "./palette.js";

/** A kind of thing and how many of it are in the picture, 1 or more. */
export interface Thing {
  /** A concept's id, or the id of a handwritten character. */
  readonly id: string;
  readonly count: number;
}

/** How the ground behind the things is painted. "paper" is what handwriting stands on. */
export type BackgroundKind = "plain" | "gradient" | "stripes" | "checks" | "spots" | "noise" | "clutter" | "paper";

/** Every kind but "paper". */
export const BACKGROUND_KINDS = [
  "plain",
  "gradient",
  "stripes",
  "checks",
  "spots",
  "noise",
  "clutter",
] as const satisfies readonly BackgroundKind[];

/** The ground: shades of the named colour, or of any colours when none is named (nothing may then be said of it). */
export interface Background {
  readonly kind: BackgroundKind;
  readonly colour: ColourName | undefined;
}

/** A picture's meaning. Where, how large and how turned its things are is left to the renderer. */
export interface Scene {
  readonly things: readonly Thing[];
  readonly background: Background;
}

/** How many things stand in a scene in all. */
export function countOf(scene: Scene): number {
  return scene.things.reduce((sum, thing) => sum + thing.count, 0);
}
