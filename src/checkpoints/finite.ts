/** Numbers that are infinite or none, found by their bits. */
import type { Dtype } from "./safetensors.js";

/** Bits that are all set where a number of a format is infinite or none. */
const EXPONENT: { readonly [Format in Dtype]?: number } = { F32: 0x7f800000, F16: 0x7c00, BF16: 0x7f80 };

/** Whether a format has such numbers. */
export function mayBeNotFinite(dtype: Dtype): boolean {
  return EXPONENT[dtype] !== undefined;
}

/** The first number that is infinite or none; -1 if all are finite. @param bits  those of a format that may have such */
export function firstNotFinite(bits: Uint16Array | Uint32Array, dtype: Dtype): number {
  const exponent = EXPONENT[dtype] ?? 0;
  // Not findIndex: a call for each number of a model takes as long as reading it from the disk.
  for (let i = 0; i < bits.length; i++) if ((bits[i]! & exponent) === exponent) return i;
  return -1;
}
