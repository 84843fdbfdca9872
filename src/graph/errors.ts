/** What goes wrong in the graph room, told with the line of its caller. */
import { FlamingoError } from "../errors.js";

/**
 * Thrown while a graph is built or written: values that do not fit together, or something ONNX cannot say. The message
 * ends with the line of the graph room's caller at which it arose, where the engine of the language tells.
 */
export class GraphError extends FlamingoError {
  readonly code = "GRAPH";
  readonly #told: string;

  constructor(problem: string, mend: string, options?: ErrorOptions) {
    super(withLine(problem), mend, options);
    this.#told = problem;
  }

  /** The same fault, told with the use of an op in which it arose. */
  in(use: string): GraphError {
    return new GraphError(`${use}: ${this.#told}`, this.mend, { cause: this });
  }
}

/** An ONNX file that is cut off, contradicts itself, is newer than this reader, or says what this library never writes. */
export class OnnxError extends FlamingoError {
  readonly code = "ONNX";
}

/** Lines of a stack, as V8 writes them without and with a function, and as other engines do, down to the place they name: `file:line:column`. */
const PLACES = [
  /^at (?:async )?((?:[a-z]+:\/\/|node:|\/|[A-Za-z]:\\).+:\d+:\d+)$/,
  /^at .*? \((.+:\d+:\d+)\)$/,
  /^[^@]*@(.+:\d+:\d+)$/,
];

/** How many calls lie between a user's line and a fault deep inside a gradient, at most. */
const DEPTH = 50;

/** The folder of this room, with the slash that ends it, as stacks write it. */
const ROOM = /^.*[\\/]/.exec(placesIn(new Error())[0] ?? "")?.[0];

function placesIn({ stack = "" }: { readonly stack?: string | undefined }): string[] {
  return stack.split("\n").flatMap((line) => {
    const trimmed = line.trim();
    const place = PLACES.map((form) => form.exec(trimmed)?.[1]).find((found) => found !== undefined);
    return place === undefined ? [] : [place];
  });
}

/** The first place of a stack that is not in the folder `room`; undefined where the stack names none. */
export function callerOf(error: { readonly stack?: string | undefined }, room = ROOM): string | undefined {
  return room === undefined ? undefined : placesIn(error).find((place) => !place.startsWith(room));
}

/** How V8 lets one say how deep a stack is told; elsewhere this says nothing. */
const stacks: ErrorConstructor & { stackTraceLimit?: number } = Error;

function withLine(problem: string): string {
  const limit = stacks.stackTraceLimit;
  stacks.stackTraceLimit = DEPTH;
  const line = callerOf(new Error());
  if (limit !== undefined) stacks.stackTraceLimit = limit;
  return line === undefined ? problem : `${problem}, at ${line}`;
}
