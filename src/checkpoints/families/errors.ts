/** What can be wrong with a foreign configuration. */
import { FlamingoError } from "../../errors.js";

/** A published configuration that is of no known family, lacks fields, or asks for what no model here has. */
export class ForeignConfigError extends FlamingoError {
  readonly code = "CHECKPOINT_FOREIGN_CONFIG";
}
