/** The graph room: symbolic tensors, ops with their gradients, the reverse walk, ONNX bytes. */
export { type Axis, type AxisLike, axes, axis, describeAxes } from "./axes.js";
export type { ArrayOf, DType } from "./dtype.js";
export { GraphError, OnnxError } from "./errors.js";
export { gradients } from "./gradients.js";
export { type Graph, graph } from "./graph.js";
export { encodeOnnx } from "./onnx/encode.js";
export { separateWeights } from "./onnx/external.js";
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
export { convolve } from "./ops/convolution.js";
export * from "./ops/elementwise.js";
export { embed, moveRows, oneHot } from "./ops/indexing.js";
export { matmul } from "./ops/linear.js";
export { crossEntropy, layerNorm, logSoftmax, softmax } from "./ops/normalise.js";
export { max, mean, sum } from "./ops/reduce.js";
export { broadcastTo, concat, pad, reshape, slice, transpose, trim } from "./ops/shape.js";
export { OPS, type OpName } from "./ops/table.js";
export { constant, describe, input, named, parameter, scalar, type Value } from "./value.js";
