/** Shapes nobody thought of: for each class of ops, uses drawn from a seed, with axes of known and of unknown size. */
import { describe, expect, it } from "vitest";
import { type AxisLike, axis } from "../../src/graph/axes.js";
import {
  add,
  concat,
  contract,
  convolve,
  crossEntropy,
  cumulativeSum,
  div,
  flip,
  gather,
  gelu,
  layerNorm,
  logSoftmax,
  logSumExp,
  matmul,
  max,
  maximum,
  mean,
  min,
  minimum,
  mul,
  pad,
  product,
  rmsNorm,
  silu,
  slice,
  softmax,
  softplus,
  squeeze,
  sub,
  sum,
  takeAlong,
  tanh,
  tile,
  transpose,
  unsqueeze,
  type Value,
} from "../../src/graph/index.js";
import { windowsOf } from "../../src/graph/ops/windows.js";
import { Random } from "../../src/random.js";
import { checkGradients, checkValues } from "../support/check.js";
import { total } from "../support/loss.js";
import { below, type Case, type Filled, normal, open, positive } from "./filled.js";

/** Uses drawn of each class. */
const DRAWS = 4;

/** As for single ops, but up to a hundred products are summed, and some results are squared. */
const TOLERANCES = { value: 4e-6, differences: 2e-6, gradient: 2e-5, entries: 3 };

const NAMES = ["batch", "media", "text", "width"];
/** Named axes of sizes from 1 to 4, of which those of size 1 have no name: they stretch. */
const drawAxes = (random: Random, least = 0, most = 4): AxisLike[] => {
  const names = NAMES.slice(NAMES.length - least - random.integer(most - least + 1));
  return names.map((name) => axis(name, 2 + random.integer(3)));
};
/** What may meet these axes: some of the first are left out, and some are 1. */
const narrowed = (random: Random, list: readonly AxisLike[]): AxisLike[] =>
  list.slice(random.integer(list.length + 1)).map((a) => (random.chance(0.3) ? 1 : a));
const place = (random: Random, list: readonly AxisLike[]) =>
  random.integer(list.length) - list.length * random.integer(2);

interface Class {
  readonly draw: (random: Random) => Omit<Case, "about">;
  /** Why the sizes of these ops must be known when the graph is built. */
  readonly known?: string;
}

