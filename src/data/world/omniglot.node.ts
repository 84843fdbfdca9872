/**
 * Handwriting: the Omniglot characters (Lake, Salakhutdinov & Tenenbaum 2015), 20 drawings each, as things of the world
 * that no word names. Their alphabets split what is trained on from what is tested.
 *
 * The files are `images_background_small1.zip` (136 characters, trained on) and `images_background_small2.zip` of
 * https://github.com/brendenlake/omniglot, folder `python/`, MIT licence; sha256
 * f38eb80f801274ac2b4dff5b24289016bfaba4a7d5bb50deebf27104ad6cb8a4 and
 * 3ccaa407515a8778e5d0861875af38b17e418f301ad5bb3b5a6b65d901a41c7f.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "../../errors.js";
import { Random } from "../../random.js";
import type { Nameable } from "./binding.js";
import { decodeBitmap } from "./bitmap.node.js";
import { makeSprite, type Sprite, type Sprites, shrink } from "./sprites.js";
import { inventedWords } from "./words.js";
import { zipEntries } from "./zip.node.js";

/** One handwritten character. */
export interface Character extends Nameable {
  /** `Greek/character01`. `sprite` also takes `Greek/character01@90` (turned) and `Greek/character01#07` (one drawing, 1 to 20). */
  readonly id: string;
  readonly alphabet: string;
}

/** A character with an invented word of its own for a name, the same in every training. */
export interface NamedCharacter extends Character {
  readonly name: string;
}

/** The characters in memory, drawn in ink by the renderer. */
export interface Handwriting extends Sprites {
  /** Characters of the alphabets that training may use. */
  readonly training: readonly Character[];
  /** Each of these four times, turned by 0, 90, 180 and 270 degrees, as characters of their own: for training only. */
  readonly turned: readonly NamedCharacter[];
  /** Characters of Japanese, Sanskrit and Tagalog: alphabets that no training sees. */
  readonly heldOut: readonly Character[];
  /** A drawing of the character, a random one unless the id says which. */
  sprite(id: string, random: Random): Sprite;
}

const HELD_OUT = /^(Japanese|Sanskrit|Tagalog)/;

/**
 * Reads the alphabets in `directory`: zip files of Omniglot, or folders `alphabet/character/*.png` extracted from them.
 *
 * @param size  side of a sprite in pixels; a drawing's 105 pixels are averaged down to it.
 * @throws {UsageError} when there is no drawing in the directory.
 */
export async function openOmniglot(directory: string, size = 72): Promise<Handwriting> {
  const files = await drawingsIn(directory);
  if (files.size === 0) {
    throw new UsageError(
      `No Omniglot drawings are in ${directory}.`,
      "put images_background_small1.zip and images_background_small2.zip of github.com/brendenlake/omniglot (python/) there",
    );
  }
  const characters = new Map<string, Drawing[]>();
  for (const path of [...files.keys()].sort()) {
    const id = path.slice(0, path.lastIndexOf("/"));
    const drawings = characters.get(id) ?? [];
    characters.set(id, drawings);
    drawings.push({ png: files.get(path)!, sprite: undefined });
  }
  const all = [...characters.keys()].map((id) => ({ id, family: id, name: id, alphabet: id.split("/")[0]! }));
  const training = all.filter(({ alphabet }) => !HELD_OUT.test(alphabet));
  return {
    training,
    turned: turned(training),
    heldOut: all.filter(({ alphabet }) => HELD_OUT.test(alphabet)),
    sprite(id, random) {
      const [, base = id, degrees = "0", which] = /^(.*?)(?:@(\d+))?(?:#(\d+))?$/.exec(id) ?? [];
      const drawings = characters.get(base);
      const drawing = drawings?.[which === undefined ? random.integer(drawings.length) : Number(which) - 1];
      if (!drawing)
        throw new UsageError(`There is no handwritten character "${id}".`, "take ids from `training` and `heldOut`");
      drawing.sprite ??= glyph(drawing.png, size, id);
      return { ...drawing.sprite, turn: (Number(degrees) * Math.PI) / 180 };
    },
  };
}

/** A file, and its sprite once it has been asked for. */
interface Drawing {
  readonly png: Buffer;
  sprite: Sprite | undefined;
}

function turned(characters: readonly Character[]): NamedCharacter[] {
  const words = inventedWords(new Random("names of characters"), 4 * characters.length);
  return characters.flatMap((character, i) =>
    [0, 90, 180, 270].map((degrees, turn) => {
      const id = degrees === 0 ? character.id : `${character.id}@${degrees}`;
      return { ...character, id, family: id, name: words[4 * i + turn]! };
    }),
  );
}

/** A sprite whose alpha is the ink of a PNG, dark on light. */
function glyph(png: Buffer, size: number, id: string): Sprite {
  const { width, height, dark } = decodeBitmap(png, `The drawing of "${id}"`);
  const side = Math.max(width, height);
  const rgba = new Uint8Array(side * side * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rgba[(y * side + x) * 4 + 3] = 255 * dark[y * width + x]!;
  }
  return size < side ? makeSprite(size, shrink(rgba, side, size), true) : makeSprite(side, rgba, true);
}

/** `alphabet/character/file.png` to its bytes, of all zip files and folders of the directory. */
async function drawingsIn(directory: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const name of await readdir(directory, { recursive: true }).catch(() => [])) {
    const path = join(directory, name);
    if (name.endsWith(".zip")) {
      for (const entry of zipEntries(await readFile(path), path)) {
        if (entry.path.endsWith(".png")) files.set(lastThree(entry.path), entry.read());
      }
    } else if (name.endsWith(".png")) files.set(lastThree(path), await readFile(path));
  }
  return files;
}

const lastThree = (path: string): string => path.split(/[\\/]/).slice(-3).join("/");
