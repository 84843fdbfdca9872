/** Values and slopes against PyTorch's, where conventions differ from one library to the next: tools/reference/ops.py. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  argMax,
  averagePool,
  axes,
  constant,
  convolve,
  crossEntropy,
  cumulativeSum,
  div,
  embed,
  gelu,
  geluTanh,
  gradients,
  graph,
  groupNorm,
  input,
  layerNorm,
  logSumExp,
  max,
  maximum,
  maxPool,
  mul,
  product,
  quickGelu,
  rmsNorm,
  silu,
  softplus,
  squaredRelu,
  topK,
  type Value,
} from "../../src/graph/index.js";
import { expectClose, runEngine } from "../support/check.js";
import type { Numbers } from "../support/evaluate.js";
import { numbersOf } from "../support/feeds.js";
import { total } from "../support/loss.js";

interface Reference {
  readonly inputs: readonly Numbers[];
  readonly result: Numbers;
  readonly weights?: Numbers;
  readonly gradients?: readonly Numbers[];
}

const { cases } = JSON.parse(readFileSync(new URL("../fixtures/ops.json", import.meta.url), "utf8")) as {
  readonly cases: Readonly<Record<string, Reference>>;
};

const targets = constant(Int32Array.of(2, -100, 0, 4, -100, 1), axes(6));
const lossOf = (x: Value, smoothing: number) => crossEntropy(x, targets, { smoothing, ignored: -100 }).loss;
/** PyTorch's mean is that of the rows that are not ignored. */
const counted = (losses: Value) => div(total(losses), constant(Float32Array.of(4), []));

const OURS: Readonly<Record<string, (x: Value, ...more: Value[]) => Value>> = {
  gelu,
  geluTanh,
  quickGelu,
  silu,
  softplus,
  squaredRelu,
  "crossEntropy 0.0 none": (x) => lossOf(x, 0),
  "crossEntropy 0.0 mean": (x) => counted(lossOf(x, 0)),
  "crossEntropy 0.1 none": (x) => lossOf(x, 0.1),
  "crossEntropy 0.1 mean": (x) => counted(lossOf(x, 0.1)),
  groupNorm: (x, gain, offset) => groupNorm(x, 3, gain!, offset!, 1e-5),
  layerNorm: (x, gain, offset) => layerNorm(x, gain!, offset!, 1e-5),
  rmsNorm: (x, gain) => rmsNorm(x, gain!, 1e-5),
  "convolve 3 x 2, two groups, strides 2 and 1, dilations 1 and 2": (x, w) =>
    convolve(x, w!, {
      kernel: [3, 2],
      groups: 2,
      stride: [2, 1],
      dilation: [1, 2],
      padding: [
        [1, 1],
        [2, 2],
      ],
    }),
  "convolve depthwise, stride 2": (x, w) => convolve(x, w!, { groups: 6, stride: 2, padding: 1 }),
  "convolve along one axis, dilation 2": (x, w) => convolve(x, w!, { dilation: 2, padding: 0 }),
  "averagePool, border not counted": (x) => averagePool(x, 3, { stride: 2, padding: 1 }),
  averagePool: (x) => averagePool(x, 2),
  maxPool: (x) => maxPool(x, 3, { stride: 2, padding: 1 }),
  "maxPool of ties": (x) => maxPool(x, 2),
  "max of ties": (x) => max(x, [1]),
  "maximum of ties": (x, y) => maximum(x, y!),
  "argMax of ties": (x) => argMax(x, 1),
  topK: (x) => topK(x, 3, 1).values,
  "topK places": (x) => topK(x, 3, 0).places,
  cumulativeSum: (x) => cumulativeSum(x, 1),
  "cumulativeSum from the end": (x) => cumulativeSum(x, 1, { reverse: true }),
  "cumulativeSum of those before": (x) => cumulativeSum(x, 1, { exclusive: true }),
  logSumExp: (x) => logSumExp(x, [1]),
  "product with a zero": (x) => product(x, [1]),
  "embedding, rows picked twice": (table) => embed(table, constant(Int32Array.of(1, 3, 1, 1), axes(4))),
};

/** PyTorch gives the slope of a window's maximum to the first that has it; here all that have it share it. */
const SHARED = "maxPool of ties";

/** As for single ops, of float32 on both sides of the file: relative to the largest entry. */
const TOLERANCE = 5e-6;
const near = (found: Numbers, wanted: Numbers, what: string) =>
  expectClose(found, wanted, TOLERANCE * Math.max(1e-3, ...wanted.data.map(Math.abs)), what);

describe("PyTorch's numbers are ours", () => {
  it("case by case", () => {
    expect(Object.keys(OURS).sort()).toEqual(Object.keys(cases).sort());
  });

  it.each(Object.entries(cases))("%s", async (name, reference) => {
    const feeds = new Map(reference.inputs.map((numbers, i) => [`x${i}`, numbers] as const));
    const inputs = [...feeds].map(([path, { shape }]) => input(path, "float32", axes(...shape)));
    const [x, ...more] = inputs as [Value, ...Value[]];
    const result = OURS[name]!(x, ...more);
    const { weights } = reference;
    const weighed = weights && mul(result, constant(Float32Array.from(weights.data), axes(...weights.shape)));
    const slopes = weighed === undefined ? [] : gradients(weighed.axes.length === 0 ? weighed : total(weighed), inputs);
    const named = Object.fromEntries(slopes.map((slope, i) => [`slope ${i}`, slope]));
    const found = await runEngine(graph({ result, ...named }), feeds);
    near(numbersOf(found.result!), reference.result, name);
    if (name === SHARED) return;
    slopes.forEach((_, i) => {
      near(numbersOf(found[`slope ${i}`]!), reference.gradients![i]!, `slope ${i} of ${name}`);
    });
  });

  it("but for the slope where several in a window are largest: PyTorch takes the first, here they share it", async () => {
    const { inputs, weights, gradients: theirs } = cases[SHARED]!;
    const x = input("x0", "float32", axes(...inputs[0]!.shape));
    const y = mul(maxPool(x, 2), constant(Float32Array.from(weights!.data), axes(...weights!.shape)));
    const [slope] = gradients(total(y), [x]);
    const { slope: ours } = await runEngine(graph({ slope: slope! }), new Map([["x0", inputs[0]!]]));
    const windowed = (data: ArrayLike<number>) =>
      [0, 2, 8, 10].map((at) => [0, 1, 4, 5].reduce((all, tap) => all + data[at + tap]!, 0));
    expect(ours!.data).not.toEqual(Float32Array.from(theirs![0]!.data));
    windowed(theirs![0]!.data).forEach((all, window) => {
      expect(windowed(ours!.data as Float32Array)[window]).toBeCloseTo(all, 5);
    });
  });
});
