/**
 * A perceptual hash: 64 bits that stay the same, but for a few, when a picture is resized, compressed again or slightly
 * changed in colour.
 *
 * @source Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010), the hash by DCT
 */
import type { Picture } from "../../media/pixels.js";
import { resize } from "../../media/resize.js";

/** The picture is looked at in so many pixels squared, */
const SIDE = 32;
/** and of its frequencies these are kept, across and down; the mean is none of them. */
const KEPT = 8;

/** The cosine of each kept frequency at each pixel. */
const COSINES = Float64Array.from({ length: KEPT * SIDE }, (_, i) =>
  Math.cos(((Math.floor(i / SIDE) + 1) * ((i % SIDE) + 0.5) * Math.PI) / SIDE),
);

/** The hash of a picture as 16 hexadecimal digits. */
export function perceptualHash(picture: Picture): string {
  const { data } = resize(picture, SIDE, SIDE, "bilinear");
  const grey = Float64Array.from(
    { length: SIDE * SIDE },
    (_, i) => 0.299 * data[3 * i]! + 0.587 * data[3 * i + 1]! + 0.114 * data[3 * i + 2]!,
  );
  const across = new Float64Array(KEPT * SIDE);
  for (let u = 0; u < KEPT; u++)
    for (let y = 0; y < SIDE; y++)
      for (let x = 0; x < SIDE; x++) across[u * SIDE + y]! += grey[y * SIDE + x]! * COSINES[u * SIDE + x]!;
  const frequencies = Array.from({ length: KEPT * KEPT }, (_, i) => {
    const [u, v] = [i % KEPT, Math.floor(i / KEPT)];
    let sum = 0;
    for (let y = 0; y < SIDE; y++) sum += across[u * SIDE + y]! * COSINES[v * SIDE + y]!;
    return sum;
  });
  const sorted = frequencies.toSorted((a, b) => a - b);
  const median = (sorted[31]! + sorted[32]!) / 2;
  let hash = 0n;
  for (const frequency of frequencies) hash = (hash << 1n) | (frequency > median ? 1n : 0n);
  return hash.toString(16).padStart(16, "0");
}

/** Bits in which two hashes differ, 0 to 64; of unlike pictures about 32. */
export function hammingDistance(a: string, b: string): number {
  return (
    ones(Number.parseInt(a.slice(0, 8), 16) ^ Number.parseInt(b.slice(0, 8), 16)) +
    ones(Number.parseInt(a.slice(8), 16) ^ Number.parseInt(b.slice(8), 16))
  );
}

function ones(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}
