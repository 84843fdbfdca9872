/** Pictures of a batch as the vision tower reads them. */
import { toPixels } from "../media/normalise.js";
import type { Picture } from "../media/pixels.js";

/** What every model of this repository's own training takes out of its pictures: about mean 0 and deviation 1. */
export const NORMALISATION = { mean: [0.5, 0.5, 0.5], deviation: [0.25, 0.25, 0.25] } as const;

/** Still pictures, one after the other: [pictures, size, size, 3]. */
export function pixelsOf(pictures: readonly Picture[], size: number): Float32Array {
  const each = size * size * 3;
  const all = new Float32Array(pictures.length * each);
  pictures.forEach((picture, i) => {
    all.set(toPixels([picture], { size, ...NORMALISATION, fit: "pad" }).data, i * each);
  });
  return all;
}
