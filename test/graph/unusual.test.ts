/** Uses at the edges: slopes of slopes, values met often or nowhere, long chains, strange names, numbers that are none. */
import { describe, expect, it } from "vitest";
import {
  add,
  averagePool,
  axes,
  axis,
  cast,
  checkpoint,
  constant,
  convolve,
  crossEntropy,
  cumulativeSum,
  div,
  embed,
  erf,
  exp,
  GraphError,
  gelu,
  geluTanh,
  gradients,
  graph,
  greater,
  groupNorm,
  input,
  layerNorm,
  logSoftmax,
  logSumExp,
  matmul,
  max,
  maxPool,
  mean,
  mul,
  named,
  onnxModel,
  pad,
  parameter,
  pow,
  product,
  readOnnx,
  relu,
  reshape,
  rmsNorm,
  scalar,
  scatterAdd,
  sigmoid,
  sign,
  silu,
  slice,
  softmax,
  softplus,
  squaredRelu,
  sum,
  tanh,
  topK,
  type Value,
  type Weight,
  where,
  writeOnnx,
} from "../../src/graph/index.js";
import { checkGradients, runEngine } from "../support/check.js";
import { total } from "../support/loss.js";
import { normalNumbers } from "../support/parameters.js";

const x = input("x", "float32", axes(3, 4));
const row = constant(Float32Array.of(1, 2, 3, 4), axes(4));
const feeds = new Map([["x", normalNumbers("x", [3, 4])]]);
const cube = (v: Value) => mul(v, mul(v, v));

describe("the slope of a slope", () => {
  const TWICE: Record<string, (v: Value) => Value> = {
    exp,
    erf,
    tanh,
    sigmoid,
    softplus,
    gelu,
    geluTanh,
    silu,
    "relu times its input": (v) => mul(v, relu(v)),
    "squared relu times its input": (v) => mul(v, squaredRelu(v)),
    "a power": (v) => pow(v, 3),
    "a quotient": (v) => div(v, add(exp(v), scalar(1))),
    "a choice": (v) => where(greater(v, scalar(0)), mul(v, v), exp(v)),
    softmax: (v) => mul(softmax(v), v),
    "log-softmax": (v) => mul(logSoftmax(v), v),
    "group norm": (v) => mul(v, groupNorm(reshape(v, [1, 3, 4]), 2, row, row, 0.1)),
    "a maximum": (v) => mul(v, max(v, [0])),
    "a mean": (v) => mul(v, mean(mul(v, v), [0])),
    "a product": (v) => product(v, [0]),
    "log-sum-exp": (v) => logSumExp(v, [0]),
    "a matrix product": (v) => matmul(tanh(v), mul(v, v), { transposeRight: true }),
    "a convolution": (v) =>
      convolve(reshape(mul(v, v), [1, 12, 1]), reshape(slice(v, 0, 0, 1), [4, 1, 1]), { padding: 0 }),
    pooling: (v) => mul(averagePool(reshape(cube(v), [1, 12, 1]), 2), maxPool(reshape(cube(v), [1, 12, 1]), 2)),
    "the largest": (v) => cube(topK(v, 2).values),
    "running sums": (v) => mul(v, cumulativeSum(mul(v, v), 0)),
    "rows picked twice": (v) => cube(embed(v, constant(Int32Array.of(1, 1, 0), axes(3)))),
    padding: (v) => cube(pad(v, 0, 1, 1)),
    "a block computed again": (v) => checkpoint((h) => tanh(mul(h!, h!)), [v]),
  };
  it.each(Object.entries(TWICE))("is that of its central differences: %s", async (_, f) => {
    const [slope] = gradients(total(f(x)), [x]);
    const loss = total(mul(slope!, tanh(slope!)));
    await checkGradients(loss, new Map([["x", x]]), feeds, { value: 1e-5, differences: 1e-5, gradient: 1e-4 });
  });

  it.each<[string, (v: Value) => Value]>([
    ["LayerNorm", (v) => mul(v, layerNorm(v, row, row, 0.1))],
    ["RmsNorm", (v) => mul(v, rmsNorm(v, row, 0.1))],
    ["CrossEntropy", (v) => crossEntropy(v, constant(Int32Array.of(0, 1, 2), axes(3))).loss],
  ])("is refused where it would go through a by-product: %s", (name, f) => {
    const [slope] = gradients(total(f(x)), [x]);
    expect(() => gradients(total(mul(slope!, slope!)), [x])).toThrow(
      new RegExp(`a by-product of ${name} that carries no gradient, at .*unusual.test`),
    );
  });
});

describe("what a gradient may be asked of", () => {
  it("is the loss itself: its slope is 1", async () => {
    const loss = total(mul(x, x));
    const [toLoss] = gradients(loss, [loss]);
    expect([...(await runEngine(graph({ toLoss: toLoss! }), new Map())).toLoss!.data]).toEqual([1]);
  });

  it("is a value halfway whose own op has no slope, or that is a by-product", async () => {
    const steps = sign(x);
    const [toSteps] = gradients(total(mul(steps, x)), [steps]);
    expect([...(await runEngine(graph({ toSteps: toSteps! }), feeds)).toSteps!.data]).toEqual([
      ...Float32Array.from(feeds.get("x")!.data),
    ]);
    const { logProbability } = crossEntropy(x, constant(Int32Array.of(0, 1, 2), axes(3)));
    const [toLog] = gradients(total(mul(logProbability, row)), [logProbability]);
    const { toLog: slope } = await runEngine(graph({ toLog: toLog! }), feeds);
    expect([...slope!.data]).toEqual([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]);
  });

  it("is the same value twice, or used a thousand times", async () => {
    const w = parameter("w", axes(4), true);
    const loss = total(Array.from({ length: 1000 }).reduce<Value>((y) => add(y, w), mul(x, w)));
    const [first, second] = gradients(loss, [w, w]);
    expect(first).toBe(second);
    const ones = new Map([
      ["x", { shape: [3, 4], data: new Float64Array(12) }],
      ["w", { shape: [4], data: new Float64Array(4) }],
    ]);
    expect([...(await runEngine(graph({ first: first! }), ones)).first!.data]).toEqual([3000, 3000, 3000, 3000]);
  });

  it("is nothing", () => {
    expect(gradients(total(x), [])).toEqual([]);
  });

  it("is not what the loss does not depend on", () => {
    expect(() => gradients(scalar(3), [x])).toThrow(/the loss does not depend on x/);
    expect(() => gradients(total(x), [exp(x)])).toThrow(/the loss does not depend on Exp/);
  });
});

