import { describe, expect, it } from "vitest";
import {
  add,
  axes,
  axis,
  concat,
  constant,
  contract,
  crossEntropy,
  embed,
  exp,
  type GraphError,
  gather,
  gradients,
  graph,
  greater,
  input,
  mean,
  mul,
  pad,
  parameter,
  product,
  reshape,
  scalar,
  sign,
  slice,
  sub,
  sum,
  trim,
  where,
} from "../../src/graph/index.js";
import { checkGradients, type Feeds } from "../support/check.js";
import { total } from "../support/loss.js";
import { normalNumbers } from "../support/parameters.js";

/** As for single ops: float32 keeps 6e-8 of a number, and a few sums lose a digit. */
const TOLERANCES = { value: 2e-6, differences: 1e-6, gradient: 5e-6 };

const matrix = (name: string) => input(name, "float32", axes(axis("batch", 2), axis("width", 3)));
const refusal = (work: () => unknown): GraphError => {
  try {
    work();
  } catch (error) {
    return error as GraphError;
  }
  throw new Error("nothing was refused");
};

const numbers = (shapes: Record<string, readonly number[]>): Feeds =>
  new Map(Object.entries(shapes).map(([name, shape]) => [name, normalNumbers(name, shape)]));

describe("the reverse walk", () => {
  it("adds up the slopes along every path from a value to the loss", async () => {
    const x = matrix("x");
    const y = mul(x, x);
    const loss = total(add(mul(y, exp(x)), sub(y, x)));
    await checkGradients(loss, new Map([["x", x]]), numbers({ x: [2, 3] }), TOLERANCES);
  });

  it("gives the slope of a value halfway as well as of what it was made of", () => {
    const x = matrix("x");
    const y = mul(x, x);
    const [toY, toX] = gradients(total(exp(y)), [y, x]);
    expect(toY!.axes).toEqual(y.axes);
    expect(graph({ toX: toX! }).nodes.length).toBeGreaterThan(graph({ toY: toY! }).nodes.length);
  });

  it("builds nothing on the way to what is not wanted", () => {
    const [x, w] = [matrix("x"), matrix("w")];
    const loss = total(mul(exp(exp(exp(x))), w));
    const forward = graph({ loss });
    const both = graph({ loss, to: gradients(loss, [w])[0]! });
    // The slope of w is the other factor, stretched from the loss: a reshape and an expansion of 1, and one product.
    expect(both.nodes.length - forward.nodes.length).toBeLessThanOrEqual(3);
  });

  it("starts from a scalar only", () => {
    const x = matrix("x");
    expect(() => gradients(mul(x, x), [x])).toThrow(/the gradient of Mul float32 \[batch 2, width 3\]/);
  });

  it("refuses a value that the loss does not depend on: it would silently stay untrained", () => {
    const [x, unused] = [matrix("x"), parameter("unused.weight", axes(3), true)];
    expect(() => gradients(total(x), [unused])).toThrow(/does not depend on unused.weight/);
  });

  it("passes no slope through a condition, only through what it chooses between", () => {
    const x = matrix("x");
    expect(() => gradients(total(where(greater(x, scalar(0)), scalar(1), scalar(0))), [x])).toThrow(/does not depend/);
    expect(gradients(total(where(greater(x, scalar(0)), x, scalar(0))), [x])[0]!.axes).toEqual(x.axes);
  });

  it("refuses an op without a gradient in the words of that op", () => {
    const x = matrix("x");
    const error = refusal(() => gradients(total(mul(sign(x), x)), [x]));
    expect(error.problem).toMatch(/Sign .* has no gradient: .*zero wherever it is defined/);
    expect(error.mend).toMatch(/keep it off the path/);
  });

  it("refuses a loss through a by-product, of whose slope it knows nothing", () => {
    const x = matrix("x");
    const { loss, logProbability } = crossEntropy(x, constant(Int32Array.of(0, 1), axes(2)));
    expect(() => gradients(add(total(loss), total(logProbability)), [x])).toThrow(/by-product of CrossEntropy/);
  });
});

