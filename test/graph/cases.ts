/** For every op, the sizes, the broadcasting and the attributes under which it is checked. */
import { type AxisLike, axes, axis } from "../../src/graph/axes.js";
import type { DType } from "../../src/graph/dtype.js";
import {
  add,
  and,
  broadcastTo,
  cast,
  concat,
  convolve,
  crossEntropy,
  div,
  embed,
  equal,
  erf,
  exp,
  gelu,
  greater,
  input,
  layerNorm,
  less,
  log,
  logSoftmax,
  matmul,
  max,
  mean,
  moveRows,
  mul,
  neg,
  OPS,
  type OpName,
  oneHot,
  pad,
  relu,
  reshape,
  sigmoid,
  slice,
  softmax,
  sqrt,
  sub,
  sum,
  tanh,
  transpose,
  trim,
  type Value,
  where,
} from "../../src/graph/index.js";
import { apply } from "../../src/graph/value.js";
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
  /** Positions of float32 inputs along which the result is flat: asking for that gradient is refused. */
  readonly flat?: readonly number[];
}

const floats =
  (fill: Filled["fill"]) =>
  (...list: AxisLike[]): Filled => ({ dtype: "float32", axes: list, fill: (r, i) => Math.fround(fill(r, i)) });
const normal = floats((random) => random.normal());
/** At least 0.1 from 0 and from any whole number, where steps, kinks and poles are. */
const clear = floats((random) => random.integer(5) - 2 + random.uniform(0.1, 0.9));
const positive = floats((random) => random.uniform(0.5, 2));
const ints =
  (dtype: DType, fill: Filled["fill"]) =>
  (...list: AxisLike[]): Filled => ({ dtype, axes: list, fill });
const below = (size: number, dtype: DType = "int32") => ints(dtype, (random) => random.integer(size));
const truth = ints("bool", (random) => random.integer(2));
const given = (dtype: DType, numbers: readonly number[]) => ints(dtype, (_random, entry) => numbers[entry]!);

const batch = axis("batch", 2);
const text = axis("text", 3);
const width = axis("width", 4);

/** Two sides of an op with broadcasting. */
const pairs = (make: Case["make"], left = normal, right = left): Case[] => [
  { about: "of equal axes", inputs: [left(batch, text), right(batch, text)], make },
  { about: "with a scalar", inputs: [left(batch, text), right()], make },
  { about: "of scalars", inputs: [left(), right()], make },
  { about: "with fewer axes on the left", inputs: [left(text), right(batch, text)], make },
  { about: "with axes of 1 on both sides", inputs: [left(batch, 1, width), right(text, 1)], make },
  { about: "with axes of 1 in front", inputs: [left(1, 1, text), right(batch, width, text)], make },
];
const single = (make: Case["make"], fill = normal): Case[] => [
  { about: "of three axes", inputs: [fill(batch, text, width)], make },
  { about: "of a scalar", inputs: [fill()], make },
];
const rowwise = (make: Case["make"]): Case[] => [
  { about: "of one row", inputs: [normal(width)], make },
  { about: "of a matrix", inputs: [normal(text, width)], make },
  { about: "of four axes", inputs: [normal(batch, text, 1, 5)], make },
];

const products: Case[] = [];
for (const transposeLeft of [false, true])
  for (const transposeRight of [false, true])
    for (const [front, frontToo] of [
      [[], []],
      [[batch], []],
      [[], [batch]],
      [[batch], [batch]],
      [
        [batch, 2],
        [batch, 2],
      ],
      [
        [batch, 1],
        [1, 2],
      ],
      [[1], [batch]],
    ] as const)
      for (const scale of [1, 0.25]) {
        const left = transposeLeft ? normal(...front, 5, text) : normal(...front, text, 5);
        const right = transposeRight ? normal(...frontToo, width, 5) : normal(...frontToo, 5, width);
        const flags = `${transposeLeft ? "left transposed, " : ""}${transposeRight ? "right transposed, " : ""}`;
        products.push({
          about: `${flags}${front.length} and ${frontToo.length} axes in front, times ${scale}`,
          inputs: [left, right],
          make: (a, b) => matmul(a!, b!, { transposeLeft, transposeRight, scale }),
        });
      }

const reductions = (make: (x: Value, over: readonly number[], keep?: boolean) => Value, fill = normal): Case[] => [
  { about: "over the last axis", inputs: [fill(batch, text, width)], make: (x) => make(x!, [-1]) },
  { about: "over the first, kept", inputs: [fill(batch, text)], make: (x) => make(x!, [0], true) },
  { about: "over two with one between", inputs: [fill(batch, text, width)], make: (x) => make(x!, [0, 2]) },
  { about: "over two, kept", inputs: [fill(batch, text, width)], make: (x) => make(x!, [1, 2], true) },
  { about: "over all", inputs: [fill(batch, text)], make: (x) => make(x!, [0, 1]) },
];

