import { FlamingoError } from "../errors.js";

/** Thrown while a graph is built or written: values that do not fit together, or something ONNX cannot say. */
export class GraphError extends FlamingoError {
  readonly code = "GRAPH";
}
