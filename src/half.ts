/** The 16-bit floating-point formats of weight files. */

/**
 * IEEE 754 binary16 of float32 numbers, rounded to the nearest, ties to even. From 65,520 on it is an infinity; below
 * 2^-14 the numbers thin out, and up to 2^-25 they are zero.
 */
export function toFloat16(numbers: Float32Array): Uint16Array {
  const bits = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
  const halves = new Uint16Array(numbers.length);
  for (let i = 0; i < halves.length; i++) halves[i] = halfBits(bits[i]!);
  return halves;
}

/**
 * The float32 numbers that binary16 numbers are: every one of them exactly.
 * @param numbers  where they are put
 */
export function fromFloat16(
  halves: Uint16Array,
  numbers: Float32Array = new Float32Array(halves.length),
): Float32Array {
  const bits = new Uint32Array(numbers.buffer, numbers.byteOffset, halves.length);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!;
    const sign = (half & 0x8000) << 16;
    const exponent = (half >>> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 0) numbers[i] = (sign ? -1 : 1) * fraction * 2 ** -24;
    else bits[i] = sign | ((exponent === 31 ? 255 : exponent + 112) << 23) | (fraction << 13);
  }
  return numbers;
}

/**
 * The number of binary16 that is nearest to a number of float64, ties to even; beyond the largest, 65,504, it is one with as
 * many digits that binary16 does not have.
 */
export function roundedToFloat16(x: number): number {
  // Adding what has the wanted last digit, and taking it off again, leaves that digit the last.
  const far = 1.5 * 2 ** 28;
  if (Math.abs(x) < 2 ** -14) return x + far - far;
  const split = x * (2 ** 42 + 1);
  return split - (split - x);
}

/** bfloat16 of float32 numbers, rounded to the nearest, ties to even. What is no number stays none. */
export function toBfloat16(numbers: Float32Array): Uint16Array {
  const bits = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
  const halves = new Uint16Array(numbers.length);
  for (let i = 0; i < halves.length; i++) {
    const whole = bits[i]!;
    const isNumber = (whole & 0x7fffffff) <= 0x7f800000;
    halves[i] = isNumber ? (whole + 0x7fff + ((whole >>> 16) & 1)) >>> 16 : (whole >>> 16) | 0x40;
  }
  return halves;
}

/**
 * The float32 numbers that bfloat16 numbers are: their upper halves.
 * @param numbers  where they are put
 */
export function fromBfloat16(
  halves: Uint16Array,
  numbers: Float32Array = new Float32Array(halves.length),
): Float32Array {
  const bits = new Uint32Array(numbers.buffer, numbers.byteOffset, halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
  return numbers;
}

function halfBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00;
  if (size >= 0x477ff000) return sign | 0x7c00;
  if (size >= 0x38800000) return sign | roundedShift(size - 0x38000000, 13);
  if (size <= 0x33000000) return sign;
  return sign | roundedShift((size & 0x7fffff) | 0x800000, 126 - (size >>> 23));
}

/** `value / 2^places` to the nearest integer, ties to even. */
function roundedShift(value: number, places: number): number {
  const whole = value >>> places;
  const rest = value & ((1 << places) - 1);
  const half = 1 << (places - 1);
  return rest > half || (rest === half && (whole & 1) === 1) ? whole + 1 : whole;
}
