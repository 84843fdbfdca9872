import { describe, expect, it } from "vitest";
import { type AxisLike, axes, axis } from "../../src/graph/axes.js";
import {
  add,
  checkpoint,
  dequantise,
  embed,
  encodeOnnx,
  GraphError,
  graph,
  input,
  matmul,
  mul,
  onnxModel,
  parameter,
  readOnnx,
  sum,
  tanh,
  type Value,
  type Weight,
} from "../../src/graph/index.js";
import { quantisedShapes } from "../../src/graph/ops/quantised.js";
import { Random } from "../../src/random.js";
import { checkGradients, checkValues, runEngine } from "../support/check.js";
import { evaluate, type Numbers } from "../support/evaluate.js";
import { SIZES } from "./cases-quantised.js";

/** As for every other op: what float32 keeps of a number, and a digit lost in sums. */
const TOLERANCES = { value: 2e-6, differences: 1e-6, gradient: 5e-6 };
const BITS = [4, 8] as const;

/** A frozen matrix [inner, outer] of any codes, and its numbers by path. */
function held(
  name: string,
  [inner, outer]: readonly [number, number],
  bits: 4 | 8,
  block: number,
  activations: "float32" | "int8" = "float32",
): { matrix: Value; feeds: [string, Numbers][] } {
  const shapes = quantisedShapes([inner, outer], { bits, block });
  const random = new Random(`${name} ${bits} ${block}`);
  const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);
  const packed = Float64Array.from({ length: count(shapes.packed) }, () => random.integer(256));
  // Of both signs: a block's scale is negative where its largest number is positive.
  const scales = Float64Array.from({ length: count(shapes.scales) }, () => Math.fround(random.normal() / 2 ** bits));
  return {
    matrix: dequantise(
      parameter(`${name}.packed`, axes(...shapes.packed), false, "uint8"),
      parameter(`${name}.scales`, axes(...shapes.scales), false),
      { bits, block, inner: axis("", inner), activations },
    ),
    feeds: [
      [`${name}.packed`, { shape: shapes.packed, data: packed }],
      [`${name}.scales`, { shape: shapes.scales, data: scales }],
    ],
  };
}

function filled(name: string, ...list: AxisLike[]): { x: Value; feed: [string, Numbers] } {
  const all = axes(...list);
  const shape = all.map(({ size }) => size!);
  const random = new Random(name);
  const data = Float64Array.from({ length: shape.reduce((p, n) => p * n, 1) }, () => Math.fround(random.normal()));
  return { x: input(name, "float32", all), feed: [name, { shape, data }] };
}

const typesOf = (outputs: Record<string, Value>, feeds: ReadonlyMap<string, Numbers>) =>
  onnxModel(graph(outputs), weightsOf(feeds)).nodes.map(({ type }) => type);
const weightsOf = (feeds: ReadonlyMap<string, Numbers>) =>
  new Map(
    [...feeds].map(([path, { data }]) => [
      path,
      { data: path.endsWith(".packed") ? Uint8Array.from(data) : Float32Array.from(data) },
    ]),
  );

