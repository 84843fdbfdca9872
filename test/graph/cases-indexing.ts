/** Cases of the ops that pick, place and order entries. */
import { axis } from "../../src/graph/axes.js";
import {
  addAlong,
  argMax,
  argMin,
  cumulativeSum,
  embed,
  gather,
  moveRows,
  OPS,
  oneHot,
  scatterAdd,
  takeAlong,
  topK,
} from "../../src/graph/index.js";
import { apply } from "../../src/graph/value.js";
import { batch, below, type Case, given, normal, text, width } from "./filled.js";

const moved = [
  given("int32", [2, -1, 0, 1, -1, 3, 2, -1])(batch, 4),
  given("int32", [2, 3, 0, -1, -1, -1, 2, 1])(batch, axis("rows", 4)),
];
export const INDEXING_CASES = {
  Gather: [
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
    {
      about: "of the middle axis, by a matrix",
      inputs: [normal(batch, 5, width), below(5)(3, 2)],
      make: (x, i) => gather(x!, i!, 1),
    },
    { about: "of the last axis", inputs: [normal(batch, 5), below(5, "int64")(7)], make: (x, i) => gather(x!, i!, -1) },
  ],
  ScatterAdd: [
    {
      about: "of rows that share places, and places with none",
      inputs: [normal(7, width), below(4)(7)],
      make: (x, i) => scatterAdd(x!, i!, axis("table", 6)),
    },
    {
      about: "of numbers, by a matrix",
      inputs: [normal(batch, text), below(3, "int64")(batch, text)],
      make: (x, i) => scatterAdd(x!, i!, 3),
    },
    {
      about: "in the middle",
      inputs: [normal(batch, 5, width), below(3)(5)],
      make: (x, i) => apply(OPS.ScatterAdd, [x!, i!], { at: 1, into: axis("", 3) }),
    },
  ],
  TakeAlong: [
    {
      about: "the last axis, often the same",
      inputs: [normal(batch, 3), below(3)(batch, 7)],
      make: (x, i) => takeAlong(x!, i!, -1),
    },
    {
      about: "the middle",
      inputs: [normal(batch, 4, width), below(4, "int64")(batch, 2, width)],
      make: (x, i) => takeAlong(x!, i!, 1),
    },
  ],
  AddAlong: [
    {
      about: "one a row",
      inputs: [normal(4, 5), below(5)(4, 1), normal(4, 1)],
      make: (x, i, a) => addAlong(x!, i!, a!, 1),
    },
    {
      about: "several to one place",
      inputs: [normal(3, width), below(3, "int64")(8, width), normal(8, width)],
      make: (x, i, a) => addAlong(x!, i!, a!, 0),
    },
  ],
  CumSum: [
    { about: "of rows", inputs: [normal(batch, 5)], make: (x) => cumulativeSum(x!, -1) },
    { about: "from the end", inputs: [normal(batch, 5, 2)], make: (x) => cumulativeSum(x!, 1, { reverse: true }) },
    { about: "of those before", inputs: [normal(5, 2)], make: (x) => cumulativeSum(x!, 0, { exclusive: true }) },
    {
      about: "of those behind",
      inputs: [normal(batch, 5)],
      make: (x) => cumulativeSum(x!, 1, { exclusive: true, reverse: true }),
    },
  ],
  TopK: [
    { about: "of rows", inputs: [normal(batch, 6)], make: (x) => topK(x!, 3).values },
    { about: "along the first axis", inputs: [normal(5, width)], make: (x) => topK(x!, 1, 0).values },
  ],
  ArgMax: [
    { about: "of rows", inputs: [normal(batch, text, width)], make: (x) => argMax(x!, -1) },
    { about: "of equal numbers: the first", inputs: [below(2, "float32")(batch, 9)], make: (x) => argMax(x!, 1, true) },
  ],
  ArgMin: [
    { about: "of columns", inputs: [normal(batch, text)], make: (x) => argMin(x!, 0) },
    { about: "of equal numbers: the first", inputs: [below(2, "float32")(batch, 9)], make: (x) => argMin(x!, 1, true) },
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
} satisfies Record<string, readonly Case[]>;
