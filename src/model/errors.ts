/** What can be wrong with a model's configuration. */
import { FlamingoError } from "../errors.js";

/** Fields of a configuration that contradict one another, or ask for what the model does not have. */
export class ModelConfigError extends FlamingoError {
  readonly code = "MODEL_CONFIG";
}
