import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import openWabt from "wabt";
import { UsageError } from "../../src/errors.js";
import { filled } from "../../src/nn/layers.js";
import { frozen } from "../../src/nn/parameters.js";
import { type AdamWOptions, accumulate, adamW, adamWOver, globalNorm } from "../../src/training/adamw.js";
import { Arena } from "../../src/training/arena.js";
import { MODULE } from "../../src/training/optimizer.generated.js";

const OPTIONS = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1 };
const blank = (count: number) => ({ first: new Float32Array(count), second: new Float32Array(count) });
const plain = { learningRate: 0.01, decays: true, scale: 1 };

interface Reference {
  readonly options: AdamWOptions;
  readonly rates: readonly number[];
  readonly start: { readonly data: readonly number[] };
  readonly gradients: readonly { readonly data: readonly number[] }[];
  readonly decaying: readonly { readonly data: readonly number[] }[];
  readonly notDecaying: readonly { readonly data: readonly number[] }[];
}
/** Written by tools/reference/adamw.py with PyTorch's own AdamW in float64; gradients grow from 0.001 to 100 on the way. */
const reference = JSON.parse(readFileSync(new URL("../fixtures/adamw.json", import.meta.url), "utf8")) as Reference;

describe("AdamW", () => {
  it.each([
    ["of a parameter that decays", true, reference.decaying],
    ["of one that does not", false, reference.notDecaying],
  ] as const)("takes the steps that PyTorch takes, under a rate that changes: %s", (_, decays, expected) => {
    const parameter = Float32Array.from(reference.start.data);
    const moments = blank(parameter.length);
    expected.forEach(({ data }, i) => {
      const gradient = Float32Array.from(reference.gradients[i]!.data);
      const at = { step: i + 1, learningRate: reference.rates[i]!, decays, scale: 1 };
      adamW(parameter, gradient, moments, reference.options, at);
      // The parameter, near 1, and the moments are rounded to float32 after each step.
      for (const [entry, x] of data.entries()) expect(parameter[entry]).toBeCloseTo(x, 6);
    });
  });

  it("at its first step moves every number by the learning rate, whatever the size of its gradient", () => {
    const parameter = new Float32Array(3);
    adamW(parameter, Float32Array.of(1e-3, -20, 4e5), blank(3), OPTIONS, { ...plain, step: 1 });
    // The start at zero is corrected: m / sqrt(v) is the gradient's sign, up to epsilon beside the gradient's size.
    for (const [entry, sign] of [-1, 1, -1].entries()) expect(parameter[entry]).toBeCloseTo(0.01 * sign, 6);
  });

  it("decays apart from the gradient (1711.05101): a number without a gradient shrinks by rate times decay", () => {
    const [decaying, kept] = [Float32Array.of(2), Float32Array.of(2)];
    adamW(decaying, new Float32Array(1), blank(1), OPTIONS, { ...plain, step: 1 });
    adamW(kept, new Float32Array(1), blank(1), OPTIONS, { ...plain, step: 1, decays: false });
    expect(decaying[0]).toBeCloseTo(2 * (1 - 0.01 * 0.1), 6);
    expect(kept[0]).toBe(2);
  });

  it("with a scale is AdamW on the scaled gradient", () => {
    const gradient = Float32Array.of(4, -8, 0.5);
    const [scaled, byHand] = [new Float32Array(3).fill(1), new Float32Array(3).fill(1)];
    const [moments, momentsByHand] = [blank(3), blank(3)];
    for (const step of [1, 2]) {
      adamW(scaled, gradient, moments, OPTIONS, { ...plain, step, scale: 0.25 });
      adamW(
        byHand,
        gradient.map((g) => g / 4),
        momentsByHand,
        OPTIONS,
        { ...plain, step },
      );
    }
    expect([scaled, moments]).toEqual([byHand, momentsByHand]);
  });

  it("goes through arrays of any length, block by block", () => {
    const count = 2 * 4096 + 3;
    const gradient = Float32Array.from({ length: count }, (_, i) => Math.sin(i));
    const [whole, alone] = [new Float32Array(count).fill(1), new Float32Array(count).fill(1)];
    const [moments, momentsAlone] = [blank(count), blank(count)];
    adamW(whole, gradient, moments, OPTIONS, { ...plain, step: 3 });
    for (let i = 0; i < count; i++) {
      const one = (array: Float32Array) => array.subarray(i, i + 1);
      const own = { first: one(momentsAlone.first), second: one(momentsAlone.second) };
      adamW(one(alone), one(gradient), own, OPTIONS, { ...plain, step: 3 });
    }
    expect([whole, moments]).toEqual([alone, momentsAlone]);
    expect(whole.at(-1)).not.toBe(1);
    adamW(new Float32Array(0), new Float32Array(0), blank(0), OPTIONS, { ...plain, step: 1 });
  });

  it("comes to the same in an arena, where nothing is copied", () => {
    const lengths = [5, 4097, 4];
    const arena = Arena.for(lengths.flatMap((length) => [length, length, length, length]))!;
    const numbers = (length: number) => Float32Array.from({ length }, (_, i) => Math.cos(i + length));
    const arrays = (take: (length: number) => Float32Array) =>
      lengths.map((length) => {
        const [parameter, gradient] = [take(length), take(length)];
        parameter.set(numbers(length));
        gradient.set(numbers(length));
        return { parameter, gradient, moments: { first: take(length), second: take(length) } };
      });
    const [inside, outside] = [arrays((length) => arena.take(length)), arrays((length) => new Float32Array(length))];
    for (const all of [inside, outside]) {
      for (const step of [1, 2])
        for (const { parameter, gradient, moments } of all)
          adamW(parameter, gradient, moments, OPTIONS, { ...plain, step });
      accumulate(all[1]!.gradient, all[1]!.parameter, -0.5);
    }
    expect(inside).toEqual(outside);
    expect(inside[1]!.gradient[7]).toBeCloseTo(numbers(4097)[7]! - 0.5 * inside[1]!.parameter[7]!, 6);
    const gradients = (all: typeof inside) => all.map(({ gradient }) => gradient);
    expect(globalNorm(gradients(inside))).toBeCloseTo(globalNorm(gradients(outside)), 10);
  });

  it("has no arena where 32-bit addresses do not reach", () => {
    expect(Arena.for([2 ** 30 + 1])).toBeUndefined();
  });

  it("runs what optimizer.wat says", async () => {
    const source = new URL("../../src/training/optimizer.wat", import.meta.url);
    const { parseWat } = await openWabt();
    const { buffer } = parseWat("optimizer.wat", readFileSync(source, "utf8"), { simd: true }).toBinary({});
    expect(MODULE).toBe(Buffer.from(buffer).toString("base64"));
  });

  it("keeps the running means of the gradient and of its square in the arrays it is given", () => {
    const moments = blank(1);
    for (const step of [1, 2]) adamW(new Float32Array(1), Float32Array.of(step), moments, OPTIONS, { ...plain, step });
    expect(moments.first[0]).toBeCloseTo(0.9 * 0.1 * 1 + 0.1 * 2, 6);
    expect(moments.second[0]).toBeCloseTo(0.99 * 0.01 * 1 + 0.01 * 4, 6);
  });
});

