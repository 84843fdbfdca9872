import { FlamingoError } from "../errors.js";

/** Thrown when the engine refuses a graph or a run; the message names the input or the value it stopped at. */
export class RuntimeError extends FlamingoError {
  readonly code = "RUNTIME";
}
