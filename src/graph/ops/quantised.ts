/** Matrices held in 4 or 8 bits: whole numbers in blocks, and a scale for each block. */
import { type Axis, axes, describeAxes } from "../axes.js";
import { GraphError } from "../errors.js";
import { apply, type Emitter, fixedSizes, type Op, type Value } from "../value.js";

/** How a matrix is held in few bits. */
export interface Quantisation {
  /** Bits of a number. */
  readonly bits: 4 | 8;
  /** Numbers of a column that share a scale: a power of 2 from 16 on. */
  readonly block: number;
  /**
   * What the other side of a product is rounded to. `int8`: to 8 bits, a scale for each block of a row, which costs half a
   * hundredth of the product and is 3 times as fast, with 8 bits 100 times. `float32`: nothing is rounded.
   */
  readonly activations: "int8" | "float32";
}

/** What `dequantise` is told. */
export interface DequantiseOptions extends Omit<Quantisation, "activations"> {
  /** The axis along which the blocks stand, outermost in the matrix; with its size. */
  readonly inner: Axis;
  /** `int8` unless told. */
  readonly activations?: Quantisation["activations"];
}

type Attributes = Required<DequantiseOptions>;

/** The smallest block that the engine multiplies with. */
const SMALLEST_BLOCK = 16;

/** Axes of the two tensors that hold a matrix [inner, outer]: `packed` [outer, blocks, bytes] and `scales` [outer, blocks]. */
export function quantisedShapes(
  [inner, outer]: readonly [inner: number, outer: number],
  { bits, block }: Pick<Quantisation, "bits" | "block">,
): { readonly packed: [number, number, number]; readonly scales: [number, number] } {
  const blocks = Math.ceil(inner / block);
  return { packed: [outer, blocks, (block * bits) / 8], scales: [outer, blocks] };
}

export const quantisedOps = {
  Dequantise: {
    name: "Dequantise",
    takes: ["any", "real"],
    types: ([packed, scales], attributes) => {
      const { bits, block, inner } = attributes;
      if (block < SMALLEST_BLOCK || !Number.isInteger(Math.log2(block)))
        throw new GraphError(`blocks of ${block}`, `make them a power of 2, at least ${SMALLEST_BLOCK}`);
      if (packed!.dtype !== "uint8") throw new GraphError(`${packed!.dtype} as packed numbers`, "give them as uint8");
      if (inner.size === undefined) throw new GraphError("an inner axis without a size", "give it its size");
      const outer = packed!.axes[0];
      const fits = (value: Value, shape: readonly number[]) =>
        value.axes.length === shape.length && value.axes.every(({ size }, i) => size === shape[i]);
      const wanted = quantisedShapes([inner.size, outer?.size ?? 0], { bits, block });
      if (!fits(packed!, wanted.packed) || !fits(scales!, wanted.scales))
        throw new GraphError(
          `packed numbers ${describeAxes(packed!.axes)} with scales ${describeAxes(scales!.axes)}`,
          `for ${inner.size} rows of ${bits} bits in blocks of ${block} give ${describeAxes(axes(...wanted.packed))} and ${describeAxes(axes(...wanted.scales))}`,
        );
      return [{ dtype: "float32", axes: [inner, outer!] }];
    },
    emit: (emit, { inputs: [packed, scales], outputs: [y] }, { bits, block, inner }) => {
      if (!emit.isRead(y!)) return;
      const [outer, blocks] = fixedSizes(scales!) as [number, number];
      const codes = bits === 8 ? emit.nameOf(packed!) : halvesOfBytes(emit, packed!, [outer, blocks, block]);
      const scale = emit.fresh("scale");
      const sizes = emit.fresh("sizes");
      const zero = emit.fresh("zero");
      const numbers = emit.fresh("numbers");
      const rows = emit.fresh("rows");
      emit.node("Unsqueeze", [emit.nameOf(scales!), emit.integers([2])], [scale]);
      emit.node("Shape", [scale], [sizes]);
      emit.node("Expand", [emit.constant("uint8", 2 ** (bits - 1)), sizes], [zero]);
      // Of all that could be done with constants the engine leaves this one to the run: weights stay small in memory.
      emit.node("DequantizeLinear", [codes, scale, zero], [numbers], { axis: 2, block_size: block });
      emit.node("Reshape", [numbers, emit.integers([outer, blocks * block])], [rows]);
      let whole = rows;
      if (blocks * block !== inner.size) {
        whole = emit.fresh("whole");
        emit.node("Slice", [rows, emit.integers([0]), emit.integers([inner.size!]), emit.integers([1])], [whole]);
      }
      emit.node("Transpose", [whole], [emit.nameOf(y!)], { perm: [1, 0] });
    },
    gradient: { none: "quantised weights are frozen: they change in steps and not by a slope" },
  } satisfies Op<Attributes>,
};

/** The two numbers of 4 bits in each byte, the lower first: a name for uint8 numbers of the sizes given. */
function halvesOfBytes(emit: Emitter, packed: Value, sizes: readonly number[]): string {
  const bytes = emit.nameOf(packed);
  const halves = ["low", "high"].map((half) => {
    const [found, column] = [emit.fresh(half), emit.fresh(half)];
    if (half === "low") emit.node("BitwiseAnd", [bytes, emit.constant("uint8", 15)], [found]);
    else emit.node("BitShift", [bytes, emit.constant("uint8", 4)], [found], { direction: "RIGHT" });
    emit.node("Unsqueeze", [found, emit.integers([3])], [column]);
    return column;
  });
  const [pairs, codes] = [emit.fresh("pairs"), emit.fresh("codes")];
  emit.node("Concat", halves, [pairs], { axis: 3 });
  emit.node("Reshape", [pairs, emit.integers(sizes)], [codes]);
  return codes;
}

/** What a product needs of a matrix that is held in few bits; undefined for any other value. */
export function quantisedSource(
  matrix: Value,
): { readonly packed: Value; readonly scales: Value; readonly attributes: Attributes } | undefined {
  const { source } = matrix;
  if (source.kind !== "op" || source.node.op !== quantisedOps.Dequantise) return undefined;
  const [packed, scales] = source.node.inputs as [Value, Value];
  return { packed, scales, attributes: source.node.attributes as Attributes };
}

/**
 * The float32 matrix [inner, outer] of numbers that are held in 4 or 8 bits. As the right side of a product it is never
 * made: the engine multiplies with what is packed. Anywhere else it is made at every run, exactly. It has no gradient.
 * @param packed  uint8 [outer, blocks, bytes]: a column in blocks, the last one padded; a number q of b bits means
 *   (q - 2^(b - 1)) x scale; of two numbers in a byte the first is in the lower half
 * @param scales  float32 [outer, blocks]
 * @throws {GraphError} if the sizes do not fit together
 */
export function dequantise(
  packed: Value,
  scales: Value,
  { bits, block, inner, activations = "int8" }: DequantiseOptions,
): Value {
  return apply(quantisedOps.Dequantise, [packed, scales], { bits, block, inner, activations });
}
