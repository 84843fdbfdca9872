import { describe, expect, it } from "vitest";
import {
  add,
  axes,
  axis,
  cast,
  constant,
  embed,
  graph,
  input,
  mul,
  named,
  OPS,
  scalar,
  type Value,
} from "../../src/graph/index.js";
import { apply, type Op } from "../../src/graph/value.js";
import { type Program, portable } from "../../src/runtime/contract.js";
import { RuntimeError } from "../../src/runtime/errors.js";
import { nodeRuntime } from "../../src/runtime/onnx.node.js";

const compile = (outputs: Record<string, Value>) => nodeRuntime.compile(portable(graph(outputs), new Map()));
const fixed = input("fixed", "float32", axes(2, axis("width", 3)));
const open = input("open", "float32", axes("rows", 3));
const index = input("index", "int32", axes("rows"));

describe("a program", () => {
  it("takes a bare array for an input whose sizes are all fixed", async () => {
    await using program = await compile({ y: mul(fixed, scalar(2)) });
    const { y } = await program.run({ fixed: Float32Array.of(1, 2, 3, 4, 5, 6) });
    expect([y!.shape, [...y!.data]]).toEqual([
      [2, 3],
      [2, 4, 6, 8, 10, 12],
    ]);
  });

  it("keeps nothing of what it was fed: the same array may be filled anew", async () => {
    await using program = await compile({ y: mul(fixed, scalar(2)) });
    const data = Float32Array.of(1, 2, 3, 4, 5, 6);
    const first = await program.run({ fixed: data });
    data.fill(0);
    const second = await program.run({ fixed: data });
    expect([[...first.y!.data], [...second.y!.data]]).toEqual([
      [2, 4, 6, 8, 10, 12],
      [0, 0, 0, 0, 0, 0],
    ]);
  });

  it("writes an output into the array it is given", async () => {
    await using program = await compile({ y: mul(fixed, scalar(2)), z: add(fixed, fixed) });
    const into = { data: new Float32Array(6), shape: [2, 3] };
    const found = await program.run({ fixed: Float32Array.of(1, 2, 3, 4, 5, 6) }, { y: into });
    expect([...into.data]).toEqual([2, 4, 6, 8, 10, 12]);
    expect([...found.y!.data]).toEqual([...into.data]);
    expect([...found.z!.data]).toEqual([...into.data]);
  });

  it("takes and gives 16-bit numbers as their bits, in every version of Node", async () => {
    const numbers = input("numbers", "float32", axes(3));
    const halves = input("halves", "float16", axes(3));
    await using program = await compile({ down: cast(numbers, "float16"), up: cast(halves, "float32") });
    const bits = Uint16Array.of(0x3c00, 0x4000, 0xc000);
    const found = await program.run({ numbers: Float32Array.of(1, 2, -2), halves: bits });
    expect(found.down!.data).toEqual(bits);
    expect(found.up!.data).toEqual(Float32Array.of(1, 2, -2));
  });
});

describe("a wrong feed is refused before the engine sees it, by the input's name", () => {
  type Feeds = Parameters<Program["run"]>[0];
  const cases: [string, Feeds, RegExp][] = [
    ["none at all", {}, /nothing was fed for open \[rows, 3\]/],
    [
      "a bare array for sizes not known",
      { open: new Float32Array(6) },
      /open is \[rows, 3\] but was fed 6 numbers[\s\S]*give the sizes/,
    ],
    [
      "another size",
      { open: { data: new Float32Array(8), shape: [2, 4] } },
      /open is \[rows, 3\] but was fed 8 numbers as \[2, 4\]/,
    ],
    ["fewer axes", { open: { data: new Float32Array(3), shape: [3] } }, /but was fed 3 numbers as \[3\]/],
    [
      "fewer numbers than its sizes say",
      { open: { data: new Float32Array(5), shape: [2, 3] } },
      /but was fed 5 numbers as \[2, 3\]/,
    ],
    [
      "numbers of another type",
      { open: { data: new Int32Array(6), shape: [2, 3] } },
      /open is float32 but was fed Int32Array/,
    ],
  ];
  it.each(cases)("%s", async (_, feeds, message) => {
    await using program = await compile({ y: mul(open, scalar(2)) });
    await expect(program.run(feeds)).rejects.toThrow(message);
    await expect(program.run(feeds)).rejects.toThrow(RuntimeError);
  });

  it("and so are different sizes of an axis that two inputs share: the engine would stretch a 1 in silence", async () => {
    const other = input("other", "float32", axes("rows", 3));
    await using program = await compile({ y: named(add(open, other), "sum of rows") });
    const feeds = {
      open: { data: new Float32Array(6), shape: [2, 3] },
      other: { data: new Float32Array(9), shape: [3, 3] },
    };
    await expect(program.run(feeds)).rejects.toThrow(/axis rows is 2 in open but 3 in other/);
  });

  it("and so is a wrong array to write into", async () => {
    await using program = await compile({ y: mul(fixed, scalar(2)) });
    const into = { y: { data: new Float32Array(4), shape: [2, 2] } };
    await expect(program.run({ fixed: new Float32Array(6) }, into)).rejects.toThrow(/y is \[2, 3\] but was fed/);
  });
});

describe("what the engine refuses is reported with the name of the value", () => {
  it("when it has no kernel for it", async () => {
    const erfOfAny: Op<null> = { ...OPS.Erf, takes: ["any"] };
    const y = named(apply(erfOfAny, [cast(fixed, "float64")], null), "vision.stage 0.block 1");
    await expect(compile({ y: mul(y, y) })).rejects.toThrow(/^cannot compile the graph at vision\.stage 0\.block 1: /);
  });

  it("when a run meets numbers that it cannot take", async () => {
    const table = constant(new Float32Array(6), axes(2, 3));
    await using program = await compile({ y: mul(named(embed(table, index), "language.embedding"), scalar(2)) });
    await expect(program.run({ index: { data: Int32Array.of(0, 7), shape: [2] } })).rejects.toThrow(
      /^the run stopped at language\.embedding: .*\n.*To mend it/,
    );
    const { y } = await program.run({ index: { data: Int32Array.of(0, 1), shape: [2] } });
    expect(y!.shape).toEqual([2, 3]);
  });
});
