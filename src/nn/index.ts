/** The nn room: layers as functions `(params, x) -> x`, the functions that make their parameters, and trees of them. */
export { Random } from "../random.js";
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
  type Quantised,
  type Stored,
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
} from "./quantised.js";
