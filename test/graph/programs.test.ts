/** Graphs nobody would write: ops chained at random over axes of known and unknown size, some of them of 1 or 0 entries. */
import fc from "fast-check";
import { describe, it } from "vitest";
import { type Axis, axis } from "../../src/graph/axes.js";
import {
  abs,
  add,
  broadcastTo,
  checkpoint,
  concat,
  constant,
  cumulativeSum,
  div,
  embed,
  erf,
  flip,
  GraphError,
  gelu,
  geluTanh,
  graph,
  greater,
  input,
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
  neg,
  pad,
  parameter,
  product,
  quickGelu,
  relu,
  reshape,
  rmsNorm,
  scalar,
  sigmoid,
  slice,
  softmax,
  softplus,
  split,
  sqrt,
  squeeze,
  stack,
  sub,
  sum,
  tanh,
  tile,
  topK,
  transpose,
  trim,
  unsqueeze,
  type Value,
  where,
} from "../../src/graph/index.js";
import { Random } from "../../src/random.js";
import { checkGradients, expectClose, runEngine } from "../support/check.js";
import { build, evaluate, type Numbers } from "../support/evaluate.js";
import { numbersOf } from "../support/feeds.js";
import { total } from "../support/loss.js";

/** A step: which op, on which of the values so far, with which numbers. */
type Step = readonly [op: number, first: number, second: number, number: number];

interface Program {
  /** Sizes of the axes batch, text and width. */
  readonly sizes: readonly [number, number, number];
  /** Whether each of these is only known at run time. */
  readonly open: readonly [boolean, boolean, boolean];
  readonly steps: readonly Step[];
}

/** One of a list, counted round and round. */
const pick = <T>(list: readonly T[], n: number): T => list[n % list.length]!;

type Make = (x: Value, y: Value, n: number) => Value;

/** Ops that take any axes. */
const ANYWHERE: readonly Make[] = [
  ...[tanh, sigmoid, gelu, geluTanh, quickGelu, softplus, relu, abs, erf, neg].map(
    (f): Make =>
      (x) =>
        f(x),
  ),
  ...[add, sub, mul, maximum, minimum].map(
    (f): Make =>
      (x, y) =>
        f(x, y),
  ),
  (x, y) => div(x, add(softplus(y), scalar(0.5))),
  (x) => sqrt(add(mul(x, x), scalar(0.25))),
  (x, y) => where(greater(x, y), mul(x, y), tanh(y)),
  (x, y) => broadcastTo(x, y),
  (x, y, n) => checkpoint((h, k) => pick(ANYWHERE.slice(0, 17), n)(mul(tanh(h!), k!), k!, n), [x, y]),
  (x, y) => {
    const [sums, both] = checkpoint((h, k) => [add(h!, tanh(k!)), mul(h!, k!)], [x, y]);
    return mul(sums!, both!);
  },
  (x, _, n) => unsqueeze(x, n % (x.axes.length + 1)),
  (x, _, n) => transpose(x, new Random(`${n}`).shuffle([...x.axes.keys()])),
];

/** Ops along an axis, which may be empty. */
const ALONG: readonly ((x: Value, at: number, n: number) => Value)[] = [
  (x, at) => sum(x, [at]),
  (x, at) => sum(x, [at], true),
  (x, at, n) => cumulativeSum(x, at, { reverse: n % 2 === 1, exclusive: n % 3 === 0 }),
  (x, at) => flip(x, at),
  (x, at, n) => pad(x, at, n % 3, 1),
  (x, at) => concat([x, tanh(x)], at, "both"),
  (x, at) => stack([x, neg(x)], at),
  (x, at, n) =>
    tile(
      x,
      [...x.axes.keys()].map((i) => (i === at ? 1 + (n % 3) : 1)),
    ),
  (x, at) => squeeze(x, at),
  (x, at) => reshape(x, x.axes.toSpliced(at, 1, x.axes[at]!, { name: "", size: 1 })),
  (x, at) => (x.axes.length < 2 ? x : reshape(x, mergedAt(x.axes, Math.min(at, x.axes.length - 2)))),
  (x) => (x.axes.length < 2 ? x : matmul(x, tanh(x), { transposeRight: true, scale: 0.5 })),
  (x) => (x.axes.length < 2 ? x : matmul(x, tanh(x), { transposeLeft: true })),
];

/** Ops along an axis of one entry or more. */
const ALONG_SOME: readonly ((x: Value, at: number, n: number, size: number) => Value)[] = [
  ...[mean, max, min, product, logSumExp].map((f) => (x: Value, at: number, n: number) => f(x, [at], n % 2 === 0)),
  (x, at) => softmax(x, at),
  (x, at) => logSoftmax(x, at),
  (x, at, n, size) => slice(x, at, n % size, 1),
  (x, at, n, size) => slice(x, at, 0, 1 + (n % Math.ceil(size / 2)), 2),
  (x, at) => trim(x, at, 1, 0, cut(x.axes[at]!, 1)),
  (x, at, n, size) => topK(x, 1 + (n % size), at).values,
  (x, at, n, size) =>
    x.axes[at]!.size === undefined
      ? x
      : add(...(split(x, at, [n % size, size - (n % size)]).map((part) => sum(part, [at])) as [Value, Value])),
  (x, at, n, size) =>
    at !== 0 || x.axes[0]!.size === undefined
      ? x
      : embed(x, constant(Int32Array.of(n % size, 0, n % size), [{ name: "", size: 3 }])),
  (x) => rmsNorm(x, gainFor(x), 0.1),
  (x) => layerNorm(x, gainFor(x), gainFor(x), 0.1),
];

