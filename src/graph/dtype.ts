/**
 * Element types: the JavaScript array that holds each, and its number in ONNX files. Of float16 the array holds the
 * bits.
 */
export const ARRAYS = {
  float16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** An element type: `float16`, `float32`, `float64`, `int32`, `int64`, `uint8` or `bool`. */
export type DType = keyof typeof ARRAYS;

/** An array of any element type. */
export type ArrayOf = Uint16Array | Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** `TensorProto.DataType` of each element type. */
export const ONNX_TYPE = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
} as const satisfies Record<DType, number>;

/** What the inputs of ops may hold. Ops compute in float32; float16 only stores numbers. */
export const KINDS = {
  real: ["float32"],
  /** What has arithmetic and an order. */
  number: ["float32", "float64", "int32", "int64"],
  index: ["int32", "int64"],
  truth: ["bool"],
  /** What is moved and not computed with. */
  any: Object.keys(ARRAYS) as DType[],
} as const satisfies Record<string, readonly DType[]>;

/** What an input of an op may hold, by a name. */
export type Kind = keyof typeof KINDS;