describe("AdamW over a tree", () => {
  const OVER = { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.1 };

  it("makes the updates of each trained parameter, by its path and with its own decay, and leaves frozen ones", () => {
    const tree = {
      matrix: { ...filled([2], 1), decay: true },
      layers: [{ gain: filled([1], 1) }],
      fixed: frozen(filled([1], 1)),
    };
    const update = adamWOver(tree, OVER);
    const [matrix, gain] = [new Float32Array(2).fill(1), new Float32Array(1).fill(1)];
    const moments = [2, 1].map((n) => ({ first: new Float32Array(n), second: new Float32Array(n) }));
    for (const step of [1, 2, 3]) {
      const gradients = { matrix: Float32Array.of(step, -1), gain: Float32Array.of(0.5) };
      update(
        { "gradient of matrix": { data: gradients.matrix }, "gradient of layers.0.gain": { data: gradients.gain } },
        0.01,
      );
      adamW(matrix, gradients.matrix, moments[0]!, OVER, { step, learningRate: 0.01, decays: true, scale: 1 });
      adamW(gain, gradients.gain, moments[1]!, OVER, { step, learningRate: 0.01, decays: false, scale: 1 });
    }
    expect([...tree.matrix.data]).toEqual([...matrix]);
    expect([...tree.layers[0]!.gain.data]).toEqual([...gain]);
    expect([...tree.fixed.data]).toEqual([1]);
  });

  it("refuses to leave a trained parameter without a gradient as it is", () => {
    expect(() => adamWOver({ forgotten: filled([1], 1) }, OVER)({}, 0.01)).toThrow(UsageError);
  });
});

describe("the global norm", () => {
  it("is that of all arrays as one vector", () => {
    expect(globalNorm([Float32Array.of(2, 3), Float32Array.of(), Float32Array.of(6)])).toBe(7);
    expect(globalNorm([])).toBe(0);
  });

  it("does not overflow where float32 squares would", () => {
    expect(globalNorm([Float32Array.of(3e30, 4e30)])).toBeCloseTo(5e30, -25);
  });
});
