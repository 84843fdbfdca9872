import { FlamingoError } from "../errors.js";

/** Thrown while a graph is built or written: values that do not fit together, or something ONNX cannot say. */
export class GraphError extends FlamingoError {
  readonly code = "GRAPH";
}

/** An ONNX file that is cut off, contradicts itself, is newer than this reader, or says what this library never writes. */
export class OnnxError extends FlamingoError {
  readonly code = "ONNX";
}

/** A line of a stack, down to the place it names: `file:line:column`. */
const PLACE = /\(?((?:file:|node:|https?:|\/|[A-Za-z]:)[^()\s]*:\d+:\d+)\)?$/;
const GRAPH_ROOM = /[\\/](?:src|dist)[\\/]graph[\\/]/;

/** The line of the graph room's caller at which an error arose, where the engine of the language tells. */
export function callerOf({ stack = "" }: Error): string | undefined {
  const places = stack.split("\n").map((line) => PLACE.exec(line.trim())?.[1]);
  return places.find((place) => place !== undefined && !GRAPH_ROOM.test(place));
}
