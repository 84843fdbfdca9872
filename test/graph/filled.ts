/** Inputs of the cases of ops: how they are filled, and the shapes that many ops are tried on. */
import { type AxisLike, axes, axis } from "../../src/graph/axes.js";
import type { DType } from "../../src/graph/dtype.js";
import { input, type Value } from "../../src/graph/index.js";
import { Random } from "../../src/random.js";
import type { Numbers } from "../support/evaluate.js";

/** An input of a case: its axes, its element type, and what it is filled with. */
export interface Filled {
  readonly dtype: DType;
  readonly axes: readonly AxisLike[];
  readonly fill: (random: Random, entry: number) => number;
}

/** One use of an op. The result is the op's own. */
export interface Case {
  readonly about: string;
  readonly inputs: readonly Filled[];
  readonly make: (...inputs: Value[]) => Value;
  /** What it means, in plain loops: for functions that are made of several ops. */
  readonly means?: (...inputs: Numbers[]) => Numbers;
  /** Positions of float32 inputs along which the result is flat: asking for that gradient is refused. */
  readonly flat?: readonly number[];
}

export const floats =
  (fill: Filled["fill"]) =>
  (...list: AxisLike[]): Filled => ({ dtype: "float32", axes: list, fill: (r, i) => Math.fround(fill(r, i)) });
export const normal = floats((random) => random.normal());
/** At least 0.1 from 0 and from any whole number, where steps, kinks and poles are. */
export const clear = floats((random) => random.integer(5) - 2 + random.uniform(0.1, 0.9));
export const positive = floats((random) => random.uniform(0.5, 2));
export const ints =
  (dtype: DType, fill: Filled["fill"]) =>
  (...list: AxisLike[]): Filled => ({ dtype, axes: list, fill });
export const below = (size: number, dtype: DType = "int32") => ints(dtype, (random) => random.integer(size));
export const truth = ints("bool", (random) => random.integer(2));
export const given = (dtype: DType, numbers: readonly number[]) => ints(dtype, (_random, entry) => numbers[entry]!);

export const batch = axis("batch", 2);
export const text = axis("text", 3);
export const width = axis("width", 4);

/** Two sides of an op with broadcasting. */
export const pairs = (make: Case["make"], left = normal, right = left): Case[] => [
  { about: "of equal axes", inputs: [left(batch, text), right(batch, text)], make },
  { about: "with a scalar", inputs: [left(batch, text), right()], make },
  { about: "of scalars", inputs: [left(), right()], make },
  { about: "with fewer axes on the left", inputs: [left(text), right(batch, text)], make },
  { about: "with axes of 1 on both sides", inputs: [left(batch, 1, width), right(text, 1)], make },
  { about: "with axes of 1 in front", inputs: [left(1, 1, text), right(batch, width, text)], make },
];
export const single = (make: Case["make"], fill = normal): Case[] => [
  { about: "of three axes", inputs: [fill(batch, text, width)], make },
  { about: "of a scalar", inputs: [fill()], make },
];
export const rowwise = (make: Case["make"]): Case[] => [
  { about: "of one row", inputs: [normal(width)], make },
  { about: "of a matrix", inputs: [normal(text, width)], make },
  { about: "of four axes", inputs: [normal(batch, text, 1, 5)], make },
];

export const reductions = (
  make: (x: Value, over: readonly number[], keep?: boolean) => Value,
  fill = normal,
): Case[] => [
  { about: "over the last axis", inputs: [fill(batch, text, width)], make: (x) => make(x!, [-1]) },
  { about: "over the first, kept", inputs: [fill(batch, text)], make: (x) => make(x!, [0], true) },
  { about: "over two with one between", inputs: [fill(batch, text, width)], make: (x) => make(x!, [0, 2]) },
  { about: "over two, kept", inputs: [fill(batch, text, width)], make: (x) => make(x!, [1, 2], true) },
  { about: "over all", inputs: [fill(batch, text)], make: (x) => make(x!, [0, 1]) },
];

export const picture = (height: number, across: number, channels: number) =>
  normal(axis("pictures", 2), axis("height", height), axis("across", across), axis("channels", channels));

/** A case's inputs filled, and its result; `symbolic`: axes with a name have no size until they are fed. */
export function open(
  name: string,
  given: Case,
  symbolic = false,
): { inputs: Map<string, Value>; feeds: Map<string, Numbers>; result: Value } {
  const inputs = new Map<string, Value>();
  const feeds = new Map<string, Numbers>();
  given.inputs.forEach(({ dtype, axes: list, fill }, i) => {
    const random = new Random(`${name} ${given.about} ${i}`);
    const fixed = axes(...list);
    const shape = fixed.map(({ size }) => size!);
    const shown = symbolic ? fixed.map((a) => (a.name === "" ? a : { ...a, size: undefined })) : fixed;
    const value = input(`input ${i}`, dtype, shown);
    const data = Float64Array.from({ length: shape.reduce((p, n) => p * n, 1) }, (_, entry) => fill(random, entry));
    inputs.set(`input ${i}`, value);
    feeds.set(`input ${i}`, { shape, data });
  });
  return { inputs, feeds, result: given.make(...inputs.values()) };
}
