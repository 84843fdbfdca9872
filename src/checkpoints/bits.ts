/** Numbers by their bits: moved, not looked at. */
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
