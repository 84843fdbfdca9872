import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromBfloat16, fromFloat16, toFloat16 } from "../src/half.js";

const half = (value: number) => toFloat16(Float32Array.of(value))[0]!;
const every = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);

describe("float16", () => {
  it.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65_504, 0x7bff],
    [65_519.996, 0x7bff],
    [65_520, 0x7c00],
    [-1e30, 0xfc00],
    [Number.POSITIVE_INFINITY, 0x7c00],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [2 ** -25 * 1.0001, 0x0001],
    [1.5 * 2 ** -24, 0x0002],
    [2.5 * 2 ** -24, 0x0002],
    [2 ** -14 - 2 ** -26, 0x0400],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [1 / 3, 0x3555],
  ])("of %f is its nearest, ties to even (IEEE 754)", (value, bits) => {
    expect(half(value)).toBe(bits);
  });

  it("of a number that is none is none", () => {
    expect(fromFloat16(toFloat16(Float32Array.of(Number.NaN)))[0]).toBeNaN();
  });

  it("comes back as it was, all 65,536 of them", () => {
    const numbers = fromFloat16(every);
    const back = toFloat16(numbers);
    for (const bits of every) if (!Number.isNaN(numbers[bits]!)) expect(back[bits]).toBe(bits);
    expect(numbers.filter(Number.isNaN)).toHaveLength(2 * 1023);
  });

  it("is never farther than either neighbour", () => {
    const numbers = fromFloat16(every);
    fc.assert(
      fc.property(fc.float({ min: -65_504, max: 65_504, noNaN: true }), (value) => {
        const size = Math.abs(value);
        const bits = half(size);
        const error = Math.abs(numbers[bits]! - size);
        for (const neighbour of [bits - 1, bits + 1])
          if (neighbour >= 0) expect(error).toBeLessThanOrEqual(Math.abs(numbers[neighbour]! - size));
      }),
    );
  });
});

describe("bfloat16", () => {
  it("is the upper half of a float32", () => {
    const numbers = fromBfloat16(Uint16Array.of(0x3f80, 0xc040, 0x0000, 0x7f80));
    expect([...numbers]).toEqual([1, -3, 0, Number.POSITIVE_INFINITY]);
  });
});
