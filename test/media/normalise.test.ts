import { describe, expect, it } from "vitest";
import { toPixels } from "../../src/media/normalise.js";
import type { Picture } from "../../src/media/pixels.js";

const plain = (width: number, height: number, value: number): Picture => ({
  width,
  height,
  data: new Uint8Array(width * height * 3).fill(value),
});
const base = { mean: [0.5, 0.25, 0], deviation: [0.5, 0.25, 1] } as const;

describe("normalising", () => {
  it("takes the mean away and divides by the deviation, channel by channel", () => {
    const pixels = toPixels([plain(1, 1, 255)], { ...base, size: 1, fit: "pad" });
    expect([...pixels.data]).toEqual([1, 3, 1]);
  });

  it("leaves a frame of the right size unresampled", () => {
    const data = Uint8Array.from({ length: 12 }, (_, i) => i * 20);
    const pixels = toPixels([{ width: 2, height: 2, data }], {
      size: 2,
      mean: [0, 0, 0],
      deviation: [1, 1, 1],
      fit: "crop",
    });
    expect([...pixels.data]).toEqual([...data].map((value) => Math.fround(value / 255)));
  });

  it("keeps a picture's aspect and surrounds it with exactly the mean colour", () => {
    const { data } = toPixels([plain(8, 4, 255)], { ...base, size: 4, fit: "pad" });
    const row = (y: number) => [...data.subarray(y * 12, y * 12 + 12)];
    expect(row(0)).toEqual(new Array(12).fill(0));
    expect(row(1).slice(0, 3)).toEqual([1, 3, 1]);
    expect(row(2).slice(9)).toEqual([1, 3, 1]);
    expect(row(3)).toEqual(new Array(12).fill(0));
  });

  it("fills the whole square when it crops", () => {
    const { data } = toPixels([plain(8, 4, 255)], { ...base, size: 4, fit: "crop" });
    expect(new Set(data)).toEqual(new Set([1, 3]));
  });

  it("lays the frames of a video one after another, though they differ in size", () => {
    const pixels = toPixels([plain(4, 4, 0), plain(9, 9, 255)], { ...base, size: 4, fit: "pad" });
    expect(pixels).toMatchObject({ frames: 2, height: 4, width: 4 });
    expect(pixels.data[0]).toBe(-1);
    expect(pixels.data[4 * 4 * 3]).toBe(1);
  });

  it("refuses a video without frames and a frame without pixels", () => {
    expect(() => toPixels([], { ...base, size: 4, fit: "pad" })).toThrow(/To mend it: give one picture/);
    expect(() => toPixels([plain(0, 3, 0)], { ...base, size: 4, fit: "pad" })).toThrow(/0 x 3 pixels/);
  });
});
