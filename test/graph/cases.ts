/** For every op, the sizes, the broadcasting and the attributes under which it is checked. */
import { axis } from "../../src/graph/axes.js";
import {
  add,
  broadcastTo,
  checkpoint,
  concat,
  count,
  crossEntropy,
  exp,
  flip,
  layerNorm,
  logSoftmax,
  logSumExp,
  matmul,
  max,
  mean,
  min,
  mul,
  OPS,
  type OpName,
  pad,
  product,
  reshape,
  rmsNorm,
  sigmoid,
  slice,
  softmax,
  squeeze,
  stopGradient,
  sum,
  tanh,
  tile,
  transpose,
  trim,
  unsqueeze,
} from "../../src/graph/index.js";
import { putBack, takeOut } from "../../src/graph/ops/fit.js";
import { apply } from "../../src/graph/value.js";
import { ELEMENTWISE_CASES } from "./cases-elementwise.js";
import { INDEXING_CASES } from "./cases-indexing.js";
import { QUANTISED_CASES } from "./cases-quantised.js";
import { WINDOW_CASES } from "./cases-windows.js";
import { batch, below, type Case, floats, given, normal, reductions, rowwise, text, width } from "./filled.js";

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

export const CASES: Record<OpName, readonly Case[]> = {
  ...ELEMENTWISE_CASES,
  ...INDEXING_CASES,
  ...QUANTISED_CASES,
  ...WINDOW_CASES,

  MatMul: products,

  Softmax: [
    ...rowwise((x) => softmax(x!)),
    { about: "over the first axis", inputs: [normal(batch, text, width)], make: (x) => softmax(x!, 0) },
  ],
  LogSoftmax: [
    ...rowwise((x) => logSoftmax(x!)),
    { about: "over the middle axis", inputs: [normal(batch, text, width)], make: (x) => logSoftmax(x!, 1) },
  ],
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
  RmsNorm: [
    { about: "of a matrix", inputs: [normal(text, 5), normal(5)], make: (x, g) => rmsNorm(x!, g!, 1e-5) },
    {
      about: "of four axes, with a large epsilon",
      inputs: [normal(batch, 2, text, 5), normal(5)],
      make: (x, g) => rmsNorm(x!, g!, 0.5),
    },
  ],
  CrossEntropy: [
    {
      about: "against int32",
      inputs: [normal(axis("rows", 4), 5), below(5)(axis("rows", 4))],
      make: (x, t) => crossEntropy(x!, t!).loss,
    },
    { about: "against int64", inputs: [normal(3, 2), below(2, "int64")(3)], make: (x, t) => crossEntropy(x!, t!).loss },
    {
      about: "smoothed",
      inputs: [normal(4, 5), below(5)(4)],
      make: (x, t) => crossEntropy(x!, t!, { smoothing: 0.2 }).loss,
    },
    {
      about: "with rows ignored",
      inputs: [normal(4, 5), given("int32", [3, -100, 0, -100])(4)],
      make: (x, t) => crossEntropy(x!, t!, { ignored: -100 }).loss,
    },
    {
      about: "smoothed, with rows ignored, against int64",
      inputs: [normal(4, 5), given("int64", [-1, 2, 2, -1])(4)],
      make: (x, t) => crossEntropy(x!, t!, { ignored: -1, smoothing: 0.1 }).loss,
    },
  ],
  ReduceSum: [
    ...reductions(sum),
    { about: "down many columns", inputs: [normal(batch, text, 9)], make: (x) => sum(x!, [0, 1]) },
    { about: "down many columns of two axes, kept", inputs: [normal(text, 3, width)], make: (x) => sum(x!, [0], true) },
    { about: "of whole numbers", inputs: [below(9)(batch, 9)], make: (x) => sum(x!, [0]) },
  ],
  ReduceMean: reductions(mean),
  ReduceMax: reductions(max),
  ReduceMin: reductions(min),
  ReduceProd: [
    ...reductions(product),
    {
      about: "with zeros",
      inputs: [floats((_r, i) => [1, 0, 2, 0, 0, 3, -1, 2, 4][i]!)(3, 3)],
      make: (x) => product(x!, [1]),
    },
  ],
  ReduceLogSumExp: [
    ...reductions(logSumExp),
    {
      about: "of large numbers",
      inputs: [floats((random) => 500 + random.normal())(batch, 5)],
      make: (x) => logSumExp(x!, [1]),
    },
  ],
  Count: [
    { about: "along two axes", inputs: [normal(batch, text, width)], make: (x) => count(x!, [0, 2]) },
    { about: "along the last", inputs: [normal(batch, text)], make: (x) => count(x!, [-1]) },
  ],

  Reshape: [
    { about: "to fewer axes", inputs: [normal(batch, text, width)], make: (x) => reshape(x!, [6, width]) },
    { about: "to more axes", inputs: [normal(batch, 6)], make: (x) => reshape(x!, [batch, text, 2]) },
    { about: "to a scalar", inputs: [normal(1, 1)], make: (x) => reshape(x!, []) },
    { about: "of nothing", inputs: [normal(batch, 0, 3)], make: (x) => reshape(x!, [0, 6]) },
    { about: "of nothing, an empty axis where it was", inputs: [normal(4, 0, 3)], make: (x) => reshape(x!, [12, 0]) },
  ],
  Transpose: [
    { about: "of two axes", inputs: [normal(batch, text)], make: (x) => transpose(x!, [1, 0]) },
    { about: "in a circle", inputs: [normal(batch, text, width)], make: (x) => transpose(x!, [2, 0, 1]) },
    { about: "of the middle", inputs: [normal(batch, text, 2, width)], make: (x) => transpose(x!, [0, 2, 1, 3]) },
  ],
  Slice: [
    { about: "of the middle", inputs: [normal(batch, 5)], make: (x) => slice(x!, 1, 1, 3) },
    { about: "by steps", inputs: [normal(batch, 8, text)], make: (x) => slice(x!, 1, 1, 3, 2) },
    { about: "by steps that end short", inputs: [normal(8)], make: (x) => slice(x!, 0, 0, 2, 3) },
    { about: "to the end", inputs: [normal(5, batch)], make: (x) => slice(x!, 0, 3, 2) },
    {
      about: "that leaves some at both ends under another name",
      inputs: [normal(batch, axis("long", 5), width)],
      make: (x) => trim(x!, 1, 1, 2, axis("short", 2)),
    },
    {
      about: "that takes all under another name",
      inputs: [normal(batch, axis("captions", 3))],
      make: (x) => trim(x!, 1, 0, 0, axis("pictures", 3)),
    },
    {
      about: "that leaves none",
      inputs: [normal(batch, axis("long", 5))],
      make: (x) => trim(x!, 1, 2, 0, axis("short", 3)),
    },
  ],
  Pad: [
    { about: "on both sides", inputs: [normal(batch, text)], make: (x) => pad(x!, 1, 2, 1) },
    { about: "with a number", inputs: [normal(batch, text)], make: (x) => pad(x!, 1, 2, 1, -3) },
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
    {
      about: "to no entries",
      inputs: [normal(batch, 1), normal(1, 0)],
      make: (x, like) => broadcastTo(x!, like!),
      flat: [1],
    },
    {
      about: "of whole numbers to no entries",
      inputs: [below(3)(batch, 1), below(3)(batch, 0)],
      make: (x, like) => broadcastTo(x!, like!),
    },
  ],

  TakeOut: [
    {
      about: "of the middle",
      inputs: [normal(batch, 6), normal(batch, 3)],
      make: (x, part) => takeOut(x!, part!, [], { at: 1, start: 2 }),
      flat: [1],
    },
    {
      about: "behind two others",
      inputs: [normal(7, width), normal(text, width), normal(1, width), normal(2, width)],
      make: (x, part, first, second) => takeOut(x!, part!, [first!, second!], { at: 0, start: 1 }),
      flat: [1, 2, 3],
    },
  ],
  PutBack: [
    {
      about: "in the middle",
      inputs: [normal(batch, 3), normal(batch, 6)],
      make: (part, whole) => putBack(part!, whole!, [], { at: 1, start: 2 }),
      flat: [1],
    },
    {
      about: "behind another, at the end",
      inputs: [normal(text, width), normal(5, width), normal(2, width)],
      make: (part, whole, first) => putBack(part!, whole!, [first!], { at: 0, start: 0 }),
      flat: [1, 2],
    },
  ],
  Tile: [
    { about: "of two axes", inputs: [normal(batch, text)], make: (x) => tile(x!, [2, 3]) },
    { about: "of the middle", inputs: [normal(batch, text, width)], make: (x) => tile(x!, [1, 2, 1]) },
  ],
  Flip: [
    { about: "of the last axis", inputs: [normal(batch, text)], make: (x) => flip(x!, -1) },
    { about: "of the first", inputs: [normal(text, width)], make: (x) => flip(x!, 0) },
  ],
  Unsqueeze: [
    { about: "in front", inputs: [normal(batch, text)], make: (x) => unsqueeze(x!, 0) },
    { about: "at the end", inputs: [normal(batch, text)], make: (x) => unsqueeze(x!, -1) },
    { about: "of two axes", inputs: [normal(batch, text)], make: (x) => unsqueeze(x!, 2, 0) },
  ],
  Squeeze: [{ about: "of the middle", inputs: [normal(batch, 1, text)], make: (x) => squeeze(x!, 1) }],

  StopGradient: [
    {
      about: "of one factor",
      inputs: [normal(batch, text), normal(batch, text)],
      make: (a, b) => mul(stopGradient(a!), b!),
      flat: [0],
    },
  ],
  After: [
    {
      about: "a value of other axes",
      inputs: [normal(batch, text), normal(width)],
      make: (x, signal) => apply(OPS.After, [x!, signal!], null),
      flat: [1],
    },
    {
      about: "of a scalar",
      inputs: [normal(), normal(batch)],
      make: (x, signal) => apply(OPS.After, [x!, signal!], null),
      flat: [1],
    },
  ],
  Checkpoint: [
    {
      about: "of a layer, whose weight it reads beside its input",
      inputs: [normal(text, width), normal(width, width)],
      make: (x, w) => checkpoint((h) => mul(tanh(matmul(h!, w!)), sigmoid(h!)), [x!]),
    },
    {
      about: "of several results, one of them an input and one given twice",
      inputs: [normal(text, width), normal(width, width)],
      make: (x, w) => {
        const both = checkpoint(
          (h) => {
            const [wide, bent] = [matmul(h!, w!), tanh(h!)];
            return [wide, bent, h!, wide];
          },
          [x!],
        );
        return add(mul(both[0]!, both[1]!), mul(both[2]!, both[3]!));
      },
    },
    {
      about: "of two inputs, one of which is made of the other",
      inputs: [normal(text, width)],
      make: (x) => {
        const y = tanh(x!);
        return checkpoint((h, k) => mul(exp(h!), mul(k!, k!)), [x!, y]);
      },
    },
    {
      about: "of two results, on one of which nothing depends",
      inputs: [normal(text, width)],
      make: (x) => checkpoint((h) => [exp(h!), mul(tanh(h!), h!)], [x!])[1]!,
    },
    {
      about: "within another, of two inputs",
      inputs: [normal(text, width), normal(text, width)],
      make: (a, b) =>
        checkpoint(
          (h, k) =>
            add(
              checkpoint((inner) => exp(mul(tanh(inner!), h!)), [k!]),
              mul(h!, h!),
            ),
          [a!, b!],
        ),
    },
  ],
};
