import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  add,
  axes,
  axis,
  cast,
  clip,
  concat,
  constant,
  convolve,
  crossEntropy,
  embed,
  type Graph,
  gradients,
  graph,
  greater,
  groupNorm,
  input,
  layerNorm,
  matmul,
  maxPool,
  moveRows,
  mul,
  named,
  not,
  oneHot,
  parameter,
  relu,
  reshape,
  scalar,
  scatterAdd,
  softmax,
  split,
  squeeze,
  subgraph,
  sum,
  tile,
  topK,
  type Value,
  type Weight,
  writeOnnx,
} from "../../src/graph/index.js";
import { ModelProtoSchema } from "../../src/graph/onnx/onnx.generated.js";
import { toFloat16 } from "../../src/half.js";
import { portable } from "../../src/runtime/contract.js";
import { nodeRuntime } from "../../src/runtime/onnx.node.js";
import { gradientName, trainingGraph } from "../../src/training/objective.js";

const none = new Map<string, Weight>();
const read = (built: Graph, weights: ReadonlyMap<string, Weight> = none) =>
  fromBinary(ModelProtoSchema, writeOnnx(built, weights)).graph!;
const width = axis("width", 3);

describe("the written file", () => {
  const x = input("tokens", "float32", axes("batch", axis("text", 2), width));
  const w = parameter("block.weight", axes(3, 4), false);
  const scores = named(matmul(x, w), "scores");
  const built = graph({ result: relu(scores), again: relu(scores) });
  const weights = new Map([["block.weight", { data: new Float32Array(12) }]]);

  it("carries the names of axes: of unknown size as dim_param, of known size as denotation", () => {
    const [tokens] = read(built, weights).input;
    const type = tokens!.type!.value;
    const dims = type.case === "tensorType" ? type.value.shape!.dim : [];
    expect(dims.map(({ value, denotation }) => [value.case, value.value, denotation])).toEqual([
      ["dimParam", "batch", "batch"],
      ["dimValue", 2n, "text"],
      ["dimValue", 3n, "width"],
    ]);
  });

  it("calls inputs and outputs what the graph calls them, and values by their labels", () => {
    const file = read(built, weights);
    expect(file.input.map(({ name }) => name)).toEqual(["tokens"]);
    expect(file.output.map(({ name }) => name)).toEqual(["result", "again"]);
    expect(file.initializer.map(({ name }) => name)).toContain("block.weight");
    expect(file.node.map(({ output }) => output[0])).toContain("scores");
  });

  it("tells two values of one label apart", () => {
    const [a, b] = [named(relu(x), "same"), named(relu(x), "same")];
    const file = read(graph({ y: add(a, b) }));
    expect(file.node.map(({ output }) => output[0])).toEqual(["same", "same#1", "y"]);
  });

  it("holds a shape once, however often it is used", () => {
    const sixOf = (name: string) => reshape(input(name, "float32", axes(2, 3)), [6]);
    const file = read(graph({ y: add(sixOf("a"), sixOf("b")) }));
    expect(file.node.map(({ opType }) => opType)).toEqual(["Reshape", "Reshape", "Add"]);
    expect(file.initializer.map(({ dims }) => dims)).toEqual([[1n]]);
  });

  it("can give an input, a constant or a weight as an output, and one value under two names", async () => {
    const given = input("given", "float32", axes(2));
    const frozen = parameter("frozen", axes(2), false);
    const y = mul(given, scalar(2));
    const outputs = graph({
      one: y,
      two: y,
      same: given,
      number: constant(Float32Array.of(7), axes(1)),
      weight: frozen,
    });
    await using program = await nodeRuntime.compile(
      portable(outputs, new Map([["frozen", { data: Float32Array.of(8, 9) }]])),
    );
    const found = await program.run({ given: Float32Array.of(1, 2) });
    expect(Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, [...data]]))).toEqual({
      one: [2, 4],
      two: [2, 4],
      same: [1, 2],
      number: [7],
      weight: [8, 9],
    });
  });

  it("refuses two inputs of one name, and an output that is called as an input", () => {
    const other = input("tokens", "float32", axes(width));
    expect(() => graph({ y: add(x, other) })).toThrow(/two different inputs are called tokens/);
    expect(() => read(graph({ tokens: relu(x) }))).toThrow(/tokens is an output and an input/);
  });
});

