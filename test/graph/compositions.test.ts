/** Functions that are made of several ops: their meaning in plain loops, their slopes, and what happens at ties. */
import { describe, expect, it } from "vitest";
import { axes, axis } from "../../src/graph/axes.js";
import {
  abs,
  averagePool,
  clip,
  concat,
  contract,
  convolve,
  gelu,
  gradients,
  graph,
  groupNorm,
  input,
  max,
  maximum,
  maxPool,
  min,
  minimum,
  notEqual,
  onnxModel,
  rsqrt,
  split,
  squaredRelu,
  stack,
  type Value,
} from "../../src/graph/index.js";
import { type WindowOptions, windowsOf } from "../../src/graph/ops/windows.js";
import { checkGradients, checkValues, expectClose } from "../support/check.js";
import { evaluate } from "../support/evaluate.js";
import { anyLoss, total } from "../support/loss.js";
import { addedUp, build, elementwise, type Numbers, read, volume } from "../support/numbers.js";
import { patches } from "../support/windows.js";
import { batch, below, type Case, floats, normal, open, picture, positive, text, width } from "./filled.js";

/** As for single ops: float32 keeps 6e-8 of a number, and a few sums lose a digit. */
const TOLERANCES = { value: 2e-6, differences: 1e-6, gradient: 5e-6 };

const SIZES: Record<string, number> = { b: 2, t: 3, h: 2, d: 4, s: 5, w: 3 };

/** A product of two values by the letters of their axes, summed over all that the result lacks. */
const product =
  (left: string, right: string, result: string) =>
  (a: Numbers, b: Numbers): Numbers => {
    const all = [...new Set(left + right)];
    const at = (names: string, index: readonly number[]) => [...names].map((name) => index[all.indexOf(name)]!);
    const shape = (names: readonly string[]) => names.map((name) => SIZES[name]!);
    const each = build(shape(all), (index) => read(a, at(left, index)) * read(b, at(right, index)));
    return addedUp(shape([...result]), each, (index) => at(result, index));
  };

/** Axes of both sides, those summed over, those of the result, and the transposes that are written. */
const CONTRACTIONS = [
  ["btw", "wd", "w", "btd", 0],
  ["btw", "dw", "w", "btd", 0],
  ["wbt", "wd", "w", "btd", 0],
  ["bhtd", "bhsd", "d", "bhts", 0],
  ["bhts", "bhsd", "s", "bhtd", 0],
  ["bhts", "bhtd", "t", "bhsd", 0],
  ["btw", "btd", "bt", "wd", 0],
  ["btw", "btw", "btw", "", 0],
  ["t", "s", "", "ts", 0],
  ["w", "wd", "w", "d", 0],
  ["bthd", "bshd", "d", "bhts", 2],
  ["tb", "bt", "t", "b", 1],
] as const;

const named = (letters: string) => normal(...[...letters].map((name) => axis(name, SIZES[name]!)));

/** For each window, what is made of what it sees of the grid in each channel. */
const pooled =
  (kernel: readonly number[], options: WindowOptions, f: (seen: number[]) => number) =>
  (x: Numbers): Numbers => {
    const windows = windowsOf(kernel, { stride: kernel, padding: 0, ...options });
    const [seen, channels] = [patches(x, windows, Number.NaN), x.shape.at(-1)!];
    return build([...seen.shape.slice(0, -1), channels], (index) => {
      const taps = Array.from({ length: volume(kernel) }, (_, tap) => tap * channels + index.at(-1)!);
      return f(taps.map((entry) => read(seen, [...index.slice(0, -1), entry])).filter((n) => !Number.isNaN(n)));
    });
  };
const average = (seen: number[]) => seen.reduce((a, b) => a + b, 0) / seen.length;

/** A convolution of which each output channel sees the inputs of its own group. */
const grouped =
  (kernel: readonly number[], groups: number, options: WindowOptions = {}) =>
  (x: Numbers, weight: Numbers): Numbers => {
    const seen = patches(x, windowsOf(kernel, options), 0);
    const [taps, from, to] = weight.shape as [number, number, number];
    return build([...seen.shape.slice(0, -1), to], (index) => {
      const first = Math.floor(index.at(-1)! / (to / groups)) * from;
      let sum = 0;
      for (let tap = 0; tap < taps; tap++)
        for (let c = 0; c < from; c++)
          sum +=
            read(seen, [...index.slice(0, -1), tap * from * groups + first + c]) *
            read(weight, [tap, c, index.at(-1)!]);
      return sum;
    });
  };

