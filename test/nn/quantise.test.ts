import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { axes, gradients, graph, input, mul, sum, tanh, type Value } from "../../src/graph/index.js";
import { quantisedShapes } from "../../src/graph/ops/quantised.js";
import { fromFloat16, roundedToFloat16, toFloat16 } from "../../src/half.js";
import { bind, initFeedForward, initLinear, initNorm, type Linear, linear, normal } from "../../src/nn/layers.js";
import { flatten, frozen, type Parameter, storedIn } from "../../src/nn/parameters.js";
import { dequantised, quantise } from "../../src/nn/quantise.js";
import {
  quantisable,
  quantisationOf,
  quantisedParameter,
  quantiseParameters,
  SCHEMES,
} from "../../src/nn/quantised.js";
import { Random } from "../../src/random.js";
import { portable } from "../../src/runtime/contract.js";
import { nodeRuntime } from "../../src/runtime/onnx.node.js";
import { checkGradients } from "../support/check.js";
import { evaluate, type Numbers } from "../support/evaluate.js";

const SIZES = [
  [64, 3],
  [70, 65],
  [32, 1],
  [5, 130],
  [1, 1],
] as const;
const BITS = [4, 8] as const;
/** Without the sign of a zero, which codes do not have. */
const unsigned = (x: number) => x + 0;
const back = (data: Float32Array, shape: readonly [number, number], bits: 4 | 8, block = 32) =>
  dequantised({ bits, block, ...quantise(data, shape, { bits, block }) }, shape);

describe.each(BITS)("a matrix quantised to %i bits", (bits) => {
  const half = 2 ** (bits - 1);

  it.each(SIZES)("is off by no more than a step of each block's own scale: %i by %i", (inner, outer) => {
    for (const block of [16, 32, 128]) {
      const data = new Float32Array(inner * outer);
      new Random(`${inner} ${outer}`).normals(data, 2);
      const found = back(data, [inner, outer], bits, block);
      for (let column = 0; column < outer; column++)
        for (let start = 0; start < inner; start += block) {
          const rows = Array.from({ length: Math.min(block, inner - start) }, (_, i) => (start + i) * outer + column);
          const largest = Math.max(...rows.map((at) => Math.abs(data[at]!)));
          // The largest number of the other sign may lack a whole step, of which there are 7 (127) to the largest.
          for (const at of rows)
            expect(Math.abs(found[at]! - data[at]!)).toBeLessThanOrEqual((1.001 * largest) / (half - 1));
        }
    }
  });

  it("loses no more of normal numbers than a tenth, or a 180th, of their size", () => {
    const data = new Float32Array(512 * 32);
    new Random("loss").normals(data, 1);
    const found = back(data, [512, 32], bits);
    const lost = Math.sqrt(
      found.reduce((total, x, i) => total + (x - data[i]!) ** 2, 0) / data.reduce((t, x) => t + x * x, 0),
    );
    // Measured 8.2% and 0.51%; a scale of largest / 7 (127) alone would lose 9.7% and 0.54%.
    expect(lost).toBeLessThan(bits === 4 ? 0.086 : 0.0053);
    expect(lost).toBeGreaterThan(bits === 4 ? 0.07 : 0.004);
  });

  it.each(SIZES)("is quantised again without a change, in its numbers: %i by %i", (inner, outer) => {
    const data = new Float32Array(inner * outer);
    new Random("again").normals(data, 3e-3);
    const once = back(data, [inner, outer], bits);
    expect(back(once, [inner, outer], bits).map(unsigned)).toEqual(once.map(unsigned));
  });

  it("keeps every number that its codes and scale have", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -half, max: half - 1 }), { minLength: 31, maxLength: 31 }),
        fc.integer({ min: 1, max: 0x7bff - 0x2000 }),
        fc.boolean(),
        (codes, bits16, negative) => {
          const scale = fromFloat16(Uint16Array.of(bits16))[0]! * (negative ? -1 : 1);
          // A scale is known by the largest code: -8, or 7 of either sign.
          const data = Float32Array.from([-half, ...codes], (code) => code * scale);
          expect(back(data, [32, 1], bits).map(unsigned)).toEqual(data.map(unsigned));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("of zeros is zeros, in every block", () => {
    const found = quantise(new Float32Array(70 * 3), [70, 3], { bits, block: 32 });
    expect([...found.scales]).toEqual(Array(9).fill(0));
    expect(dequantised({ bits, block: 32, ...found }, [70, 3]).every((x) => x === 0)).toBe(true);
  });

  it("of numbers below those that float16 has is zeros, and of the smallest ones no worse than float16 itself", () => {
    const tiny = Float32Array.from({ length: 32 }, (_, i) => 1e-40 * i);
    expect(back(tiny, [32, 1], bits).every((x) => x === 0)).toBe(true);
    const small = Float32Array.from({ length: 32 }, (_, i) => 1e-6 * Math.sin(i));
    back(small, [32, 1], bits).forEach((x, i) => {
      expect(Math.abs(x - small[i]!)).toBeLessThan(half * 2 ** -25 + 1e-6 / (half - 1));
    });
  });

  it("may hold numbers of any size up to what a scale of float16 reaches", () => {
    const most = Math.fround(65_000 * (half - 1));
    const found = back(Float32Array.of(most, -most / 2, 1), [3, 1], bits);
    expect(Math.abs(found[0]! / most - 1)).toBeLessThan(1e-3);
    expect(() => back(Float32Array.of(70_000 * half), [1, 1], bits)).toThrow(/column 0 of a matrix has/);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "is refused where it has %f, with its column and its name",
    (odd) => {
      const data = new Float32Array(70 * 5).fill(1);
      data[69 * 5 + 3] = odd;
      expect(() => quantise(data, [70, 5], { bits, block: 32 }, "gated.0.query.weight")).toThrow(
        `column 3 of gated.0.query.weight has ${odd}`,
      );
    },
  );

  it("has its numbers where the engine's product looks for them", () => {
    const data = new Float32Array(70 * 5);
    new Random("places").normals(data, 1);
    const shape = [70, 5] as const;
    const held = { bits, block: 32, activations: "float32" as const, ...quantise(data, shape, { bits, block: 32 }) };
    const matrix = bind({ weight: quantisedParameter(shape, held) }, "").weight;
    const [exact] = evaluate([matrix], numbersOf({ weight: quantisedParameter(shape, held) }));
    expect(Float32Array.from(exact!.data)).toEqual(dequantised(held, shape));
  });
});

