/** Places of tokens: what is hidden from whom, and biases that grow with distance. */
import { axis, constant, greater, mul, reshape, scalar, sub, type Value, where } from "../../graph/index.js";
import { HIDDEN } from "../../nn/layers.js";
import type { TextContext } from "./decoder.js";

/** The places of whole sequences of a fixed length, padding at their end. */
export function wholeSequences(text: number): TextContext {
  const places = Float32Array.from({ length: text }, (_, i) => i);
  return {
    positions: constant(places, [axis("", 1), axis("text", text)]),
    keyPositions: constant(places, [axis("", 1), axis("keys", text)]),
  };
}

/** How far after each token each key stands, negative before it: [batch or 1, 1, text, keys]. */
export function distances({ positions, keyPositions }: Pick<TextContext, "positions" | "keyPositions">): Value {
  const [batch, text] = positions.axes;
  const [keyBatch, keys] = keyPositions.axes;
  return sub(
    reshape(keyPositions, [keyBatch!, axis("heads", 1), axis("", 1), keys!]),
    reshape(positions, [batch!, axis("heads", 1), text!, axis("", 1)]),
  );
}

/** Hides what comes after a token: 0 or a large negative number, [batch or 1, 1, text, keys]. */
export function causal(context: Pick<TextContext, "positions" | "keyPositions">): Value {
  return where(greater(distances(context), scalar(0)), scalar(HIDDEN), scalar(0));
}

/** Slopes that fall by the same factor from head to head: the first is 2^(-steepest / heads), the last 2^-steepest. */
function halving(heads: number, steepest: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: heads }, (_, head) => 2 ** ((-steepest * (head + 1)) / heads));
}

/**
 * Slopes as published checkpoints have them: where the heads are no power of 2 they are taken from those of the next one,
 * every second first.
 * @source arXiv:2108.12409, section 3 and its code
 */
export function publishedSlopes(heads: number, steepest: number): Float32Array<ArrayBuffer> {
  const slopes = halving(2 ** Math.ceil(Math.log2(heads)), steepest);
  if (slopes.length === heads) return slopes;
  const every = (from: number) => slopes.filter((_, i) => i % 2 === from);
  return Float32Array.of(...every(1), ...every(0)).slice(0, heads);
}

/**
 * Causal biases that fall linearly with distance (ALiBi).
 * @param slopes  one a head; `halving` unless given
 * @returns  [batch or 1, heads, text, keys]
 * @source arXiv:2108.12409, section 3
 */
export function linearPositions(
  heads: number,
  context: Pick<TextContext, "positions" | "keyPositions">,
  slopes: Float32Array<ArrayBuffer> = halving(heads, 8),
): Value {
  const after = distances(context);
  const bias = mul(after, constant(slopes, [axis("heads", heads), axis("", 1), axis("", 1)]));
  return where(greater(after, scalar(0)), scalar(HIDDEN), bias);
}
