import { existsSync, readFileSync } from "node:fs";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { decodePicture } from "../../src/media/decode.node.js";
import { decodeFitted } from "../../src/media/decode-fitted.node.js";
import { NotAnImageError, OversizedImageError, UndecodableImageError } from "../../src/media/image-file.js";
import { fitted, type PixelsOptions } from "../../src/media/normalise.js";
import type { Picture } from "../../src/media/pixels.js";
import { CLIP_COLOURS } from "../../src/media/preprocessor.js";

const PHOTOS = "../shared/data/photos";
const options = (fit: PixelsOptions["fit"], size = 96): PixelsOptions => ({ size, ...CLIP_COLOURS, fit });

/** The mean distance of two pictures of one size, in levels. */
function distance(a: Picture, b: Picture): number {
  expect([a.width, a.height]).toEqual([b.width, b.height]);
  return a.data.reduce((sum, value, i) => sum + Math.abs(value - b.data[i]!), 0) / a.data.length;
}
/** Waves of colour, with transparency if asked for. */
function waves(width: number, height: number, channels: 3 | 4 = 3) {
  const data = Buffer.from(
    Array.from({ length: width * height * channels }, (_, i) => 128 + 100 * Math.sin(i / 37 + (i % channels))),
  );
  return sharp(data, { raw: { width, height, channels } });
}

describe("a picture decoded and fitted at once", () => {
  it.each(["pad", "crop", "squash"] as const)("is that of both steps within a level on average (%s)", async (fit) => {
    for (const [width, height] of [
      [301, 200],
      [200, 333],
      [40, 30],
    ] as const) {
      const bytes = new Uint8Array(await waves(width, height).png().toBuffer());
      const exact = fitted(await decodePicture(bytes), options(fit));
      expect(distance(await decodeFitted(bytes, options(fit)), exact), `${width} x ${height}`).toBeLessThan(1);
    }
  });

  it.skipIf(!existsSync(PHOTOS))("is so for photographs, those decoded at a smaller scale too", async () => {
    for (const name of ["rocket.jpg", "retina.jpg", "coffee.png", "hubble_deep_field.jpg", "palette_color.png"]) {
      const bytes = new Uint8Array(readFileSync(`${PHOTOS}/${name}`));
      const exact = fitted(await decodePicture(bytes), options("pad", 320));
      expect(distance(await decodeFitted(bytes, options("pad", 320)), exact), name).toBeLessThan(1);
    }
  });

  it.skipIf(!existsSync(PHOTOS))("is so for photographs as WebP", async () => {
    for (const name of ["rocket.jpg", "coffee.png", "astronaut.png"]) {
      const bytes = new Uint8Array(await sharp(`${PHOTOS}/${name}`).webp({ quality: 85 }).toBuffer());
      const exact = fitted(await decodePicture(bytes), options("pad", 320));
      expect(distance(await decodeFitted(bytes, options("pad", 320)), exact), name).toBeLessThan(0.5);
    }
  });

  it("stands upright, on white, in three channels", async () => {
    const turned = new Uint8Array(
      await waves(240, 120).withMetadata({ orientation: 6 }).jpeg({ quality: 100 }).toBuffer(),
    );
    const clear = new Uint8Array(await waves(160, 160, 4).png().toBuffer());
    const grey = new Uint8Array(await waves(160, 160).greyscale().png().toBuffer());
    for (const bytes of [turned, clear, grey]) {
      const exact = fitted(await decodePicture(bytes), options("pad"));
      expect(distance(await decodeFitted(bytes, options("pad")), exact)).toBeLessThan(1);
    }
  });

  it("fails as decoding does", async () => {
    const bytes = new Uint8Array(await waves(120, 60).png().toBuffer());
    const failing = (file: Uint8Array, maxPixels = 1e6) => decodeFitted(file, options("pad"), { maxPixels });
    await expect(failing(bytes.slice(0, bytes.length / 2))).rejects.toThrow(UndecodableImageError);
    await expect(failing(new TextEncoder().encode("<!doctype html>"))).rejects.toThrow(NotAnImageError);
    await expect(failing(bytes, 7000)).rejects.toThrow(OversizedImageError);
  });
});
