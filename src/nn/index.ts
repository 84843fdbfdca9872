/** The nn room: layers as functions `(params, x) -> x`, the functions that make their parameters, and trees of them. */
export { Random } from "../random.js";
export { attendGrouped } from "./attention.js";
export {
  ACTIVATIONS,
  type Activation,
  attend,
  bind,
  type CausalTaps,
  causalTaps,
  type FeedForward,
  feedForward,
  filled,
  HIDDEN,
  initCausalTaps,
  initFeedForward,
  initLinear,
  initNorm,
  joinHeads,
  type Linear,
  linear,
  type Norm,
  norm,
  normal,
  splitHeads,
} from "./layers.js";
export {
  countParameters,
  flatten,
  frozen,
  mapParameters,
  type Parameter,
  type Tree,
  type WithLeaves,
} from "./parameters.js";
export {
  type Affine,
  affine,
  initAffine,
  initScaling,
  type NormKind,
  type Scaling,
  scaled,
} from "./projections.js";
