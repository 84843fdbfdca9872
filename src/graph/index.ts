/** The graph room: symbolic tensors, ops with their gradients, the reverse walk, ONNX bytes. */
export { type Axis, type AxisLike, axes, axis, describeAxes } from "./axes.js";
export type { ArrayOf, DType, Kind } from "./dtype.js";
export { GraphError, OnnxError } from "./errors.js";
export { gradients } from "./gradients.js";
export { type Graph, graph, subgraph } from "./graph.js";
export { encodeOnnx } from "./onnx/encode.js";
export { type Separated, separateWeights } from "./onnx/external.js";
export type {
  Attribute,
  ExternalBytes,
  Initialiser,
  OnnxInput,
  OnnxModel,
  OnnxNode,
  StoredType,
} from "./onnx/model.js";
export { readOnnx } from "./onnx/read.js";
export { onnxModel, type Weight, writeOnnx } from "./onnx/write.js";
export { gelu, geluTanh, quickGelu, relu, sigmoid, silu, softplus, squaredRelu } from "./ops/activations.js";
export { addAlong, argMax, argMin, type CumulativeSumOptions, cumulativeSum, takeAlong, topK } from "./ops/along.js";
export { flip, split, squeeze, stack, tile, unsqueeze } from "./ops/arrange.js";
export { contract } from "./ops/contract.js";
export { type ConvolutionOptions, convolve } from "./ops/convolution.js";
export { type CrossEntropyOptions, crossEntropy } from "./ops/cross-entropy.js";
export {
  abs,
  add,
  and,
  cast,
  clip,
  cos,
  div,
  equal,
  erf,
  exp,
  greater,
  greaterOrEqual,
  less,
  lessOrEqual,
  log,
  maximum,
  minimum,
  mul,
  neg,
  not,
  notEqual,
  or,
  pow,
  reciprocal,
  rsqrt,
  sign,
  sin,
  sqrt,
  sub,
  tanh,
  where,
} from "./ops/elementwise.js";
export { type Place, takeOut } from "./ops/fit.js";
export { checkpoint, stopGradient } from "./ops/flow.js";
export { embed, gather, moveRows, oneHot, scatterAdd } from "./ops/indexing.js";
export { type MatmulOptions, matmul } from "./ops/linear.js";
export { groupNorm, layerNorm, logSoftmax, rmsNorm, softmax } from "./ops/normalise.js";
export { averagePool, maxPool } from "./ops/pooling.js";
export { type DequantiseOptions, dequantise, type Quantisation, quantisedShapes } from "./ops/quantised.js";
export { count, logSumExp, max, mean, min, product, sum } from "./ops/reduce.js";
export { broadcastTo, concat, pad, reshape, slice, transpose, trim } from "./ops/shape.js";
export { OPS, type OpName } from "./ops/table.js";
export type { WindowOptions } from "./ops/windows.js";
export {
  apply,
  applyAll,
  constant,
  describe,
  type Emitter,
  type GradientOfAll,
  type InputGradient,
  input,
  type Node,
  named,
  type Op,
  parameter,
  type Source,
  scalar,
  type Type,
  type Value,
} from "./value.js";
