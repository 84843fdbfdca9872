import { FlamingoError } from "../errors.js";

/** Thrown when a loss is NaN or infinite, before any parameter is touched by it. */
export class NotFiniteError extends FlamingoError {
  readonly code = "TRAINING_NOT_FINITE";
  constructor(objective: string, step: number, found: number) {
    super(
      `the loss of ${objective} is ${found} at step ${step}`,
      "resume from the last checkpoint with a lower learning rate; if it comes back, look at the batch of that step",
    );
  }
}
