/** Draws the pictures of the examples: `npm run programs && node build/examples/pictures/draw.js [FOLDER]`. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { openArtwork, renderScene, type Scene } from "#dist/data/world/index.js";
import { Random } from "#dist/random.js";

/** One thing a name gives, how many of it, and the ground. A number after the name: another drawing of the same. */
const PICTURES: Readonly<Record<string, Scene>> = {
  lemon: scene("lemon", 1, "plain", "blue"),
  guitar: scene("guitar", 1, "checks", "green"),
  strawberry: scene("strawberry", 1, "plain", "yellow"),
  "three-lemons": scene("lemon", 3, "plain", "purple"),
  // Of things that no training of the embedded model has shown.
  "penguin-1": scene("penguin", 1, "plain", "yellow"),
  "penguin-2": scene("penguin", 1, "spots", "green"),
  "penguin-3": scene("penguin", 1, "noise", undefined),
  "penguin-4": scene("penguin", 1, "gradient", "purple"),
  "rocket-1": scene("rocket", 1, "plain", "green"),
  "rocket-2": scene("rocket", 1, "stripes", "yellow"),
  "rocket-3": scene("rocket", 1, "noise", undefined),
};

function scene(
  id: string,
  count: number,
  kind: Scene["background"]["kind"],
  colour: Scene["background"]["colour"],
): Scene {
  return { things: [{ id, count }], background: { kind, colour } };
}

const folder = process.argv[2] ?? "examples/pictures";
const artwork = await openArtwork();
await artwork.load(Object.values(PICTURES).flatMap(({ things }) => things.map(({ id }) => id)));
await mkdir(folder, { recursive: true });
for (const [name, shown] of Object.entries(PICTURES)) {
  const { width, height, data } = renderScene(shown, artwork, new Random(`examples/${name}`), 64);
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(join(folder, `${name}.png`));
}