describe.each(BITS)("a matrix of %i bits", (bits) => {
  it.each(SIZES)("multiplies as its dequantised numbers do: %i by %i in blocks of %i", async (inner, outer, block) => {
    const { matrix, feeds } = held("weight", [inner, outer], bits, block);
    for (const front of [[5], [2, 3], [2, 1, 3]]) {
      const { x, feed } = filled("x", ...front, inner);
      const all = new Map([...feeds, feed]);
      const y = matmul(x, matrix);
      expect(typesOf({ y }, all)).toEqual(["MatMulNBits"]);
      await checkValues({ y }, all, TOLERANCES.value);
      const scaled = matmul(x, matrix, { scale: 0.25 });
      expect(typesOf({ scaled }, all)).toContain("MatMulNBits");
      await checkValues({ scaled }, all, TOLERANCES.value);
    }
  });

  it("is made of standard operators where it is transposed, looked up in or added to", async () => {
    const { matrix, feeds } = held("weight", [70, 6], bits, 32);
    const [g, left, same] = [filled("g", 2, 3, 6), filled("left", 70, 4), filled("same", 70, 6)];
    const index: [string, Numbers] = ["index", { shape: [3], data: Float64Array.of(69, 0, 33) }];
    const all = new Map([...feeds, g.feed, left.feed, same.feed, index]);
    const uses = {
      transposedRight: matmul(g.x, matrix, { transposeRight: true }),
      transposedLeft: matmul(left.x, matrix, { transposeLeft: true }),
      asLeft: matmul(matrix, g.x, { transposeRight: true }),
      looked: embed(matrix, input("index", "int32", axes(3))),
      added: add(same.x, matrix),
    };
    for (const [name, y] of Object.entries(uses)) {
      expect(typesOf({ [name]: y }, all), name).not.toContain("MatMulNBits");
      await checkValues({ [name]: y }, all, TOLERANCES.value);
    }
  });

  it("is made once where it is multiplied with and read as well", async () => {
    const { matrix, feeds } = held("weight", [40, 6], bits, 16);
    const { x, feed } = filled("x", 3, 40);
    const all = new Map([...feeds, feed]);
    const outputs = { y: matmul(x, matrix), doubled: add(matrix, matrix) };
    expect(typesOf(outputs, all).filter((type) => type === "DequantizeLinear" || type === "MatMulNBits")).toHaveLength(
      2,
    );
    await checkValues(outputs, all, TOLERANCES.value);
  });

  it("is given exactly: one product of a whole number and a scale, rounded once", async () => {
    const { matrix, feeds } = held("weight", [70, 5], bits, 32);
    const found = await runEngine(graph({ matrix }), new Map(feeds));
    const [exact] = evaluate([matrix], new Map(feeds));
    expect([...(found.matrix!.data as Float32Array)]).toEqual([...exact!.data].map(Math.fround));
  });

  it.each(SIZES)(
    "times activations of int8 differs by no more than their rounding: %i by %i in blocks of %i",
    async (inner, outer, block) => {
      const { matrix, feeds } = held("weight", [inner, outer], bits, block, "int8");
      const { x, feed } = filled("x", 4, inner);
      const all = new Map([...feeds, feed]);
      const y = matmul(x, matrix);
      const found = (await runEngine(graph({ y }), all)).y!.data as Float32Array;
      const [wanted, weight] = evaluate([y, matrix], all);
      for (let row = 0; row < 4; row++)
        for (let column = 0; column < outer; column++) {
          // Half a step of each number of a block of x, whose step is its largest number's 127th part.
          let bound = 0;
          for (let start = 0; start < inner; start += block) {
            const numbers = feed[1].data.subarray(row * inner + start, row * inner + Math.min(inner, start + block));
            const step = numbers.reduce((most, n) => Math.max(most, Math.abs(n)), 0) / 127;
            numbers.forEach((_, i) => {
              bound += (step / 2) * Math.abs(weight!.data[(start + i) * outer + column]!);
            });
          }
          const at = row * outer + column;
          expect(Math.abs(found[at]! - wanted!.data[at]!)).toBeLessThan(bound * 1.01 + 1e-6);
        }
    },
  );

  it("lets a gradient through: to what is before it, across two trained layers, and again in a checkpoint", async () => {
    const { matrix, feeds } = held("frozen", [20, 24], bits, 16);
    const x = filled("x", 2, 3, 5);
    const first = filled("first", 5, 20);
    const last = filled("last", 24, 4);
    const all = new Map([...feeds, x.feed, first.feed, last.feed]);
    const loss = (again: boolean) => {
      const middle = (h: Value) => tanh(mul(matmul(h, matrix), matmul(h, matrix)));
      const hidden = tanh(matmul(x.x, first.x));
      const y = matmul(again ? checkpoint(middle, [hidden]) : middle(hidden), last.x);
      return sum(mul(y, y), [0, 1, 2]);
    };
    const wanted = new Map([
      ["x", x.x],
      ["first", first.x],
      ["last", last.x],
    ]);
    await checkGradients(loss(false), wanted, all, TOLERANCES);
    await checkGradients(loss(true), wanted, all, TOLERANCES);
  });

  it("comes back from an ONNX file byte for byte, its packed numbers inside or at an offset of another file", () => {
    const { matrix, feeds } = held("weight", [70, 5], bits, 32);
    const built = graph({ y: matmul(filled("x", 3, 70).x, matrix), matrix });
    const inside = encodeOnnx(onnxModel(built, weightsOf(new Map(feeds))));
    expect(encodeOnnx(readOnnx(inside))).toEqual(inside);
    const packed = { location: "model.safetensors", offset: 4096, length: 5 * 3 * 4 * bits, dtype: "uint8" } as const;
    const scales = { location: "model.safetensors", offset: 0, length: 5 * 3 * 2, dtype: "float16" } as const;
    const outside = encodeOnnx(
      onnxModel(
        built,
        new Map<string, Weight>([
          ["weight.packed", packed],
          ["weight.scales", scales],
        ]),
      ),
    );
    const model = readOnnx(outside);
    expect(encodeOnnx(model)).toEqual(outside);
    const { dtype, ...place } = packed;
    expect(model.initialisers.get("weight.packed")).toMatchObject({ dtype, data: place });
  });
});

describe("dequantise", () => {
  const packed = input("packed", "uint8", axes(5, 3, 16));
  const scales = input("scales", "float32", axes(5, 3));
  const options = { bits: 4, block: 32, inner: axis("", 70) } as const;

  it("has the axis it is told before the axis of the columns", () => {
    const named = input("packed", "uint8", axes(axis("hidden", 5), 3, 16));
    const { axes: found } = dequantise(named, scales, { ...options, inner: axis("width", 70) });
    expect(found).toEqual([axis("width", 70), axis("hidden", 5)]);
  });

  it.each([
    ["an inner axis that needs fewer blocks", () => dequantise(packed, scales, { ...options, inner: axis("", 64) })],
    ["an inner axis that needs more blocks", () => dequantise(packed, scales, { ...options, inner: axis("", 97) })],
    ["bytes of another number of bits", () => dequantise(packed, scales, { ...options, bits: 8 })],
    ["blocks that are no power of 2", () => dequantise(packed, scales, { ...options, block: 24 })],
    ["blocks that are too small", () => dequantise(packed, scales, { ...options, block: 8 })],
    ["scales of other columns", () => dequantise(packed, input("s", "float32", axes(4, 3)), options)],
    ["packed numbers that are no bytes", () => dequantise(input("p", "int32", axes(5, 3, 16)), scales, options)],
    ["an inner axis without a size", () => dequantise(packed, scales, { ...options, inner: axis("rows") })],
    ["packed numbers that are trained", () => parameter("packed", axes(5, 3, 16), true, "uint8")],
  ])("refuses %s", (_, make) => {
    expect(make).toThrow(GraphError);
  });
});