const groupNormal =
  (groups: number, epsilon: number) =>
  (x: Numbers, gain: Numbers, offset: Numbers): Numbers => {
    const size = x.shape.at(-1)! / groups;
    return build(x.shape, (index) => {
      const [own, group] = [index[0]!, Math.floor(index.at(-1)! / size)];
      const members: number[] = [];
      build(x.shape, (at) => {
        if (at[0] === own && Math.floor(at.at(-1)! / size) === group) members.push(read(x, at));
        return 0;
      });
      const centre = average(members);
      const deviation = Math.sqrt(average(members.map((n) => (n - centre) ** 2)) + epsilon);
      return ((read(x, index) - centre) / deviation) * read(gain, [index.at(-1)!]) + read(offset, [index.at(-1)!]);
    });
  };

const CASES: readonly Case[] = [
  ...CONTRACTIONS.map(
    ([left, right, over, result]): Case => ({
      about: `contract ${left}, ${right} over ${over}`,
      inputs: [named(left), named(right)],
      make: (a, b) => contract(a!, b!, [...over]),
      means: product(left, right, result),
    }),
  ),
  {
    about: "rsqrt",
    inputs: [positive(batch, text)],
    make: (x) => rsqrt(x!),
    means: (x) => elementwise((n) => n! ** -0.5)([x])[0]!,
  },
  {
    about: "notEqual",
    inputs: [below(2)(batch, text), below(2)(text)],
    make: (a, b) => notEqual(a!, b!),
    means: (a, b) => elementwise((m, n) => Number(m !== n))([a, b])[0]!,
  },
  {
    about: "groupNorm of two groups",
    inputs: [picture(2, 3, 4), normal(4), normal(4)],
    make: (x, gain, offset) => groupNorm(x!, 2, gain!, offset!, 1e-3),
    means: groupNormal(2, 1e-3),
  },
  {
    about: "groupNorm of one group a channel",
    inputs: [normal(2, 5, 3), normal(3), normal(3)],
    make: (x, gain, offset) => groupNorm(x!, 3, gain!, offset!, 1e-3),
    means: groupNormal(3, 1e-3),
  },
  {
    about: "convolve in two groups, by strides",
    inputs: [picture(4, 3, 4), normal(6, 2, 6)],
    make: (x, w) => convolve(x!, w!, { kernel: [2, 3], groups: 2, stride: [2, 1] }),
    means: grouped([2, 3], 2, { stride: [2, 1] }),
  },
  {
    about: "convolve depthwise",
    inputs: [picture(3, 3, 4), normal(9, 1, 4)],
    make: (x, w) => convolve(x!, w!, { groups: 4 }),
    means: grouped([3, 3], 4),
  },
  {
    about: "convolve depthwise along one axis, two channels out of each",
    inputs: [normal(2, 5, 3), normal(3, 1, 6)],
    make: (x, w) => convolve(x!, w!, { groups: 3 }),
    means: grouped([3], 3),
  },
  {
    about: "averagePool",
    inputs: [picture(4, 4, 2)],
    make: (x) => averagePool(x!, 2),
    means: pooled([2, 2], {}, average),
  },
  {
    about: "averagePool, overlapping, padded: the border does not count",
    inputs: [picture(4, 5, 2)],
    make: (x) => averagePool(x!, 3, { stride: 2, padding: 1 }),
    means: pooled([3, 3], { stride: 2, padding: 1 }, average),
  },
  {
    about: "averagePool along one axis",
    inputs: [normal(2, 7, 3)],
    make: (x) => averagePool(x!, 3),
    means: pooled([3], {}, average),
  },
  {
    about: "maxPool",
    inputs: [picture(5, 4, 2)],
    make: (x) => maxPool(x!, [2, 2]),
    means: pooled([2, 2], {}, (seen) => Math.max(...seen)),
  },
  {
    about: "maxPool, overlapping, padded",
    inputs: [picture(4, 5, 2)],
    make: (x) =>
      maxPool(x!, [3, 2], {
        stride: [2, 1],
        padding: [
          [1, 1],
          [0, 1],
        ],
      }),
    means: pooled(
      [3, 2],
      {
        stride: [2, 1],
        padding: [
          [1, 1],
          [0, 1],
        ],
      },
      (seen) => Math.max(...seen),
    ),
  },
  {
    about: "maxPool along one axis",
    inputs: [normal(2, 6, 3)],
    make: (x) => maxPool(x!, 2),
    means: pooled([2], {}, (seen) => Math.max(...seen)),
  },
  {
    about: "stack",
    inputs: [normal(batch, text), normal(batch, text)],
    make: (a, b) => stack([a!, b!], 1, "both"),
    means: (a, b) => build([2, 2, 3], ([row, which, column]) => read([a, b][which!]!, [row!, column!])),
  },
  {
    about: "split, and joined the other way round",
    inputs: [normal(text, width)],
    make: (x) => concat(split(x!, -1, [1, 3]).reverse(), 1),
    means: (x) => build([3, 4], ([row, column]) => read(x, [row!, (column! + 1) % 4])),
  },
];

