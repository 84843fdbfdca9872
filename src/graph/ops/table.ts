/** Every op there is. A test walks this table: types, gradient against finite differences, or the reason it has none. */
import type { Op } from "../value.js";
import { convolutionOps } from "./convolution.js";
import { elementwiseOps } from "./elementwise.js";
import { indexingOps } from "./indexing.js";
import { linearOps } from "./linear.js";
import { normaliseOps } from "./normalise.js";
import { reduceOps } from "./reduce.js";
import { shapeOps } from "./shape.js";

export const OPS = {
  ...convolutionOps,
  ...elementwiseOps,
  ...indexingOps,
  ...linearOps,
  ...normaliseOps,
  ...reduceOps,
  ...shapeOps,
};

export type OpName = keyof typeof OPS;

// biome-ignore lint/suspicious/noExplicitAny: ops differ in their attributes
OPS satisfies Record<OpName, Op<any>>;
