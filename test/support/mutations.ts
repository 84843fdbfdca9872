/** Ways of damaging a file, to be drawn by chance. */
import fc from "fast-check";

/** Makes another file of one. */
type Mutation = (bytes: Uint8Array) => Uint8Array;

/** A place, as a fraction of the length. */
const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const at = (bytes: Uint8Array, fraction: number) => Math.floor(fraction * bytes.length);

/** Numbers at which readers stumble. */
const tellingNumber = fc.constantFrom(
  0n,
  1n,
  7n,
  0xffn,
  0xffffn,
  0x7fffffffn,
  0xffffffffn,
  2n ** 33n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
);

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(place, fc.nat(255))
      .map(([where, value]): Mutation => changed(where, (bytes, i) => bytes.fill(value, i, i + 1))),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(place, fc.nat(7)).map(
      ([where, bit]): Mutation =>
        changed(where, (bytes, i) => {
          if (i < bytes.length) bytes[i]! ^= 1 << bit;
        }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(place, tellingNumber, fc.constantFrom(2, 4, 8))
      .map(
        ([where, value, size]): Mutation =>
          changed(where, (bytes, i) =>
            bytes.set(new Uint8Array(BigUint64Array.of(value).buffer).subarray(0, Math.min(size, bytes.length - i)), i),
          ),
      ),
  },
  fc.tuple(place, place).map(
    ([from, to]): Mutation =>
      (bytes) =>
        joined(bytes.subarray(0, at(bytes, Math.min(from, to))), bytes.subarray(at(bytes, Math.max(from, to)))),
  ),
  fc.tuple(place, place, place).map(
    ([from, length, to]): Mutation =>
      (bytes) => {
        const piece = bytes.subarray(at(bytes, from), at(bytes, from) + Math.ceil(length * 64));
        return joined(bytes.subarray(0, at(bytes, to)), piece, bytes.subarray(at(bytes, to)));
      },
  ),
  fc.tuple(place, fc.uint8Array({ maxLength: 16 })).map(
    ([to, piece]): Mutation =>
      (bytes) =>
        joined(bytes.subarray(0, at(bytes, to)), piece, bytes.subarray(at(bytes, to))),
  ),
  place.map(
    (where): Mutation =>
      (bytes) =>
        bytes.slice(0, at(bytes, where)),
  ),
);

/** One of some files, with up to four things done to it. */
export function damaged(files: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(fc.constantFrom(...files), fc.array(mutation, { minLength: 1, maxLength: 4 }))
    .map(([file, mutations]) => mutations.reduce<Uint8Array>((bytes, mutate) => mutate(bytes), file.slice()));
}

function changed(where: number, change: (bytes: Uint8Array, at: number) => void): Mutation {
  return (bytes) => {
    const copy = bytes.slice();
    change(copy, at(bytes, where));
    return copy;
  };
}

function joined(...pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let to = 0;
  for (const piece of pieces) {
    whole.set(piece, to);
    to += piece.length;
  }
  return whole;
}