describe("a scale", () => {
  it("is rounded to float16 as weights are", () => {
    fc.assert(
      fc.property(fc.float({ min: -65_500, max: 65_500, noNaN: true }), (x) => {
        expect(roundedToFloat16(x) + 0).toBe(fromFloat16(toFloat16(Float32Array.of(x)))[0]! + 0);
      }),
      { numRuns: 10_000 },
    );
    for (const x of [2 ** -14, 2 ** -24, 2 ** -25, 3 * 2 ** -25, 65_504, 65_519])
      expect(roundedToFloat16(x)).toBe(fromFloat16(toFloat16(Float32Array.of(x)))[0]);
  });
});

/** What graphs read of a tree, by name. */
const numbersOf = (tree: unknown): Map<string, Numbers> =>
  new Map([...storedIn(tree)].map(([path, { shape, data }]) => [path, { shape, data: Float64Array.from(data) }]));

describe("a tree of parameters held in few bits", () => {
  const random = new Random("tree");
  const tree = {
    language: {
      embedding: normal(random.fork("embedding"), [40, 64], 1, false),
      blocks: [{ norm: initNorm(64), query: initLinear(random.fork("query"), 64, 48) }],
    },
    resampler: { project: initLinear(random.fork("project"), 64, 64) },
    gated: [{ feedForward: initFeedForward(random.fork("gated"), 48, 64) }],
  };

  it.each([
    ["language.blocks.0.query.weight", [64, 48], true],
    ["language.head.weight", [64, 300], true],
    ["language.addedHead.weight", [64, 3], false],
    ["language.blocks.0.attention.relative.project.weight", [64, 64], true],
    ["grafts.0.query.weight", [64, 64], true],
    ["visualProjection.weight", [64, 64], false],
    ["gated.3.feedForward.up.weight", [192, 768], true],
    ["vision.layers.0.attention.query.weight", [1024, 1024], true],
    ["vision.stem.weight", [9, 12, 32], false],
    ["vision.stages.0.0.squeeze.weight", [24, 96], false],
    ["resampler.layers.0.query.weight", [192, 192], false],
    ["resampler.latents", [64, 192], false],
    ["language.embedding", [3072, 192], false],
    ["language.positions", [2048, 768], false],
    ["language.blocks.0.norm.weight", [64], false],
    ["language.blocks.0.query.bias", [64], false],
    ["gated.0.attentionGate", [], false],
    ["vision.layers.0.norm.gain", [64], false],
  ] as const)("has %s %j in few bits: %s", (path, shape, wanted) => {
    expect(quantisable(path, shape)).toBe(wanted);
  });

  it("has the map to logits in 8 bits where others have 4", () => {
    expect(quantisationOf("language.head.weight", [64, 300], "int4")).toBe(SCHEMES.int8);
    expect(quantisationOf("language.blocks.0.query.weight", [64, 48], "int4")).toBe(SCHEMES.int4);
  });

  it.each(["int8", "int4"] as const)(
    "as %s is made of packed numbers and scales under the parameter's path",
    (held) => {
      const made = frozen(quantiseParameters(tree, held));
      const names = [...storedIn(made).keys()];
      const quantised = [
        "language.blocks.0.query.weight",
        "gated.0.feedForward.up.weight",
        "gated.0.feedForward.down.weight",
      ];
      expect(names.filter((name) => name.endsWith(".packed"))).toEqual(quantised.map((path) => `${path}.packed`));
      expect(names).toContain("resampler.project.weight");
      expect(names).not.toContain("language.blocks.0.query.weight");
      for (const path of quantised) {
        const { shape, data, quantised: parts, trained } = flatten(made).get(path)!;
        const { packed, scales } = quantisedShapes(shape as [number, number], SCHEMES[held]);
        expect([storedIn(made).get(`${path}.packed`)!.shape, storedIn(made).get(`${path}.scales`)!.shape]).toEqual([
          packed,
          scales,
        ]);
        expect(trained).toBe(false);
        expect(data).toEqual(dequantised(parts!, shape as [number, number]));
      }
    },
  );

  it("as f16 has every number rounded to 16 bits, and as f32 stays what it is", () => {
    const { data } = quantiseParameters(tree, "f16").language.embedding;
    expect(data).toEqual(fromFloat16(toFloat16(tree.language.embedding.data)));
    expect(quantiseParameters(tree, "f32")).toBe(tree);
    const large: { gain: Parameter } = {
      gain: { shape: [1], data: Float32Array.of(7e4), trained: true, decay: false },
    };
    expect(() => quantiseParameters(large, "f16")).toThrow(/gain has 70000/);
  });

  it.each(["int8", "int4"] as const)(
    "as %s multiplies on the engine as its own dequantised numbers do",
    async (held) => {
      const { query } = quantiseParameters(tree, held).language.blocks[0]!;
      const x = input("x", "float32", axes(7, 64));
      const data = new Float32Array(7 * 64);
      new Random("x").normals(data, 1);
      const given = { query };
      const outputs = { y: linear(bind(given, "").query, x) };
      await using program = await nodeRuntime.compile(portable(graph(outputs), storedIn(given)));
      const found = (await program.run({ x: data })).y!.data as Float32Array;
      const feeds = numbersOf(given).set("x", { shape: [7, 64], data: Float64Array.from(data) });
      const [wanted] = evaluate([outputs.y], feeds);
      const size = (numbers: ArrayLike<number>) => Math.hypot(...Array.from(numbers));
      // Activations are rounded to int8: measured 0.35%.
      expect(size(Array.from(found, (y, i) => y - wanted!.data[i]!)) / size(wanted!.data)).toBeLessThan(0.006);
    },
  );

  it.each(BITS)("lets training through a frozen matrix of %i bits between two trained ones", async (bits) => {
    const shape = [40, 36] as const;
    const weight = new Float32Array(40 * 36);
    new Random("middle").normals(weight, 0.2);
    const scheme = { bits, block: 32, activations: "float32" } as const;
    const layers: Record<"first" | "middle" | "last", Linear<Parameter>> = {
      first: initLinear(random.fork("first"), 6, 40),
      middle: { weight: quantisedParameter(shape, { ...scheme, ...quantise(weight, shape, scheme) }) },
      last: initLinear(random.fork("last"), 36, 3),
    };
    const bound = bind(layers, "");
    const x = input("x", "float32", axes(2, 3, 6));
    const y = linear(bound.last, tanh(linear(bound.middle, tanh(linear(bound.first, x)))));
    const loss = sum(mul(y, y), [0, 1, 2]);
    const data = Float64Array.from({ length: 36 }, (_, i) => Math.fround(Math.sin(i)));
    const wanted = new Map<string, Value>([
      ["first.weight", bound.first.weight],
      ["last.weight", bound.last.weight],
      ["x", x],
    ]);
    const feeds = numbersOf(layers).set("x", { shape: [2, 3, 6], data });
    await checkGradients(loss, wanted, feeds, { value: 2e-6, differences: 1e-6, gradient: 5e-6, entries: 40 });
    const { source } = bound.middle.weight;
    if (source.kind !== "op") throw new Error("the matrix is no result of an op");
    expect(() => gradients(loss, [source.node.inputs[1]!])).toThrow(/quantised weights are frozen/);
  });
});
