/** The runtime room in Node: what every runtime offers, and ONNX Runtime on the CPU. */
export {
  type CompileOptions,
  type Device,
  fromOnnx,
  type PortableGraph,
  type Program,
  portable,
  type Runtime,
  type Tensor,
} from "./contract.js";
export { RuntimeError } from "./errors.js";
export { nodeRuntime } from "./onnx.node.js";