const moved = [
  given("int32", [2, -1, 0, 1, -1, 3, 2, -1])(batch, 4),
  given("int32", [2, 3, 0, -1, -1, -1, 2, 1])(batch, axis("rows", 4)),
];
const picture = (height: number, across: number, channels: number) =>
  normal(axis("pictures", 2), axis("height", height), axis("across", across), axis("channels", channels));

export const CASES: Record<OpName, readonly Case[]> = {
  Add: pairs((a, b) => add(a!, b!)),
  Sub: pairs((a, b) => sub(a!, b!)),
  Mul: pairs((a, b) => mul(a!, b!)),
  Div: pairs((a, b) => div(a!, b!), normal, clear),
  Neg: single((x) => neg(x!)),
  Exp: single((x) => exp(x!)),
  Log: single((x) => log(x!), positive),
  Sqrt: single((x) => sqrt(x!), positive),
  Tanh: single((x) => tanh(x!)),
  Sigmoid: single((x) => sigmoid(x!)),
  Relu: single((x) => relu(x!), clear),
  Erf: single((x) => erf(x!)),
  Gelu: single((x) => gelu(x!)),
  Greater: pairs((a, b) => greater(a!, b!)),
  Less: pairs((a, b) => less(a!, b!)),
  Equal: [...pairs((a, b) => equal(a!, b!), below(2)), ...pairs((a, b) => equal(a!, b!), below(2, "float32"))],
  And: pairs((a, b) => and(a!, b!), truth),
  Where: [
    {
      about: "of equal axes",
      inputs: [truth(batch, text), normal(batch, text), normal(batch, text)],
      make: (c, a, b) => where(c!, a!, b!),
    },
    {
      about: "between scalars",
      inputs: [truth(batch, text), normal(), normal()],
      make: (c, a, b) => where(c!, a!, b!),
    },
    {
      about: "by a narrower condition",
      inputs: [truth(text, 1), normal(batch, 1, width), normal(text, 1)],
      make: (c, a, b) => where(c!, a!, b!),
    },
  ],
  Cast: [
    { about: "to float64 and back", inputs: [normal(batch, text)], make: (x) => cast(cast(x!, "float64"), "float32") },
    { about: "of whole numbers to float32", inputs: [below(9)(batch, text)], make: (x) => cast(x!, "float32") },
    { about: "of truth to float32", inputs: [truth(batch, text)], make: (x) => cast(x!, "float32") },
    {
      about: "of float32 to int64, towards 0",
      inputs: [clear(batch, text)],
      make: (x) => cast(x!, "int64"),
      flat: [0],
    },
  ],

  Embed: [
    { about: "of one index a row", inputs: [normal(5, width), below(5)(text)], make: (t, i) => embed(t!, i!) },
    {
      about: "of repeated int64 indices",
      inputs: [normal(3, width), below(3, "int64")(batch, 6)],
      make: (t, i) => embed(t!, i!),
    },
    {
      about: "of a table of matrices",
      inputs: [normal(3, 2, width), below(3)(batch, text)],
      make: (t, i) => embed(t!, i!),
    },
  ],
  OneHot: [
    { about: "of int32", inputs: [below(5)(batch, text)], make: (i) => oneHot(i!, 5) },
    { about: "of int64", inputs: [below(5, "int64")(text)], make: (i) => oneHot(i!, 5) },
  ],
  MoveRows: [
    {
      about: "with rows that go nowhere and places left blank",
      inputs: [normal(batch, axis("rows", 4), width), ...moved],
      make: (x, i, b) => moveRows(x!, i!, b!),
    },
    {
      about: "to fewer places, by int64",
      inputs: [normal(1, 3, width), given("int64", [2, 0])(1, 2), given("int64", [1, -1, 0])(1, 3)],
      make: (x, i, b) => moveRows(x!, i!, b!),
    },
  ],

  MatMul: products,
  Patches: [
    { about: "of 3 x 3", inputs: [picture(3, 4, 2)], make: (x) => apply(OPS.Patches, [x!], { kernel: 3 }) },
    { about: "of 5 x 5", inputs: [picture(3, 4, 1)], make: (x) => apply(OPS.Patches, [x!], { kernel: 5 }) },
  ],
  Convolve: [
    { about: "3 x 3", inputs: [picture(3, 4, 2), normal(9, 2, 3)], make: (x, w) => convolve(x!, w!) },
    { about: "1 x 1", inputs: [picture(2, 3, 2), normal(1, 2, 3)], make: (x, w) => convolve(x!, w!) },
    {
      about: "5 x 5, wider than the picture",
      inputs: [picture(2, 3, 1), normal(25, 1, 2)],
      make: (x, w) => convolve(x!, w!),
    },
  ],

  Softmax: rowwise((x) => softmax(x!)),
  LogSoftmax: rowwise((x) => logSoftmax(x!)),
  LayerNorm: [
    {
      about: "of a matrix",
      inputs: [normal(text, 5), normal(5), normal(5)],
      make: (x, g, o) => layerNorm(x!, g!, o!, 1e-5),
    },
    {
      about: "of four axes, with a large epsilon",
      inputs: [normal(batch, 2, text, 5), normal(5), normal(5)],
      make: (x, g, o) => layerNorm(x!, g!, o!, 0.5),
    },
  ],
  CrossEntropy: [
    {
      about: "against int32",
      inputs: [normal(axis("rows", 4), 5), below(5)(axis("rows", 4))],
      make: (x, t) => crossEntropy(x!, t!).loss,
    },
    { about: "against int64", inputs: [normal(3, 2), below(2, "int64")(3)], make: (x, t) => crossEntropy(x!, t!).loss },
  ],
  AddAtIndex: [
    {
      about: "one a row",
      inputs: [normal(4, 5), below(5)(4), normal(4, 1)],
      make: (x, i, a) => apply(OPS.AddAtIndex, [x!, i!, a!], null),
    },
  ],

  ReduceSum: reductions(sum),
  ReduceMean: reductions(mean),
  ReduceMax: reductions(max),

  Reshape: [
    { about: "to fewer axes", inputs: [normal(batch, text, width)], make: (x) => reshape(x!, [6, width]) },
    { about: "to more axes", inputs: [normal(batch, 6)], make: (x) => reshape(x!, [batch, text, 2]) },
    { about: "to a scalar", inputs: [normal(1, 1)], make: (x) => reshape(x!, []) },
  ],
  Transpose: [
    { about: "of two axes", inputs: [normal(batch, text)], make: (x) => transpose(x!, [1, 0]) },
    { about: "in a circle", inputs: [normal(batch, text, width)], make: (x) => transpose(x!, [2, 0, 1]) },
    { about: "of the middle", inputs: [normal(batch, text, 2, width)], make: (x) => transpose(x!, [0, 2, 1, 3]) },
  ],
  Slice: [
    { about: "of the middle", inputs: [normal(batch, 5)], make: (x) => slice(x!, 1, 1, 3) },
    { about: "to the end", inputs: [normal(5, batch)], make: (x) => slice(x!, 0, 3, 2) },
    {
      about: "that leaves some at both ends under another name",
      inputs: [normal(batch, axis("long", 5), width)],
      make: (x) => trim(x!, 1, 1, 2, axis("short", 2)),
    },
    {
      about: "that leaves none",
      inputs: [normal(batch, axis("long", 5))],
      make: (x) => trim(x!, 1, 2, 0, axis("short", 3)),
    },
  ],
  Pad: [
    { about: "on both sides", inputs: [normal(batch, text)], make: (x) => pad(x!, 1, 2, 1) },
    { about: "before only", inputs: [normal(batch, text, width)], make: (x) => pad(x!, -2, 3, 0) },
  ],
  Concat: [
    {
      about: "of two under a new name",
      inputs: [normal(batch, axis("patches", 3)), normal(batch, axis("latents", 2))],
      make: (a, b) => concat([a!, b!], 1, "both"),
    },
    {
      about: "of three along the first axis",
      inputs: [normal(2, text), normal(1, text), normal(3, text)],
      make: (...parts) => concat(parts, 0),
    },
    { about: "of one value twice", inputs: [normal(batch, text)], make: (x) => concat([x!, x!], 1) },
  ],
  BroadcastTo: [
    {
      about: "along the middle",
      inputs: [normal(batch, 1, width), normal(batch, text, width)],
      make: (x, like) => broadcastTo(x!, like!),
      flat: [1],
    },
    {
      about: "along new axes",
      inputs: [normal(width), normal(batch, text, width)],
      make: (x, like) => broadcastTo(x!, like!),
      flat: [1],
    },
    {
      about: "of a scalar",
      inputs: [normal(), normal(batch, text)],
      make: (x, like) => broadcastTo(x!, like!),
      flat: [1],
    },
  ],
};

/** A case's inputs filled, and its result. */
export function open(
  name: string,
  given: Case,
): { inputs: Map<string, Value>; feeds: Map<string, Numbers>; result: Value } {
  const inputs = new Map<string, Value>();
  const feeds = new Map<string, Numbers>();
  given.inputs.forEach(({ dtype, axes: list, fill }, i) => {
    const random = new Random(`${name} ${given.about} ${i}`);
    const value = input(`input ${i}`, dtype, axes(...list));
    const shape = value.axes.map(({ size }) => size!);
    const data = Float64Array.from({ length: shape.reduce((p, n) => p * n, 1) }, (_, entry) => fill(random, entry));
    inputs.set(`input ${i}`, value);
    feeds.set(`input ${i}`, { shape, data });
  });
  return { inputs, feeds, result: given.make(...inputs.values()) };
}
