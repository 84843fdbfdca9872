/** Numbers of tests as an engine takes them, and as it gives them. Knows no platform: pages use it too. */

import type { DType } from "../../src/graph/index.js";
import { toFloat16 } from "../../src/half.js";
import type { Tensor } from "../../src/runtime/contract.js";
import type { Numbers } from "./numbers.js";

/** Float64 numbers as the engine takes them. */
export function fed({ shape, data }: Numbers, dtype: DType): Tensor {
  if (dtype === "int64") return { shape, data: BigInt64Array.from(data, BigInt) };
  if (dtype === "float16") return { shape, data: toFloat16(Float32Array.from(data)) };
  const make = { float32: Float32Array, float64: Float64Array, int32: Int32Array, uint8: Uint8Array, bool: Uint8Array };
  return { shape, data: make[dtype].from(data) };
}

/** What the engine gave, as float64. */
export const numbersOf = ({ shape, data }: Tensor): Numbers => ({ shape, data: Float64Array.from(data, Number) });
