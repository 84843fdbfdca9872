import { FlamingoError } from "../errors.js";

/** Thrown when a loss or a gradient is NaN or infinite, before any parameter is touched by it. */
export class NotFiniteError extends FlamingoError {
  readonly code = "TRAINING_NOT_FINITE";
  constructor(what: string, step: number, found: number) {
    super(
      `${what} is ${found} at step ${step}`,
      "resume from the last checkpoint with a lower learning rate; if it comes back, look at the batch of that step",
    );
  }
}