describe("a chain of 10,000 ops", () => {
  const chain = Array.from({ length: 10_000 }).reduce<Value>((y) => mul(y, scalar(1)), x);
  it("has its slope, is written and read back, all in seconds", { timeout: 30_000 }, () => {
    const [slope] = gradients(total(chain), [x]);
    const bytes = writeOnnx(graph({ slope: slope! }), new Map());
    expect(readOnnx(bytes).nodes.length).toBeGreaterThan(10_000);
  });

  it("in a block that is computed again is no deeper", { timeout: 30_000 }, () => {
    const again = checkpoint((h) => Array.from({ length: 10_000 }).reduce<Value>((y) => mul(y, scalar(1)), h!), [x]);
    expect(graph({ slope: gradients(total(again), [x])[0]! }).nodes.length).toBeGreaterThan(20_000);
  });
});

describe("names", () => {
  /** A graph with intermediates and shared numbers, whose input and label have a name. */
  const under = (name: string, label: string) => {
    const y = named(scatterAdd(input(name, "float32", axes(2, 2)), input("at", "int32", axes(2)), 3), label);
    return graph({ y: named(softmax(add(y, scalar(0))), label), z: y });
  };
  const strange = ["number:0", "y/places:0", "y", "a/b\\c", "漢字 ü", "", " ", "constant", "toString", "#1"];
  it.each(strange.filter((name) => name !== "" && name !== "y"))("of an input may be %j", async (name) => {
    const numbers = new Map([
      [name, { shape: [2, 2], data: Float64Array.of(1, 2, 3, 4) }],
      ["at", { shape: [2], data: Float64Array.of(2, 2) }],
    ]);
    const built = under(name, "result");
    expect([...readOnnx(writeOnnx(built, new Map())).inputs.keys()]).toContain(name);
    expect([...(await runEngine(built, numbers)).z!.data]).toEqual([0, 0, 0, 0, 4, 6]);
  });

  it.each(strange)("of two values may both be %j", async (label) => {
    const numbers = new Map([
      ["x", { shape: [2, 2], data: Float64Array.of(1, 2, 3, 4) }],
      ["at", { shape: [2], data: Float64Array.of(0, 1) }],
    ]);
    const built = under("x", label);
    readOnnx(writeOnnx(built, new Map()));
    expect([...(await runEngine(built, numbers)).z!.data]).toEqual([1, 2, 3, 4, 0, 0]);
  });
});

describe("numbers", () => {
  it("that are none, or without bound, are constants like others", async () => {
    const odd = constant(Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, -0), axes(3));
    const model = onnxModel(graph({ y: mul(odd, scalar(Number.NEGATIVE_INFINITY)) }), new Map());
    expect([...model.initialisers.values()].map(({ data }) => (data as Uint8Array).length)).toEqual([12, 4]);
    const { y } = await runEngine(graph({ y: mul(odd, scalar(2)) }), new Map());
    expect([...y!.data]).toEqual([Number.NaN, Number.POSITIVE_INFINITY, -0]);
  });

  it("of 16 bits come back as they were, where they are moved and not computed with", async () => {
    const bits = Uint16Array.of(0x0000, 0x8000, 0x0001, 0x3c00, 0x7bff, 0xfc00);
    const halves = constant(bits, axes(2, 3));
    const { y, z } = await runEngine(
      graph({ y: cast(cast(halves, "float32"), "float16"), z: reshape(halves, [6]) }),
      new Map(),
    );
    expect([...y!.data]).toEqual([...bits]);
    expect([...z!.data]).toEqual([...bits]);
  });

  it("may be none at all: weights without entries, inside the file as beside others", async () => {
    const open = input("open", "float32", axes("rows", axis("none", 0)));
    const weight = parameter("weight", axes(axis("none", 0), 3), false);
    const built = graph({ y: matmul(open, weight) });
    const weights = new Map<string, Weight>([["weight", { data: new Float32Array(0) }]]);
    const bytes = writeOnnx(built, weights);
    expect(readOnnx(bytes).initialisers.get("weight")!.data).toEqual(new Uint8Array(0));
    const { y } = await runEngine(
      built,
      new Map([
        ["open", { shape: [2, 0], data: new Float64Array(0) }],
        ["weight", { shape: [0, 3], data: new Float64Array(0) }],
      ]),
    );
    expect([y!.shape, [...y!.data]]).toEqual([
      [2, 3],
      [0, 0, 0, 0, 0, 0],
    ]);
  });

  it("of whole graphs may be used in two: nothing of the first is changed by the second", () => {
    const y = sum(exp(x), [0]);
    const first = writeOnnx(graph({ y }), new Map());
    const [slope] = gradients(total(y), [x]);
    writeOnnx(graph({ y, slope: slope! }), new Map());
    expect(writeOnnx(graph({ y }), new Map())).toEqual(first);
    expect(() => gradients(y, [x])).toThrow(GraphError);
  });
});
