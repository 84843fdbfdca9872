/** Pictures of the world as files, and what happens to pictures on the web. */
import sharp from "sharp";
import { differentConcepts, knownConcepts, openArtwork, renderScene, sceneOf } from "../../src/data/world/index.js";
import { Random } from "../../src/random.js";

/** So many unlike pictures, as PNG. */
export async function worldPictures(seed: string, count: number, size = 128): Promise<Buffer[]> {
  const artwork = await openArtwork();
  const drawn: Buffer[] = [];
  for (let n = 0; n < count; n++) {
    const random = new Random(seed).fork(n);
    const concepts = differentConcepts(random, knownConcepts, 1 + random.integer(2));
    await artwork.load(concepts.map(({ id }) => id));
    const things = concepts.map((concept) => ({ concept, count: 1 + random.integer(2) }));
    const { width, height, data } = renderScene(sceneOf(random, things), artwork, random, size);
    drawn.push(
      await sharp(data, { raw: { width, height, channels: 3 } })
        .png()
        .toBuffer(),
    );
  }
  return drawn;
}

const scaled = (times: number) => async (bytes: Buffer) => {
  const { width } = await sharp(bytes).metadata();
  return sharp(bytes).resize(Math.round(times * width));
};

const cropped = (share: number) => async (bytes: Buffer) => {
  const { width, height } = await sharp(bytes).metadata();
  const [left, top] = [Math.round(share * width), Math.round(share * height)];
  return sharp(bytes).extract({ left, top, width: width - 2 * left, height: height - 2 * top });
};

/** Ways to copy a picture. */
export const COPIES = {
  "half the size": async (bytes: Buffer) => (await scaled(0.5)(bytes)).png().toBuffer(),
  "twice the size": async (bytes: Buffer) => (await scaled(2)(bytes)).png().toBuffer(),
  "JPEG of quality 75": (bytes: Buffer) => sharp(bytes).jpeg({ quality: 75 }).toBuffer(),
  "JPEG of quality 30": (bytes: Buffer) => sharp(bytes).jpeg({ quality: 30 }).toBuffer(),
  "half the size, JPEG of quality 30": async (bytes: Buffer) =>
    (await scaled(0.5)(bytes)).jpeg({ quality: 30 }).toBuffer(),
  "WebP of quality 50": (bytes: Buffer) => sharp(bytes).webp({ quality: 50 }).toBuffer(),
  "15 % brighter": (bytes: Buffer) => sharp(bytes).modulate({ brightness: 1.15 }).png().toBuffer(),
  "3 % cut off each side": async (bytes: Buffer) => (await cropped(0.03)(bytes)).png().toBuffer(),
  "10 % cut off each side": async (bytes: Buffer) => (await cropped(0.1)(bytes)).png().toBuffer(),
  mirrored: (bytes: Buffer) => sharp(bytes).flop().png().toBuffer(),
} as const;
