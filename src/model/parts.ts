/** What a Flamingo's parameters belong to, how many there are of each part, and what they weigh. */
import { quantisedShapes } from "../graph/index.js";
import { mapParameters, sizeOf } from "../nn/parameters.js";
import { type Held, quantisationOf } from "../nn/quantised.js";
import { Undrawn } from "../random.js";
import { type FlamingoConfig, initFlamingo } from "./flamingo-parameters.js";

/**
 * The parts by their names, in the order of a picture's way through them. `xattn` is all that stands between the blocks of
 * the language model, `embeddings` the rows for tokens that are Flamingo's own.
 */
export const PARTS = ["vision", "resampler", "xattn", "language", "embeddings"] as const;
/** A name among `PARTS`. */
export type PartName = (typeof PARTS)[number];

/** Whether Flamingo's own training makes a part; the others were trained before, and frozen. */
export const TRAINED: Readonly<Record<PartName, boolean>> = {
  vision: false,
  resampler: true,
  xattn: true,
  language: false,
  embeddings: true,
};

/** The part that a parameter belongs to. @param path  dotted, from the root of the model */
export function partOf(path: string, { ownTokens = "added" }: Pick<FlamingoConfig, "ownTokens">): PartName {
  if (/^language\.added/.test(path)) return "embeddings";
  if (ownTokens === "table" && /^language\.(embedding|head)(\.|$)/.test(path)) return "embeddings";
  if (/^(gated|grafts|visualProjection)\./.test(path)) return "xattn";
  return path.startsWith("vision.") ? "vision" : path.startsWith("resampler.") ? "resampler" : "language";
}

/** The shape of every parameter by its dotted path; none of them is made. */
export function shapesOf(config: FlamingoConfig): ReadonlyMap<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  mapParameters(initFlamingo(new Undrawn(), config), ({ shape }, path) => shapes.set(path, shape));
  return shapes;
}

/** How many parameters each part has, as whole numbers, without making them. */
export function parametersByPart(config: FlamingoConfig): Readonly<Record<PartName, number>> {
  const counts = Object.fromEntries(PARTS.map((name) => [name, 0])) as Record<PartName, number>;
  for (const [path, shape] of shapesOf(config)) counts[partOf(path, config)] += sizeOf(shape);
  return counts;
}

/** What the weights of a model take in memory. */
export interface HeldWeights {
  readonly bytes: number;
  /** Parameters that stay in float32, of formats of few bits. */
  readonly kept: number;
}

/**
 * What the weights of a model take when they are held so: 4 bytes a number, or 2. In few bits, what may be held so takes its
 * packed numbers and a float32 scale for each block (a head of its own takes 8 bits of 4), and the rest is kept in float32.
 */
export function weightOf(config: FlamingoConfig, held: Held): HeldWeights {
  const few = held === "int8" || held === "int4";
  let [bytes, kept] = [0, 0];
  for (const [path, shape] of shapesOf(config)) {
    const scheme = few ? quantisationOf(path, shape, held) : undefined;
    if (scheme === undefined) {
      bytes += (held === "f16" ? 2 : 4) * sizeOf(shape);
      if (few) kept += sizeOf(shape);
    } else {
      const { packed, scales } = quantisedShapes(shape as [number, number], scheme);
      bytes += sizeOf(packed) + 4 * sizeOf(scales);
    }
  }
  return { bytes, kept };
}
