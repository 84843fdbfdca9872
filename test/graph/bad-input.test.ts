/** What a caller may get wrong, op by op: refused when the graph is built, with the values that met and the line. */
import { describe, expect, it } from "vitest";
import { ARRAYS, type DType } from "../../src/graph/dtype.js";
import { callerOf } from "../../src/graph/errors.js";
import {
  add,
  averagePool,
  axes,
  axis,
  cast,
  clip,
  concat,
  constant,
  convolve,
  crossEntropy,
  cumulativeSum,
  embed,
  exp,
  GraphError,
  gradients,
  graph,
  input,
  layerNorm,
  matmul,
  mean,
  mul,
  OPS,
  type OpName,
  oneHot,
  pad,
  parameter,
  reshape,
  rmsNorm,
  scalar,
  slice,
  squeeze,
  stack,
  sum,
  topK,
  transpose,
  trim,
  unsqueeze,
  where,
  writeOnnx,
} from "../../src/graph/index.js";
import { portable } from "../../src/runtime/contract.js";
import { nodeRuntime } from "../../src/runtime/onnx.node.js";
import { total } from "../support/loss.js";
import { CASES } from "./cases.js";
import { type Case, open } from "./filled.js";

const x = input("x", "float32", axes(axis("batch", 2), axis("text", 5), axis("width", 3)));
const open3 = input("s", "float32", axes("batch", "text", 3));
const one = input("one", "float32", []);
const index = input("index", "int32", axes(2));
const four = input("four", "float32", axes(4));
const logits = input("logits", "float32", axes(2, 5));

