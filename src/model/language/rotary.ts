/** Positions as turns: pairs of channels turn by an angle that grows with the token's place. */
import { add, axis, concat, constant, cos, mul, reshape, sin, slice, type Value } from "../../graph/index.js";

/** Frequencies `base^(-2 i / channels)` of the pairs of channels, in radians a token. */
export function frequencies(channels: number, base: number): Float32Array {
  return Float32Array.from({ length: channels / 2 }, (_, i) => base ** ((-2 * i) / channels));
}

/** What turns channels: each is mixed with its partner in the other half of those that turn. */
export interface Turn {
  /** Factors on the channel itself and on its partner, [.., channels]. */
  readonly own: Value;
  readonly partner: Value;
  /** How many channels turn, the first ones. */
  readonly turning: number;
}

/** Mixes each of the first channels of `x` [.., channels] with its partner, half of them away. */
export function turn(x: Value, { own, partner, turning }: Turn): Value {
  const half = turning / 2;
  const rest = x.axes.at(-1)!.size! - turning;
  const [first, second] = [slice(x, -1, 0, half), slice(x, -1, half, half)];
  const still = rest === 0 ? [] : [slice(x, -1, turning, rest)];
  return add(mul(x, own), mul(concat([second, first, ...still], -1), partner));
}

/** Angles [batch or 1, text, 1, channels] of places [batch or 1, text]. */
function angles(places: Value, turns: Float32Array): Value {
  const [batch, text] = places.axes;
  return mul(reshape(places, [batch!, text!, axis("", 1), axis("", 1)]), constant(turns, [axis("", turns.length)]));
}

/**
 * Turns of tokens at given places, for `turn` on [batch, text, heads, headDim]: channel i is paired with channel
 * i + turning / 2, and channels after the first `turning` stay.
 * @param places  [batch or 1, text] float32
 * @source arXiv:2104.09864; the pairing is that of GPT-NeoX
 */
export function rotary(
  places: Value,
  { base, turning, headDim }: { readonly base: number; readonly turning: number; readonly headDim: number },
): Turn {
  const pairs = frequencies(turning, base);
  const both = new Float32Array(headDim);
  const signed = new Float32Array(headDim);
  pairs.forEach((frequency, i) => {
    both.set([frequency], i);
    both.set([frequency], i + pairs.length);
    signed.set([-frequency], i);
    signed.set([frequency], i + pairs.length);
  });
  return { own: cos(angles(places, both)), partner: sin(angles(places, signed)), turning };
}

/** What attention by distance needs of the places of queries and keys. */
export interface Distances {
  /** For `turn` on [batch, heads, text, width]. */
  readonly query: Turn;
  /** [batch or 1, 1, keys, width] */
  readonly key: Value;
}

/**
 * The sinusoids of every distance between a token and a key, [sin, cos] in halves, without a table of distances: since
 * sin((i - j) w) = sin(iw) cos(jw) - cos(iw) sin(jw), and so for the cosine, a product with the sinusoids of i - j is a
 * product of a side that knows only i and one that knows only j. So places may be anything: cached, ragged or padded.
 * @source arXiv:1901.02860, section 3.3; the sinusoids are those of arXiv:1706.03762
 */
export function sinusoids(
  { positions, keyPositions }: { readonly positions: Value; readonly keyPositions: Value },
  width: number,
  base: number,
): Distances {
  const pairs = frequencies(width, base);
  const both = Float32Array.from({ length: width }, (_, i) => pairs[i % pairs.length]!);
  const [batch, text] = positions.axes;
  const asked = reshape(angles(positions, both), [batch!, axis("", 1), text!, axis("", width)]);
  const sides = constant(
    Float32Array.from(both, (_, i) => (i < pairs.length ? 1 : -1)),
    [axis("", width)],
  );
  const [keyBatch, keys] = keyPositions.axes;
  const seen = reshape(angles(keyPositions, pairs), [keyBatch!, axis("", 1), keys!, axis("", pairs.length)]);
  return {
    query: { own: sin(asked), partner: mul(cos(asked), sides), turning: width },
    key: concat([cos(seen), sin(seen)], -1),
  };
}
