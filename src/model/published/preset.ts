/** What a preset is. */
import type { FlamingoConfig } from "../flamingo-parameters.js";

/** The sizes of a Flamingo that somebody described. */
export interface Preset {
  readonly config: FlamingoConfig;
  /** Where the sizes come from, and what of them had to be derived. */
  readonly source: string;
  /** All parameters as the source prints them, if it does: a number of one decimal at most. */
  readonly printedBillions?: number;
}
