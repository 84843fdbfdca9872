import { describe, expect, it } from "vitest";
import type { Pixels } from "../../src/media/pixels.js";
import { assemble, packPixels } from "../../src/prompt/batch.js";
import { MediaCountError, PixelShapeError, PromptLimitError } from "../../src/prompt/errors.js";
import { interleave } from "../../src/prompt/interleave.js";
import { picture, toyTokenizer } from "./toy.js";

const tokenizer = toyTokenizer();
const one = interleave([{ text: "ab" }, { image: picture(1) }, { text: "c" }], tokenizer);
const two = interleave([{ image: picture(2) }, { text: "d" }, { image: picture(3) }], tokenizer, { open: true });
const pixels = (value: number, frames = 1, width = 2): Pixels => ({
  frames,
  height: 2,
  width,
  data: new Float32Array(frames * 2 * width * 3).fill(value),
});

describe("a batch", () => {
  it("pads rows on the right, and nobody looks from or at what is padded", () => {
    const batch = assemble([one, two], { padId: 0 });
    expect([batch.batch, batch.text, batch.media]).toEqual([2, 8, 2]);
    expect([...batch.lengths]).toEqual([8, 5]);
    expect([...batch.tokens.subarray(8)]).toEqual([...two.tokens, 0, 0, 0]);
    expect([...batch.lastMedia]).toEqual([...one.lastMedia, ...two.lastMedia, 0, 0, 0]);
    expect([...batch.lossMask]).toEqual([...one.lossMask, ...two.lossMask, 0, 0, 0]);
    expect(batch.mediaOf).toEqual([one.media, two.media]);
  });

  it("takes the length and the media that it is told, for programs of a fixed shape", () => {
    const batch = assemble([one], { padId: 7, length: 10, media: 5 });
    expect([batch.text, batch.media, batch.tokens.at(-1)]).toEqual([10, 5, 7]);
  });

  it("always has room for one medium, so that its axis is never empty", () => {
    expect(assemble([interleave([{ text: "a" }], tokenizer)], { padId: 0 }).media).toBe(1);
  });

  it("cuts nothing: a row that does not fit is refused", () => {
    expect(() => assemble([one], { padId: 0, length: 7 })).toThrow(PromptLimitError);
    expect(() => assemble([two], { padId: 0, media: 1 })).toThrow(PromptLimitError);
  });

  it("refuses a row that looks at a picture which did not come with it (F4.3)", () => {
    expect(() => assemble([{ ...two, media: two.media.slice(1) }], { padId: 0 })).toThrow(MediaCountError);
    expect(() => assemble([{ ...two, media: [] }], { padId: 0 })).toThrow(/looks at 2 media but 0 came/);
  });
});

describe("the pixels of a batch", () => {
  it("are [batch, media, frames, height, width, 3], padded media black", () => {
    const { shape, data } = packPixels([[pixels(1)], [pixels(2), pixels(3)]], 2);
    expect(shape).toEqual([2, 2, 1, 2, 2, 3]);
    expect([0, 12, 24, 36].map((at) => data[at])).toEqual([1, 0, 2, 3]);
  });

  it("refuse frames or sizes that differ, since the resampler would read padding as pictures", () => {
    expect(() => packPixels([[pixels(1), pixels(1, 8)]], 2)).toThrow(PixelShapeError);
    expect(() => packPixels([[pixels(1)], [pixels(1, 1, 3)]], 2)).toThrow(/Medium 1 of row 1 is 1 frame of 3 x 2 px/);
  });

  it("need a size where there is no medium to take it from", () => {
    expect(() => packPixels([[]], 1)).toThrow(PixelShapeError);
    expect(packPixels([[]], 1, { frames: 1, height: 2, width: 2 }).data).toEqual(new Float32Array(12));
  });
});