describe.each(CASES.map((given) => [given.about, given] as const))("%s", (_, given) => {
  const { inputs, feeds, result } = open("composition", given);

  it("computes what it means", async () => {
    await checkValues({ result }, feeds, TOLERANCES.value);
    // Constants of a graph, such as 1/9, are held as float32.
    expectClose(evaluate([result], feeds)[0]!, given.means!(...feeds.values()), 1e-7, "the evaluation of its ops");
  });

  const wanted = new Map([...inputs].filter(([, { dtype }]) => dtype === "float32"));
  it.runIf(wanted.size > 0)("has the slope of its central differences", async () => {
    await checkGradients(anyLoss(result), wanted, feeds, TOLERANCES);
  });
});

describe("a contraction", () => {
  it.each(CONTRACTIONS)("of %s and %s over %s to %s writes %i transposes", (left, right, over, result, transposes) => {
    const { result: y } = open("contraction", {
      about: "",
      inputs: [named(left), named(right)],
      make: (a, b) => contract(a!, b!, [...over]),
    });
    expect(y.axes.map(({ name }) => name).join("")).toBe(result);
    expect(graph({ y }).nodes.filter(({ op }) => op.name === "Transpose").length).toBe(transposes);
  });

  it("refuses an axis that only one side has, and says which both have", () => {
    const build = () =>
      open("refused", { about: "", inputs: [named("bt"), named("btw")], make: (a, b) => contract(a!, b!, ["w"]) });
    expect(build).toThrow(/no axis w to sum over in both [\s\S]*both have \[b, t\]/);
  });
});

describe("where two are equal", () => {
  const slopes = (make: (...inputs: Value[]) => Value, ...rows: (readonly number[])[]): number[][] => {
    const { inputs, feeds, result } = open("ties", {
      about: "",
      inputs: rows.map((row) => floats((_, i) => row[i]!)(row.length)),
      make,
    });
    const found = gradients(result.axes.length === 0 ? result : total(result), [...inputs.values()]);
    return evaluate(found, feeds).map(({ data }) => [...data]);
  };

  it("the larger and the smaller of two take half of the slope each", () => {
    expect(slopes((a, b) => maximum(a!, b!), [1, 2, 3], [2, 2, 2])).toEqual([
      [0, 0.5, 1],
      [1, 0.5, 0],
    ]);
    expect(slopes((a, b) => minimum(a!, b!), [1, 2, 3], [2, 2, 2])).toEqual([
      [1, 0.5, 0],
      [0, 0.5, 1],
    ]);
  });

  it("all that are largest or smallest along an axis share the slope evenly", () => {
    expect(slopes((x) => max(x!, [0]), [4, 1, 4, 4, 4])).toEqual([[0.25, 0, 0.25, 0.25, 0.25]]);
    expect(slopes((x) => min(x!, [0]), [4, 1, 4, 1, 4])).toEqual([[0, 0.5, 0, 0.5, 0]]);
  });

  it("the absolute value of 0 has no slope, and a bound lets the whole slope through", () => {
    expect(slopes((x) => abs(x!), [-2, 0, 2])).toEqual([[-1, 0, 1]]);
    expect(slopes((x) => clip(x!, -1, 1), [-2, -1, 0, 1, 2])).toEqual([[0, 1, 1, 1, 0]]);
  });
});

describe("the slope of a slope", () => {
  it.each([
    ["gelu, which keeps a by-product of the forward pass", gelu],
    ["the square of relu", squaredRelu],
  ])("of %s", async (about, activation) => {
    const slope = (x: Value) => gradients(total(activation(x)), [x])[0]!;
    const { inputs, feeds, result } = open("curvature", { about, inputs: [normal(5)], make: (x) => slope(x!) });
    await checkGradients(anyLoss(result), inputs, feeds, { ...TOLERANCES, differences: 1e-4 });
  });
});

describe("a by-product", () => {
  it("is made only where somebody reads it", () => {
    const x = input("x", "float32", axes(5));
    const typesOf = (outputs: Record<string, Value>) =>
      onnxModel(graph(outputs), new Map()).nodes.map(({ type }) => type);
    expect(typesOf({ y: gelu(x) })).toEqual(["Gelu"]);
    const y = gelu(x);
    expect(typesOf({ y, slope: gradients(total(y), [x])[0]! })).toContain("Erf");
  });
});
