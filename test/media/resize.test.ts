import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodePicture } from "../../src/media/decode.node.js";
import type { Picture } from "../../src/media/pixels.js";
import {
  centreCrop,
  type Filter,
  PictureSizeError,
  padToSquare,
  resize,
  resizeLongEdge,
  resizeShortEdge,
  resizing,
} from "../../src/media/resize.js";

const PHOTOS = "../shared/data/photos";
const REFERENCE = `${PHOTOS}/pillow_reference.json`;

interface Reference {
  readonly bicubic_short64_centercrop64_rgb_base64: string;
  readonly bilinear_short64_centercrop64_rgb_base64: string;
}

/** A picture whose every value differs from its neighbours'. */
function pattern(width: number, height: number): Picture {
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37 + (i >> 3)) % 256) };
}

function plain(width: number, height: number, value: number): Picture {
  return { width, height, data: new Uint8Array(width * height * 3).fill(value) };
}

const side = fc.integer({ min: 1, max: 40 });

describe.skipIf(!existsSync(REFERENCE))("resizing a photo (needs ../shared/data/photos)", () => {
  const images: Record<string, Reference> = existsSync(REFERENCE)
    ? JSON.parse(readFileSync(REFERENCE, "utf8")).images
    : {};

  it.each(Object.keys(images))(
    "gives Pillow's value at every pixel of %s, bicubic and bilinear (F4.8)",
    async (name) => {
      const picture = await decodePicture(`${PHOTOS}/${name}`);
      for (const filter of ["bicubic", "bilinear"] as const satisfies Filter[]) {
        const expected = Buffer.from(images[name]![`${filter}_short64_centercrop64_rgb_base64`], "base64");
        const found = centreCrop(resizeShortEdge(picture, 64, filter), 64);
        expect(Buffer.compare(Buffer.from(found.data), expected), `${name}, ${filter}`).toBe(0);
      }
    },
  );
});

describe("resizing", () => {
  it("gives back the same picture when its size does not change", () => {
    const picture = pattern(7, 5);
    expect(resize(picture, 7, 5)).toEqual(picture);
  });

  it("keeps one colour one colour, whatever the sizes", () => {
    fc.assert(
      fc.property(side, side, side, side, fc.integer({ min: 0, max: 255 }), (w, h, toW, toH, value) => {
        for (const filter of ["bicubic", "bilinear"] as const) {
          expect(resize(plain(w, h, value), toW, toH, filter)).toEqual(plain(toW, toH, value));
        }
      }),
    );
  });

  it("never overshoots black or white, though the bicubic kernel has negative weights", () => {
    const edge = { width: 4, height: 1, data: Uint8Array.from([0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255]) };
    const values = [...resize(edge, 16, 1).data];
    expect(Math.min(...values)).toBe(0);
    expect(Math.max(...values)).toBe(255);
  });

  it("keeps the aspect when one edge is named", () => {
    const picture = pattern(40, 20);
    expect(resizeShortEdge(picture, 10)).toMatchObject({ width: 20, height: 10 });
    expect(resizeLongEdge(picture, 10)).toMatchObject({ width: 10, height: 5 });
    expect(resizeLongEdge(pattern(40, 1), 10)).toMatchObject({ width: 10, height: 1 });
  });

  it("refuses a size that no picture can have", () => {
    expect(() => resize(pattern(4, 4), 0, 4)).toThrow(PictureSizeError);
    expect(() => resize(pattern(4, 4), 2.5, 4)).toThrow(/To mend it: give a width and a height/);
  });
});

describe("cropping and padding", () => {
  it("crops the middle", () => {
    const picture = pattern(5, 3);
    expect([...centreCrop(picture, 1, 1).data]).toEqual([...picture.data.subarray((5 + 2) * 3, (5 + 3) * 3)]);
  });

  it("refuses a crop larger than the picture, and says to resize first", () => {
    expect(() => centreCrop(pattern(5, 3), 4)).toThrow(/4 x 4 pixels was asked of a picture of 5 x 3/);
  });

  it("pads to a square around the picture, and cropping gives the picture back", () => {
    fc.assert(
      fc.property(side, side, (w, h) => {
        const square = padToSquare(pattern(w, h), [1, 2, 3]);
        expect([square.width, square.height]).toEqual([Math.max(w, h), Math.max(w, h)]);
        const corner = w > h ? square.data.subarray(-3) : square.data.subarray(square.data.length - 3);
        if (Math.abs(w - h) > 1) expect([...corner]).toEqual([1, 2, 3]);
        if ((w - h) % 2 === 0) expect(centreCrop(square, w, h)).toEqual(pattern(w, h));
      }),
    );
  });
});

describe("resizing in pieces, for a thread that others wait for", () => {
  /** How often the work pauses. */
  function pauses(width: number, height: number, toWidth: number, toHeight: number): number {
    const picture = { width, height, data: new Uint8Array(width * height * 3) };
    return [...resizing(picture, toWidth, toHeight)].length;
  }

  // A bicubic kernel reads 4 times the scale of pixels for each output pixel, of three colours.
  const multiplications = (width: number, height: number) => 4 * width * height * 3;

  it.each([
    ["a photograph", 4000, 3000, 64, 48],
    ["a wide one", 12_000, 100, 64, 1],
    ["a tall one", 100, 12_000, 1, 64],
    ["to a larger square", 1600, 1200, 320, 240],
  ])("pauses at least once in a million multiplications: %s", (_, width, height, toWidth, toHeight) => {
    const least = multiplications(width, height) / 1_000_000;
    expect(pauses(width, height, toWidth, toHeight)).toBeGreaterThanOrEqual(Math.floor(least));
  });

  it("pauses hardly ever for a picture that is small already", () => {
    expect(pauses(64, 64, 64, 64)).toBe(0);
    expect(pauses(80, 60, 64, 48)).toBeLessThan(5);
  });
});
