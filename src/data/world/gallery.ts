/** A fixed number of renderings of each thing, made when first asked for and kept: what an eye has seen it need not see again. */
import type { Picture } from "../../media/pixels.js";
import type { Document } from "../../prompt/document.js";
import { Random } from "../../random.js";
import { renderScene } from "./compose.js";
import type { ScenePage } from "./pages.js";
import { backgroundFor } from "./sampling.js";
import type { Sprites } from "./sprites.js";

export class Gallery {
  readonly #sprites: Sprites;
  readonly #seed: string;
  readonly #renderings: number;
  readonly #pictures = new Map<string, Picture>();

  /** @param renderings  of each thing; rendering k of a thing depends on the seed, the thing and k alone. */
  constructor(sprites: Sprites, seed: string, renderings: number) {
    this.#sprites = sprites;
    this.#seed = seed;
    this.#renderings = renderings;
  }

  /** One of the renderings of a single thing, on a ground of the gallery's choice. */
  picture(id: string, random: Random): Picture {
    const key = `${id} ${random.integer(this.#renderings)}`;
    const known = this.#pictures.get(key);
    if (known !== undefined) return known;
    const own = new Random(`${this.#seed}/${key}`);
    const scene = { things: [{ id, count: 1 }], background: backgroundFor(own, [id], 0.5) };
    const picture = renderScene(scene, this.#sprites, own);
    this.#pictures.set(key, picture);
    return picture;
  }

  /** A page of single things whose grounds no text speaks of, with renderings of the gallery; each thing's are different ones while they last. */
  illustrate(page: ScenePage, random: Random): Document {
    const shown = new Set<Picture>();
    return page.map((piece) => {
      if ("text" in piece) return piece;
      let image = this.picture(piece.scene.things[0]!.id, random);
      for (let tries = 0; tries < 20 && shown.has(image); tries++)
        image = this.picture(piece.scene.things[0]!.id, random);
      shown.add(image);
      return { image };
    });
  }
}