describe("frozen weights", () => {
  const x = input("x", "float32", axes("rows", 3));
  const result = graph({
    y: matmul(mul(x, parameter("gain", axes(3), false)), parameter("weight", axes(3, 2), false)),
  });
  const gain = Float32Array.of(1, 2, 3);
  const weight = Float32Array.of(1, 0, 0, 1, 1, 1);
  const expected = [1 + 9, 4 + 9, 4 + 18, 10 + 18];
  const folder = mkdtempSync(join(tmpdir(), "flamingo-weights-"));
  beforeAll(() => {
    const before = new Uint8Array(20).fill(255);
    writeFileSync(
      join(folder, "all.bin"),
      Buffer.concat([before, Buffer.from(gain.buffer), before, Buffer.from(weight.buffer)]),
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each<[string, Map<string, Weight>]>([
    [
      "in the file itself",
      new Map([
        ["gain", { data: gain }],
        ["weight", { data: weight }],
      ]),
    ],
    [
      "in another file, each at its offset",
      new Map([
        ["gain", { location: "all.bin", offset: 20, length: 12 }],
        ["weight", { location: "all.bin", offset: 52, length: 24 }],
      ]),
    ],
  ])("may stand %s", async (_, weights) => {
    await using program = await nodeRuntime.compile(portable(result, weights), { weightsFolder: folder });
    const { y } = await program.run({ x: { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] } });
    expect([...y!.data]).toEqual(expected);
  });

  it("may be stored as float16, which takes half the room, and computed with as float32", async () => {
    const halves = (path: string, ...sizes: number[]) =>
      cast(parameter(path, axes(...sizes), false, "float16"), "float32");
    const built = graph({ y: matmul(mul(x, halves("gain", 3)), halves("weight", 3, 2)) });
    const stored = new Map<string, Weight>([
      ["gain", { data: toFloat16(gain) }],
      ["weight", { data: toFloat16(weight) }],
    ]);
    expect(read(built, stored).initializer.map(({ name, rawData }) => [name, rawData.length])).toEqual([
      ["gain", 6],
      ["weight", 12],
    ]);
    await using program = await nodeRuntime.compile(portable(built, stored));
    const { y } = await program.run({ x: { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] } });
    expect([...y!.data]).toEqual(expected);
    expect(() => writeOnnx(built, new Map([...stored, ["gain", { data: gain }]]))).toThrow(/gain has 6 numbers/);
  });

  it("must all be given, each of its own size", () => {
    const some = new Map<string, Weight>([["gain", { data: gain }]]);
    expect(() => writeOnnx(result, some)).toThrow(/no weight for the frozen parameter weight/);
    expect(() => writeOnnx(result, new Map([...some, ["weight", { data: gain }]]))).toThrow(
      /weight has 3 numbers for axes \[3, 2\]/,
    );
  });
});

describe("a training graph", () => {
  /** Two layers and a loss; which of the weights are trained is up to the case. */
  const twoLayers = (...trained: [boolean, boolean]) => {
    const x = input("x", "float32", axes(4, 3));
    const [first, second] = trained.map((is, i) => parameter(`layer ${i}`, axes(3, 3), is)) as [Value, Value];
    return sum(matmul(relu(matmul(x, first)), second), [0, 1]);
  };
  const nodes = (...trained: [boolean, boolean]) => trainingGraph(twoLayers(...trained)).nodes.length;

  it("feeds what is trained and gives a gradient for it; what is frozen is part of the graph", () => {
    const built = trainingGraph(twoLayers(false, true));
    expect([...built.inputs.keys()].sort()).toEqual(["layer 1", "x"]);
    expect([...built.frozen.keys()]).toEqual(["layer 0"]);
    expect([...built.outputs.keys()]).toEqual(["loss", gradientName("layer 1")]);
  });

  it("has no gradient nodes at all for a frozen weight (2.2: the language model stays as it is)", () => {
    const forward = graph({ loss: twoLayers(false, false) }).nodes.length;
    expect(nodes(false, false)).toBe(forward);
    // To the last weight only: the gradient of the sum is stretched to the product, times the layer's input.
    expect(nodes(false, true) - forward).toBe(3);
    // To the first weight the gradient must also cross the second product and the kink, but not enter the second weight.
    const [first, both] = [nodes(true, false), nodes(true, true)];
    expect(both - first).toBe(1);
    expect(first).toBeGreaterThan(nodes(false, true));
  });
});

describe("axes of a size known only at run time", () => {
  it("take any size at every run, in every input that shares the name", async () => {
    const x = input("x", "float32", axes("batch", "text", 2));
    const past = input("past", "float32", axes("batch", "past", 2));
    const y = concat([past, x], 1, "keys");
    await using program = await nodeRuntime.compile(portable(graph({ y: mul(y, scalar(2)) }), none));
    for (const [batch, text, before] of [
      [1, 1, 0],
      [2, 3, 1],
      [3, 1, 7],
    ] as const) {
      const fill = (count: number, from: number) => Float32Array.from({ length: count }, (_, i) => from + i);
      const found = await program.run({
        x: { data: fill(batch * text * 2, 0), shape: [batch, text, 2] },
        past: { data: fill(batch * before * 2, 100), shape: [batch, before, 2] },
      });
      expect(found.y!.shape).toEqual([batch, before + text, 2]);
      expect(found.y!.data[before * 2]).toBe(0);
      expect(found.y!.data.at(-1)).toBe(2 * (batch * text * 2 - 1));
    }
  });
});

describe("values that do not fit together", () => {
  const batch = axis("batch", 2);
  const x = input("x", "float32", axes(batch, axis("text", 5), width));
  const w3 = input("three", "float32", axes(3));
  const refused: [string, () => Value, RegExp][] = [
    [
      "sizes that differ",
      () => add(x, input("y", "float32", axes(4))),
      /Add\(x float32 \[batch 2, text 5, width 3\], y float32 \[4\]\): axes \[width 3\] and \[4\] differ in size/,
    ],
    [
      "names that differ",
      () => add(x, input("y", "float32", axes(axis("latents", 5), 1))),
      /axes text and latents meet, though they mean different things/,
    ],
    ["element types that differ", () => mul(x, input("y", "int32", axes(3))), /float32 meets int32/],
    [
      "a product over axes of two sizes",
      () => matmul(x, input("w", "float32", axes(4, 2))),
      /the summed axes are \[width 3\] and \[4\]/,
    ],
    [
      "a constant of too few numbers",
      () => constant(new Float32Array(5), axes(2, 3)),
      /a constant of 5 numbers for axes \[2, 3\]/,
    ],
    ["a shape of another volume", () => reshape(x, [batch, 7]), /\[batch 2, 7\] holds 14 numbers, not 30/],
    ["an index that is no whole number", () => embed(x, x), /x float32 .*: float32 where int32 or int64 is wanted/],
    ["a comparison of two element types", () => greater(x, input("y", "int32", axes(3))), /float32 meets int32/],
    ["a number taken for a truth", () => not(x), /float32 where bool is wanted/],
    ["bounds the wrong way round", () => clip(x, 1, -1), /bounds 1 to -1/],
    ["more of the largest than there are", () => topK(x, 4).values, /the 4 largest of 3/],
    ["parts that do not add up", () => split(x, 1, [2, 2])[0]!, /parts of \[2,2\] of axis 1 of x/],
    ["an axis that is not there", () => softmax(x, 3), /no axis 3 among \[batch 2, text 5, width 3\]/],
    ["an axis that is too long to go", () => squeeze(x, 0), /axis 0 is not of size 1/],
    ["copies along too few axes", () => tile(x, [2]), /\[2\] copies along 3 axes/],
    [
      "rows added up into an axis of unknown size",
      () => scatterAdd(x, input("i", "int32", axes(2)), "table"),
      /rows added up into an axis table of unknown size/,
    ],
    ["groups that do not divide the channels", () => groupNorm(x, 2, w3, w3, 1e-5), /2 groups of the 3 channels/],
    [
      "a weight of other taps",
      () => convolve(x, input("w", "float32", axes(3, 3, 4)), { kernel: [2] }),
      /a weight \[3, 3, 4\] for \[batch 2, text 5, width 3\] in 1 groups/,
    ],
    [
      "a grid smaller than a window",
      () => convolve(x, input("w", "float32", axes(9, 3, 4)), { padding: 0 }),
      /windows that span 9 of 5 positions/,
    ],
    ["windows that would see nothing", () => maxPool(x, 2, { padding: 2 }), /windows of 2 with 2 and 2 beyond/],
    [
      "targets for other rows than the logits",
      () => crossEntropy(input("l", "float32", axes(5, 7)), input("t", "int32", axes(4))).loss,
      /axes \[5\] and \[4\] differ in size/,
    ],
    [
      "a norm's offset of another width",
      () => layerNorm(x, input("g", "float32", axes(3)), input("o", "float32", axes(4)), 1e-5),
      /a gain or offset \[4\] for a last axis of 3/,
    ],
    ["a sum over no axis", () => sum(x, []), /no axis to reduce/],
    ["a sum over an axis that is not there", () => sum(x, [3]), /no axis 3/],
    [
      "rows moved by the places of another batch",
      () => moveRows(x, input("i", "int32", axes(3, 4)), input("b", "int32", axes(3, 5))),
      /axes \[batch 2\] and \[3\] differ/,
    ],
    [
      "rows of which too few say where they went",
      () => moveRows(x, input("i", "int32", axes(2, 4)), input("b", "int32", axes(2, 4))),
      /\[text 5\] and \[4\] differ/,
    ],
  ];
  it.each(refused)("are refused when the graph is built: %s", (_, build, message) => {
    expect(build).toThrow(message);
  });

  it("name themselves in the message by label, element type and axes, and say how to mend it", () => {
    const scores = named(oneHot(input("i", "int32", axes("rows")), 3), "scores");
    expect(() => add(scores, input("y", "float32", axes("rows", 4)))).toThrow(
      /scores float32 \[rows, 3\][\s\S]*To mend it: make the sizes agree/,
    );
  });

  it("name the line that put them together", () => {
    expect(() => mul(x, input("y", "float32", axes(4)))).toThrow(/differ in size, at \S*onnx\.test\.ts:\d+:\d+/);
  });
});

describe("what is asked of a graph and is not there", () => {
  const x = input("x", "float32", axes("rows", 3));
  const unused = input("mask", "bool", axes("rows"));
  const built = graph({ double: mul(x, scalar(2)), square: mul(x, x) });

  it("is refused with what there is: an input that nothing reads", () => {
    expect(() => graph({ y: relu(x) }, [x, unused])).toThrow(/no output reads mask bool \[rows\]; read are x/);
    expect(graph({ y: relu(x) }, [x]).inputs.size).toBe(1);
  });

  it("is refused with what there is: an output that was never given", () => {
    expect(() => subgraph(built, ["square", "cube"])).toThrow(/no output is called cube; there are double, square/);
    expect(subgraph(built, ["square"]).nodes.length).toBe(1);
  });

  it("is refused with what to ask instead: the gradient of whole numbers", () => {
    const index = input("index", "int32", axes(3));
    expect(() => gradients(sum(embed(x, index), [0, 1]), [index])).toThrow(
      /respect to index int32 \[3\], which holds no real numbers[\s\S]*of the table/,
    );
  });
});