describe("axes of a size known only at run time", () => {
  const batch = axis("batch", 2);
  const word = input("word", "int32", axes(batch, "text"));
  const words = { shape: [2, 3], data: Float64Array.of(4, 0, 4, 2, 2, 4) };
  const x = input("x", "float32", axes(batch, "text", 4));

  it("do not keep a table's rows from their gradient", async () => {
    const table = parameter("table", axes(5, 4), true);
    const loss = total(mul(embed(table, word), x));
    const feeds = new Map([...numbers({ x: [2, 3, 4], table: [5, 4] }), ["word", words] as const]);
    await checkGradients(loss, new Map([["table", table]]), feeds, TOLERANCES);
  });

  it("do not keep a mean from its gradient", async () => {
    const loss = total(mul(mean(mul(x, x), [0, 1]), scalar(3)));
    await checkGradients(loss, new Map([["x", x]]), numbers({ x: [2, 3, 4] }), TOLERANCES);
  });

  it("do not keep what was padded, trimmed or joined to known sizes from its gradient", async () => {
    const known = input("known", "float32", axes(batch, 2, 4));
    const joined = concat([known, x], 1, "both");
    const shifted = trim(pad(joined, 1, 3, 0), 1, 0, 3, joined.axes[1]!);
    const loss = total(mul(joined, add(shifted, joined)));
    const feeds = numbers({ x: [2, 3, 4], known: [2, 2, 4] });
    await checkGradients(loss, new Map([["x", x]]), feeds, TOLERANCES);
  });

  it("do not keep parts of a known size from their gradient", async () => {
    const loss = total(mul(slice(x, 1, 1, 2, 2), slice(mul(x, x), 1, 0, 2)));
    await checkGradients(loss, new Map([["x", x]]), numbers({ x: [2, 5, 4] }), TOLERANCES);
  });

  it("do not keep what was joined to others of unknown size from its gradient", async () => {
    const other = input("other", "float32", axes(batch, "more", 4));
    const known = input("known", "float32", axes(batch, 2, 4));
    const joined = concat([other, known, x, other], 1, "both");
    const feeds = numbers({ x: [2, 3, 4], other: [2, 1, 4], known: [2, 2, 4] });
    const wanted = new Map(Object.entries({ x, other, known }));
    await checkGradients(total(mul(joined, mul(joined, joined))), wanted, feeds, TOLERANCES);
  });

  it("do not keep sums of many columns from their gradient, over axes of which one is of a known size", async () => {
    const wide = input("wide", "float32", axes("batch", 3, 9));
    const rows = sum(wide, [0, 1]);
    const loss = add(total(mul(rows, rows)), total(mul(sum(mul(wide, wide), [0]), wide)));
    await checkGradients(loss, new Map([["wide", wide]]), numbers({ wide: [2, 3, 9] }), {
      ...TOLERANCES,
      differences: 1e-5,
    });
  });

  it("do not keep a product from its gradient", async () => {
    for (const over of [[1], [0, 1], [2]]) {
      const loss = total(mul(product(x, over), product(x, over)));
      await checkGradients(loss, new Map([["x", x]]), numbers({ x: [2, 3, 4] }), { ...TOLERANCES, differences: 1e-5 });
    }
  });

  it("do not keep an attention's scores from their gradient, nor axes that change places or are merged", async () => {
    const heads = (name: string, rows: string) =>
      input(name, "float32", axes("batch", axis("heads", 2), rows, axis("size", 4)));
    const [query, key] = [heads("query", "text"), heads("key", "seen")];
    const scores = contract(query, key, ["size"]);
    const moved = reshape(scores, [1, "batch", "seen and text", axis("heads", 2)]);
    const loss = add(total(mul(scores, scores)), total(mul(moved, mul(moved, moved))));
    const feeds = numbers({ query: [3, 2, 2, 4], key: [3, 2, 5, 4] });
    await checkGradients(loss, new Map(Object.entries({ query, key })), feeds, { ...TOLERANCES, differences: 1e-5 });
  });

  it("are refused where the number is needed", () => {
    const index = input("index", "int32", axes(2));
    expect(() => gradients(total(gather(x, index, 1)), [x])).toThrow(/whose axis 1 has no size yet/);
    expect(() => reshape(x, ["batch and text", "halves"])).toThrow(/cannot tell the sizes/);
  });

  it("are another axis once they are padded, not one of the same name and another size", () => {
    expect(() => add(x, pad(x, 1, 1, 0))).toThrow(/axes \[text\] and \[text and padding\] differ in size/);
  });
});
