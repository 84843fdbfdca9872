import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  augmentPicture,
  drawPicture,
  type PictureDraw,
  paperPictures,
  plainPictures,
} from "../../src/media/augment.js";
import type { Picture } from "../../src/media/pixels.js";
import { Random } from "../../src/random.js";

const same: PictureDraw = { flip: false, brightness: 1, contrast: 1, saturation: 1, hue: 0 };
const picture = (width: number, height: number, values: readonly number[]): Picture => ({
  width,
  height,
  data: Uint8Array.from(values),
});
const pictures = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 4 }))
  .chain(([width, height]) =>
    fc
      .uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 })
      .map((data) => ({ width, height, data })),
  );

describe("a picture that training changes", () => {
  it("is mirrored left to right, row by row", () => {
    const two = picture(3, 2, [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6]);
    expect([...augmentPicture(two, { ...same, flip: true }).data]).toEqual([
      3, 3, 3, 2, 2, 2, 1, 1, 1, 6, 6, 6, 5, 5, 5, 4, 4, 4,
    ]);
    fc.assert(
      fc.property(pictures, (one) => {
        const flip = { ...same, flip: true };
        expect(augmentPicture(augmentPicture(one, flip), flip)).toEqual(one);
      }),
    );
  });

  it("is left alone, and so is the one that was given", () => {
    fc.assert(
      fc.property(pictures, (one) => {
        const before = one.data.slice();
        expect(augmentPicture(one, same)).toEqual(one);
        augmentPicture(one, { flip: true, brightness: 1.2, contrast: 0.8, saturation: 0.7, hue: 0.1 });
        expect(one.data).toEqual(before);
      }),
    );
  });

  it("is brighter by the factor, cut at white", () => {
    expect([...augmentPicture(picture(2, 1, [100, 50, 10, 250, 0, 20]), { ...same, brightness: 1.1 }).data]).toEqual([
      110, 55, 11, 255, 0, 22,
    ]);
  });

  it("loses its contrast into its mean grey, and its colours into each pixel's own", () => {
    const two = picture(2, 1, [200, 200, 200, 100, 100, 100]);
    expect([...augmentPicture(two, { ...same, contrast: 0 }).data]).toEqual(Array(6).fill(150));
    // 0.299 x 200 + 0.587 x 100 + 0.114 x 50
    expect([...augmentPicture(picture(1, 1, [200, 100, 50]), { ...same, saturation: 0 }).data]).toEqual([
      124, 124, 124,
    ]);
  });

  it("turns red to green to blue by thirds, and leaves greys", () => {
    const colours = picture(2, 1, [255, 0, 0, 80, 80, 80]);
    expect([...augmentPicture(colours, { ...same, hue: 1 / 3 }).data]).toEqual([0, 255, 0, 80, 80, 80]);
    expect([...augmentPicture(colours, { ...same, hue: 2 / 3 }).data]).toEqual([0, 0, 255, 80, 80, 80]);
  });

  it("is drawn alike from the same stream, half of them mirrored, within the strengths", () => {
    const draws = Array.from({ length: 2000 }, (_, n) => drawPicture(new Random(n)));
    expect(drawPicture(new Random(3))).toEqual(draws[3]);
    // 2,000 coins: a standard deviation is 0.011.
    expect(Math.abs(draws.filter(({ flip }) => flip).length / 2000 - 0.5)).toBeLessThan(0.045);
    expect(Math.max(...draws.map(({ brightness }) => Math.abs(brightness - 1)))).toBeLessThanOrEqual(
      paperPictures.brightness,
    );
    expect(drawPicture(new Random(3), plainPictures)).toMatchObject(same);
  });
});