describe("what does not fit is refused where it is written", () => {
  it.each<[string, () => unknown, RegExp]>([
    ["an axis of neither size nor name", () => input("q", "float32", axes("")), /an input q: an axis of neither/],
    ["a negative size", () => input("q", "float32", axes(axis("rows", -2))), /an input q: an axis rows of size -2/],
    ["a size that is no whole number", () => parameter("w", axes(2.5), true), /a parameter w: an axis of size 2.5/],
    ["an input without a name", () => input("", "float32", axes(2)), /an input without a name/],
    ["a parameter without a path", () => parameter("", axes(2), true), /a parameter without a name/],
    [
      "an axis of size 1 that would be stretched to one of another meaning",
      () => add(input("a", "float32", axes(axis("latents", 1), 3)), input("b", "float32", axes(axis("text", 5), 3))),
      /Add\(a float32 \[latents 1, 3\], b float32 \[text 5, 3\]\): axes latents and text meet/,
    ],
    ["nothing to join", () => concat([], 0), /nothing to put one after the other/],
    ["nothing to stack", () => stack([], 0), /nothing to put one after the other/],
    [
      "parts of other ranks",
      () => concat([x, one], 0),
      /x float32 \[.*\] and one float32 \[\] differ in element type or/,
    ],
    ["parts of other element types", () => concat([index, cast(index, "int64")], 0), /differ in element type/],
    ["an axis summed twice", () => sum(x, [0, -3]), /axes \[0,-3\] of \[batch 2, .*, one of them twice/],
    ["an axis squeezed twice", () => squeeze(unsqueeze(x, 0), 0, 0), /one of them twice/],
    ["an axis put in twice", () => unsqueeze(x, 0, 0), /one of them twice/],
    ["an axis put in too far out", () => unsqueeze(x, 9), /no axis 9 among \[batch 2, text 5, width 3, 1\]/],
    ["an axis of a scalar", () => cumulativeSum(one, 0), /no axis 0 among \[\], at .*\n.*a scalar has none/],
    ["a slice of a negative length", () => slice(x, 1, 0, -1), /Slice\(x .*\): an axis text of size -1/],
    ["a slice from before the first", () => slice(open3, 1, -1, 1), /Slice\(s .*\): a start of -1/],
    ["a slice by no step", () => slice(x, 1, 0, 2, 0), /a step of 0/],
    ["a slice beyond the last", () => slice(x, 1, 3, 3), /3 from 3 by 1 runs past the 5/],
    [
      "a trim of more than there is",
      () => trim(x, 1, 4, 4, axis("left")),
      /\[left\] for what is left of 5 without 4 before/,
    ],
    ["a trim to another size", () => trim(x, 1, 1, 1, axis("left", 4)), /\[left 4\] for what is left of 5/],
    ["a trim that adds", () => trim(x, 1, -1, 0, axis("left", 6)), /a start of -1/],
    ["padding that cuts", () => pad(x, 1, -1, 0), /a number before of -1/],
    ["padding of half an entry", () => pad(x, 1, 0.5, 0), /a number before of 0.5/],
    ["a one-hot of no places", () => oneHot(index, -1), /OneHot\(index int32 \[2\]\): an axis of size -1/],
    ["half an entry of the largest", () => topK(x, 1.5), /an axis of size 1.5/],
    ["a transpose of too few axes", () => transpose(x, [0, 1]), /\[0,1\] does not order 3 axes/],
    ["a norm of a scalar", () => rmsNorm(one, four, 1e-5), /RmsNorm\(one .*\): a scalar has no last axis/],
    [
      "a norm's gain of another width",
      () => layerNorm(x, four, four, 1e-5),
      /a gain or offset \[4\] for a last axis of 3/,
    ],
    ["a convolution of a scalar", () => convolve(one, four), /windows over no axis of positions/],
    ["a convolution by a scalar", () => convolve(x, one), /a kernel of \[0\]/],
    [
      "padding for too few axes",
      () =>
        convolve(input("p", "float32", axes(1, 5, 5, 2)), input("w", "float32", axes(9, 2, 4)), { padding: [[1, 1]] }),
      /a padding of \[\[1,1\]\] for 2 axes of positions/,
    ],
    ["windows of half a position", () => averagePool(x, 2, { padding: 0.5 }), /a padding of 0.5 for 1 axes/],
    ["a target of real numbers", () => crossEntropy(logits, four), /float32 where int32 or int64 is wanted/],
    ["an ignored target between two", () => crossEntropy(logits, index, { ignored: 0.5 }), /0.5 as the ignored target/],
    ["sides of a product of two element types", () => matmul(logits, cast(logits, "float16")), /float16 where float32/],
    ["a condition that is a number", () => where(x, x, x), /float32 where bool is wanted/],
    [
      "an exponential of whole numbers",
      () => exp(index),
      /Exp\(index int32 \[2\]\): int32 where float32 is wanted, at/,
    ],
    ["a mean of whole numbers", () => mean(index, [0]), /int32 where float32 is wanted/],
    ["sums of 16-bit numbers", () => sum(cast(x, "float16"), [0]), /float16 where float32 .* is wanted/],
    ["a constant of a plain array", () => constant([1, 2] as never, axes(2)), /a constant of Array/],
    ["a constant of unknown size", () => constant(new Float32Array(2), axes("n")), /2 numbers for axes \[n\]/],
    ["no outputs at all", () => graph({}), /a graph without outputs/],
    ["an output without a name", () => graph({ "": exp(x) }), /Exp float32 .* as an output without a name/],
    [
      "a weight of unknown size",
      () =>
        writeOnnx(graph({ y: exp(parameter("w", axes("n"), false)) }), new Map([["w", { data: new Float32Array(3) }]])),
      /w has 3 numbers for axes \[n\]/,
    ],
    [
      "a bound that whole numbers lack",
      () => written(clip(index, 0.5, 2)),
      /computes in int32, in which there is no 0.5/,
    ],
    ["padding that whole numbers lack", () => written(pad(index, 0, 1, 0, 0.5)), /in which there is no 0.5/],
    [
      "an input and a frozen parameter of one name",
      () => written(add(input("w", "float32", axes(2)), parameter("w", axes(2), false))),
      /w is an input and a frozen parameter/,
    ],
    ["the slope of whole numbers", () => gradients(reshape(cast(one, "int32"), []), [one]), /which is not of float32/],
    [
      "the slope in float64",
      () => gradients(cast(one, "float64"), [one]),
      /the gradient of Cast float64 \[\], which is not/,
    ],
    ["the slope along nothing", () => gradients(scalar(3), [x]), /the loss does not depend on x/],
  ])("%s", (_, build, message) => {
    expect(build).toThrow(message);
    expect(build).toThrow(GraphError);
    expect(build).toThrow(/, at \S*bad-input\.test\.ts:\d+:\d+\n/);
  });

  it("but an open bound of whole numbers is none", async () => {
    await using program = await nodeRuntime.compile(
      portable(graph({ y: clip(index, 0, Number.POSITIVE_INFINITY) }), new Map()),
    );
    expect([...(await program.run({ index: Int32Array.of(-3, 7) })).y!.data]).toEqual([0, 7]);
  });
});

function written(y: Parameters<typeof exp>[0]): Uint8Array {
  return writeOnnx(graph({ y }), new Map([["w", { data: new Float32Array(2) }]]));
}

describe("the line of the caller", () => {
  const room = "file:///home/ada/app/node_modules/flamingo-ts/dist/graph/";
  const own = `${room}ops/elementwise.js:9:1`;
  const callers: [string, string, string | undefined][] = [
    [
      "in a folder that is also called graph",
      `at f (${own})\n    at main (file:///home/ada/src/graph/a.js:3:4)`,
      "file:///home/ada/src/graph/a.js:3:4",
    ],
    [
      "in a path with a space and brackets",
      `at f (${own})\n    at /home/ada/my app (2)/a.js:3:4`,
      "/home/ada/my app (2)/a.js:3:4",
    ],
    ["in an async function", `at async main (/home/ada/a.js:3:4)`, "/home/ada/a.js:3:4"],
    ["on Windows", `at f (${own})\n    at Object.<anonymous> (C:\\ada\\a.js:3:4)`, "C:\\ada\\a.js:3:4"],
    ["in Firefox and Safari", `f@${own}\nmain@http://localhost/a.js:3:4`, "http://localhost/a.js:3:4"],
    ["nowhere", `at f (${own})\n    at new Promise (<anonymous>)`, undefined],
  ];
  it.each(callers)("is found %s", (_, stack, wanted) => {
    expect(callerOf({ stack: `Error\n    ${stack}` }, room)).toBe(wanted);
  });

  it("is that of the gradient where the fault is in a rule, however deep", () => {
    const table = input("table", "float32", axes("words", 3));
    const deep = Array.from({ length: 60 }).reduce<typeof x>((y) => mul(y, y), embed(table, index));
    expect(() => gradients(total(deep), [table])).toThrow(/axis 0 has no size yet, at \S*bad-input\.test\.ts/);
  });
});

describe("an op takes the element types that the engine has kernels for, and refuses the others by itself", () => {
  const types = Object.keys(ARRAYS) as DType[];
  it.each(Object.keys(OPS) as OpName[])("%s", async (name) => {
    const [given] = CASES[name] as [Case];
    let taken = 0;
    for (const dtype of types)
      for (const changed of [...given.inputs.keys(), -1]) {
        const inputs = given.inputs.map((one, i) => (i === changed || changed === -1 ? { ...one, dtype } : one));
        try {
          const built = graph({ y: open(name, { ...given, inputs }).result });
          await using _ = await nodeRuntime.compile(portable(built, new Map()), { threads: 1 });
          taken++;
        } catch (error) {
          if (!(error instanceof GraphError)) throw new Error(`${dtype} for input ${changed}`, { cause: error });
        }
      }
    expect(taken).toBeGreaterThan(0);
  });
});
