/** What a stage needs of a model; whoever runs the pipeline hands it in. */
import type { Picture } from "../../media/pixels.js";

/** Looks at pictures. */
export interface Embedder {
  /** Of the model and its weights: features of others are not compared with these. */
  readonly name: string;
  /** One list of numbers for each picture, of length 1; alike for pictures that look alike. The same for the same pictures. */
  embed(pictures: readonly Picture[]): Promise<readonly Float32Array[]>;
}
