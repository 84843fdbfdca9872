/** Numbers as their bits, which is how they are moved from file to file. */
import { DTYPE_BYTES, type Dtype } from "./safetensors.js";

/** Bits of numbers, by the size of one. */
export type Raw = Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** The bits of a tensor of 2 or 4 bytes a number. */
export function rawArray(bytes: Uint8Array<ArrayBuffer>, dtype: Dtype): Raw {
  const size = DTYPE_BYTES[dtype];
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const length = bytes.byteLength / size;
  return size === 2
    ? new Uint16Array(aligned.buffer, aligned.byteOffset, length)
    : new Uint32Array(aligned.buffer, aligned.byteOffset, length);
}

/** Bits that are all set where a number is infinite or none. */
const EXPONENT: { readonly [Format in Dtype]?: number } = { F32: 0x7f800000, F16: 0x7c00, BF16: 0x7f80 };

/** The first number that is infinite or none; -1 if all are finite, as those of integers are. */
export function firstNotFinite(bits: Raw, dtype: Dtype): number {
  const exponent = EXPONENT[dtype];
  if (exponent === undefined) return -1;
  for (let i = 0; i < bits.length; i++) if ((bits[i]! & exponent) === exponent) return i;
  return -1;
}