const cut = ({ name, size }: Axis, by: number): Axis =>
  size === undefined ? axis(`${name} cut`) : axis(name, size - by);
const gainFor = (x: Value): Value =>
  constant(
    Float32Array.from({ length: x.axes.at(-1)!.size ?? 0 }, (_, i) => 0.5 + 0.1 * i),
    x.axes.slice(-1),
  );

function mergedAt(axes: readonly Axis[], at: number): Axis[] {
  const [a, b] = [axes[at]!, axes[at + 1]!];
  const size = a.size === undefined || b.size === undefined ? undefined : a.size * b.size;
  return axes.toSpliced(at, 2, axis(size === undefined ? `${a.name} x ${b.name}` : "", size));
}

const applied = (list: readonly Value[], feeds: ReadonlyMap<string, Numbers>, [op, first, second, n]: Step): Value => {
  const [x, y] = [pick(list, first), pick(list, second)];
  const count = ANYWHERE.length + ALONG.length + ALONG_SOME.length;
  const which = op % count;
  if (which < ANYWHERE.length) return ANYWHERE[which]!(x, y, n);
  if (x.axes.length === 0) return tanh(x);
  const at = second % x.axes.length;
  if (which < ANYWHERE.length + ALONG.length) return ALONG[which - ANYWHERE.length]!(x, at, n);
  const { shape } = evaluate([x], feeds)[0]!;
  return shape.includes(0) ? x : ALONG_SOME[which - ANYWHERE.length - ALONG.length]!(x, at, n, shape[at]!);
};

/** What a program computes, kept within bounds at every step; steps that do not fit are left out. */
function run({ sizes, open, steps }: Program): {
  inputs: Map<string, Value>;
  feeds: Map<string, Numbers>;
  last: Value[];
} {
  const [batch, text, width] = ["batch", "text", "width"].map((name, i) =>
    axis(name, open[i] ? undefined : sizes[i]),
  ) as [Axis, Axis, Axis];
  const inputs = new Map([
    ["x", input("x", "float32", [batch, text, width])],
    ["y", input("y", "float32", [text, width])],
    ["w", parameter("w", [width], true)],
    ["one", parameter("one", [{ name: "", size: 1 }], true)],
  ]);
  const random = new Random("feeds");
  const sizeOf = ({ name, size }: Axis) => size ?? sizes[["batch", "text", "width"].indexOf(name)]!;
  const feeds = new Map(
    [...inputs].map(([name, { axes }]) => [name, build(axes.map(sizeOf), () => Math.fround(random.normal()))]),
  );
  const list = [...inputs.values()];
  for (const step of steps) {
    let y: Value;
    try {
      y = applied(list, feeds, step);
    } catch (error) {
      if (error instanceof GraphError) continue;
      throw error;
    }
    const { data } = evaluate([y], feeds)[0]!;
    if (data.length > 500) continue;
    list.push(data.some((entry) => Math.abs(entry) > 2) ? tanh(y) : y);
  }
  return { inputs, feeds, last: list.slice(-3) };
}

const programs = (size: fc.Arbitrary<number>): fc.Arbitrary<Program> =>
  fc.record({
    sizes: fc.tuple(size, size, size),
    open: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
    steps: fc.array(fc.tuple(fc.nat(999), fc.nat(20), fc.nat(20), fc.nat(20)), { minLength: 1, maxLength: 12 }),
  });

/** Depth costs digits: every step rounds, and slopes multiply. Values are at most 4, and lose digits where they cancel. */
const TOLERANCES = { value: 5e-6, differences: 2e-5, gradient: 1e-4, entries: 2 };

const check = async (program: Program) => {
  const { inputs, feeds, last } = run(program);
  const found = await runEngine(graph(Object.fromEntries(last.entries())), feeds);
  evaluate(last, feeds).forEach((wanted, i) => {
    expectClose(numbersOf(found[i]!), wanted, TOLERANCES.value, `value ${i}`);
  });
  // Every input takes part, so that the loss depends on each.
  const loss = [...last, ...inputs.values()]
    .map((y) => total(y.axes.length === 0 ? unsqueeze(tanh(y), 0) : tanh(y)))
    .reduce(add);
  await checkGradients(loss, inputs, feeds, TOLERANCES);
};

describe("programs drawn at random have their value and their slope", () => {
  it("over axes of 1 to 4 entries", async () => {
    await fc.assert(fc.asyncProperty(programs(fc.integer({ min: 1, max: 4 })), check), { numRuns: 80, seed: 1 });
  });

  it("over axes some of which have no entry, or one", async () => {
    await fc.assert(fc.asyncProperty(programs(fc.integer({ min: 0, max: 2 })), check), { numRuns: 80, seed: 2 });
  });
});
