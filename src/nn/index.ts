/** The nn room: layers as functions `(params, x) -> x`, the functions that make their parameters, and trees of them. */
export { Random } from "../random.js";
export { attendGrouped, type KeysAndValues } from "./attention.js";
export {
  ACTIVATIONS,
  type Activation,
  attend,
  bind,
  type CausalTaps,
  causalTaps,
  type FeedForward,
  type FeedForwardConfig,
  feedForward,
  filled,
  HIDDEN,
  initAffine,
  initCausalTaps,
  initFeedForward,
  initLinear,
  initNorm,
  joinHeads,
  LAYER_NORM,
  type Linear,
  linear,
  type Norm,
  type NormConfig,
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
  parameterOf,
  type Quantised,
  type Stored,
  sizeOf,
  storedIn,
  type Tree,
  type WithLeaves,
} from "./parameters.js";
export { dequantised, quantise } from "./quantise.js";
export {
  type Held,
  QUANTISABLE,
  quantisable,
  quantisedParameter,
  quantiseParameters,
  SCHEMES,
  schemeOf,
} from "./quantised.js";