const CLASSES: Record<string, Class> = {
  "ops of two with broadcasting": {
    draw: (random) => {
      const list = drawAxes(random);
      const sides: Filled[] = [positive(...list), positive(...narrowed(random, list))];
      const op = random.pick([add, sub, mul, div, maximum, minimum]);
      const [left, right] = random.shuffle(sides);
      return { inputs: [left!, right!], make: (a, b) => op(a!, b!) };
    },
  },
  "ops of one": {
    draw: (random) => {
      const op = random.pick([tanh, gelu, silu, softplus]);
      return { inputs: [normal(...drawAxes(random))], make: (x) => op(x!) };
    },
  },
  reductions: {
    draw: (random) => {
      const list = drawAxes(random, 1);
      const op = random.pick([sum, mean, max, min, product, logSumExp]);
      const over = random.sample([...list.keys()], 1 + random.integer(list.length));
      const keep = random.chance(0.5);
      return { inputs: [normal(...list)], make: (x) => op(x!, over, keep) };
    },
  },
  "ops along an axis": {
    draw: (random) => {
      const list = drawAxes(random, 1);
      const at = place(random, list);
      const options = { exclusive: random.chance(0.5), reverse: random.chance(0.5) };
      const make = random.pick<(x: Value) => Value>([
        (x) => softmax(x, at),
        (x) => logSoftmax(x, at),
        (x) => cumulativeSum(x, at, options),
        (x) => flip(x, at),
        (x) => squeeze(unsqueeze(x, at), at),
        (x) => pad(x, at, 1, 2),
      ]);
      return { inputs: [normal(...list)], make: (x) => make(x!) };
    },
  },
  normalisation: {
    draw: (random) => {
      const list = [...drawAxes(random, 0, 3), 3 + random.integer(3)];
      const width = list.at(-1)!;
      return random.chance(0.5)
        ? { inputs: [normal(...list), normal(width)], make: (x, gain) => rmsNorm(x!, gain!, 0.1) }
        : {
            inputs: [normal(...list), normal(width), normal(width)],
            make: (x, gain, offset) => layerNorm(x!, gain!, offset!, 0.1),
          };
    },
  },
  products: {
    draw: (random) => {
      const front = drawAxes(random, 0, 2);
      const [rows, inner, columns] = [axis("rows", 2 + random.integer(3)), 3, 2 + random.integer(3)];
      const [transposeLeft, transposeRight] = [random.chance(0.5), random.chance(0.5)];
      const left = normal(...front, ...(transposeLeft ? [inner, rows] : [rows, inner]));
      const right = normal(...narrowed(random, front), ...(transposeRight ? [columns, inner] : [inner, columns]));
      const scale = random.pick([1, 0.5]);
      return { inputs: [left, right], make: (a, b) => matmul(a!, b!, { transposeLeft, transposeRight, scale }) };
    },
  },
  contractions: {
    known: "axes that are merged for a product must be taken apart again",
    draw: (random) => {
      const all = [..."abcdef"].map((name) => axis(name, 2 + random.integer(2)));
      const parts = all.map((own) => ({ own, on: random.pick(["left", "right", "batch", "over"]) }));
      const side = (which: string) =>
        random.shuffle(parts.filter(({ on }) => on === which || on === "batch" || on === "over").map(({ own }) => own));
      const over = parts.filter(({ on }) => on === "over").map(({ own }) => own.name);
      return {
        inputs: [normal(...side("left")), normal(...side("right"))],
        make: (a, b) => contract(a!, b!, over),
      };
    },
  },
  indexing: {
    draw: (random) => {
      const front = drawAxes(random, 0, 2);
      const rest = random.chance(0.5) ? [] : [2 + random.integer(2)];
      const size = 2 + random.integer(4);
      const list = [...front, size, ...rest];
      if (random.chance(0.5)) {
        const index = Array.from({ length: random.integer(3) }, () => 1 + random.integer(4));
        return { inputs: [normal(...list), below(size)(...index)], make: (x, i) => gather(x!, i!, front.length) };
      }
      const index = [...front, 1 + random.integer(6), ...rest];
      return {
        inputs: [normal(...list), below(size, "int64")(...index)],
        make: (x, i) => takeAlong(x!, i!, front.length),
      };
    },
  },
  "ops that cut, join and repeat": {
    draw: (random) => {
      const front = drawAxes(random, 0, 1);
      const list = [...front, 5 + random.integer(4), ...(random.chance(0.5) ? [] : [3])];
      const at = front.length;
      const step = 1 + random.integer(3);
      const make = random.pick<(x: Value) => Value>([
        (x) => slice(x, at, random.integer(2), 2, step),
        (x) => concat([x, slice(x, at, 1, 2), x], at),
        (x) =>
          tile(
            x,
            list.map((_, i) => (i < at ? 1 : 1 + (step % 3))),
          ),
        (x) => transpose(x, [...list.keys()].reverse()),
      ]);
      return { inputs: [normal(...list)], make: (x) => make(x!) };
    },
  },
  "convolution and its windows": {
    draw: (random) => {
      const over = 1 + random.integer(2);
      const each = (least: number, count: number) => Array.from({ length: over }, () => least + random.integer(count));
      const [kernel, sizes] = [each(1, 3), each(5, 3)];
      const options = {
        stride: each(1, 2),
        dilation: each(1, 2),
        padding: kernel.map(() => [random.integer(3), random.integer(3)] as const),
      };
      const groups = random.pick([1, 1, 2]);
      const taps = windowsOf(kernel, options).kernel.reduce((p, n) => p * n, 1);
      return {
        inputs: [normal(axis("pictures", 2), ...sizes, 4), normal(taps, 4 / groups, 2)],
        make: (x, w) => convolve(x!, w!, { kernel, groups, ...options }),
      };
    },
  },
  "the cross-entropy": {
    draw: (random) => {
      const [rows, vocabulary] = [axis("rows", 1 + random.integer(5)), 2 + random.integer(5)];
      const options = { smoothing: random.pick([0, 0.1]), ...(random.chance(0.5) ? { ignored: 1 } : {}) };
      return {
        inputs: [normal(rows, vocabulary), below(vocabulary)(rows)],
        make: (x, t) => crossEntropy(x!, t!, options).loss,
      };
    },
  },
};

/** A scalar that moves with every entry. */
const loss = (y: Value) => (y.axes.length === 0 ? mul(y, y) : total(mul(y, y)));

const draws = Object.entries(CLASSES).flatMap(([name, { draw, known }]) =>
  Array.from({ length: DRAWS }, (_, n) => {
    const given: Case = { about: `${n}`, ...draw(new Random(`shapes of ${name} ${n}`)) };
    return [false, ...(known === undefined ? [true] : [])].map(
      (symbolic) => [name, n, symbolic ? "unknown" : "known", given] as const,
    );
  }).flat(),
);

describe("random shapes", () => {
  it.each(draws)("%s: draw %i, of %s sizes, has its value and its slope", async (name, _, sizes, given) => {
    const { inputs, feeds, result } = open(name, given, sizes === "unknown");
    expect(result.axes.every((a) => a.size !== undefined || a.name !== "")).toBe(true);
    await checkValues({ result }, feeds, TOLERANCES.value);
    const wanted = new Map([...inputs].filter(([, { dtype }]) => dtype === "float32"));
    await checkGradients(loss(result), wanted, feeds, TOLERANCES);
  });
});
