/** Every op there is. A test walks this table: types, gradient against finite differences, or the reason it has none. */
import type { Op } from "../value.js";
import { activationOps } from "./activations.js";
import { alongOps } from "./along.js";
import { arrangeOps } from "./arrange.js";
import { convolutionOps } from "./convolution.js";
import { crossEntropyOps } from "./cross-entropy.js";
import { elementwiseOps } from "./elementwise.js";
import { fitOps } from "./fit.js";
import { flowOps } from "./flow.js";
import { indexingOps } from "./indexing.js";
import { linearOps } from "./linear.js";
import { normaliseOps } from "./normalise.js";
import { quantisedOps } from "./quantised.js";
import { reduceOps } from "./reduce.js";
import { shapeOps } from "./shape.js";
import { windowOps } from "./windows.js";

/** Every op by its name; `value.ts` says what an op is. Functions apply them: `add` the op `Add`. */
export const OPS = {
  ...activationOps,
  ...alongOps,
  ...arrangeOps,
  ...convolutionOps,
  ...crossEntropyOps,
  ...elementwiseOps,
  ...fitOps,
  ...flowOps,
  ...indexingOps,
  ...linearOps,
  ...normaliseOps,
  ...quantisedOps,
  ...reduceOps,
  ...shapeOps,
  ...windowOps,
};

/** The name of an op. */
export type OpName = keyof typeof OPS;

// biome-ignore lint/suspicious/noExplicitAny: ops differ in their attributes
OPS satisfies Record<OpName, Op<any>>;
