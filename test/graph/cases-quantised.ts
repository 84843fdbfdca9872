/** Cases of matrices that are held in few bits. */
import { axis } from "../../src/graph/axes.js";
import { dequantise } from "../../src/graph/index.js";
import { quantisedShapes } from "../../src/graph/ops/quantised.js";
import { below, type Case, type Filled, normal } from "./filled.js";

/** Sizes of matrices [inner, outer] and their blocks: whole, with a remainder, and shorter than one block. */
export const SIZES = [
  [64, 3, 32],
  [70, 5, 32],
  [16, 1, 16],
  [5, 4, 32],
  [130, 2, 128],
] as const;

/** What a matrix [inner, outer] is held in: any bytes, and scales of both signs. */
export function heldIn(inner: number, outer: number, bits: 4 | 8, block: number): [packed: Filled, scales: Filled] {
  const { packed, scales } = quantisedShapes([inner, outer], { bits, block });
  return [below(256, "uint8")(axis("columns", packed[0]), packed[1], packed[2]), normal(...scales)];
}

export const QUANTISED_CASES: { readonly Dequantise: readonly Case[] } = {
  Dequantise: ([4, 8] as const).flatMap((bits) =>
    SIZES.map(([inner, outer, block]) => ({
      about: `${bits} bits, ${inner} by ${outer} in blocks of ${block}`,
      inputs: heldIn(inner, outer, bits, block),
      make: (packed, scales) => dequantise(packed!, scales!, { bits, block, inner: axis("inner", inner) }),
    })),
  ),
};
