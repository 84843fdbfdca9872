import { FlamingoError } from "../errors.js";

/** Thrown while a graph is built or written: values that do not fit together, or something ONNX cannot say. */
export class GraphError extends FlamingoError {
  readonly code = "GRAPH";
}

/** An ONNX file that is cut off, contradicts itself, is newer than this reader, or says what this library never writes. */
export class OnnxError extends FlamingoError {
  readonly code = "ONNX";
}
