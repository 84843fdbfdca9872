/** All that nano's world can draw, opened together: the artwork, and handwriting where the user has it. */
import { homedir } from "node:os";
import { join } from "node:path";
import { type Artwork, openArtwork } from "./artwork.js";
import { type Handwriting, openOmniglot } from "./omniglot.node.js";
import type { Sprites } from "./sprites.js";

/** Sprites of every kind by id: a concept's, or a handwritten character's. */
export interface Everything extends Sprites {
  readonly artwork: Artwork;
  readonly handwriting: Handwriting | undefined;
}

/** Where rendered artwork is kept between starts. */
export const artworkCache = (): string => join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "flamingo-ts");

/** @param omniglot  folder with the Omniglot zip files; without it there is no handwriting. */
export async function openEverything(omniglot?: string): Promise<Everything> {
  const artwork = await openArtwork({ cacheDir: artworkCache() });
  const handwriting = omniglot === undefined ? undefined : await openOmniglot(omniglot);
  return {
    artwork,
    handwriting,
    sprite: (id, random) =>
      handwriting !== undefined && id.includes("/") ? handwriting.sprite(id, random) : artwork.sprite(id),
  };
}
