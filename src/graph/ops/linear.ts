/** Matrix products. */
import { type Axis, broadcast, describeAxes, sameSize } from "../axes.js";
import { GraphError } from "../errors.js";
import { apply, fixedSizes, type Op, type Value } from "../value.js";
import { quantisedSource } from "./quantised.js";
import { sumLike } from "./reduce.js";
import { reshape } from "./shape.js";

/** Variants of a matrix product that cost nothing extra. */
export interface MatmulOptions {
  /** Whether the last two axes of the left / right side are swapped first. */
  readonly transposeLeft: boolean;
  readonly transposeRight: boolean;
  /** A factor on the result. */
  readonly scale: number;
}

/** What `MatMulNBits` calls the numbers it computes in. */
const LEVELS = { float32: 1, int8: 4 } as const;

/** A right side that the engine multiplies with as it is packed. */
function multipliedPacked(b: Value, { transposeLeft, transposeRight }: MatmulOptions) {
  return transposeLeft || transposeRight ? undefined : quantisedSource(b);
}

const last = (x: Value, back: number): Axis => x.axes[x.axes.length - back]!;

export const linearOps = {
  MatMul: {
    name: "MatMul",
    types: ([a, b], { transposeLeft, transposeRight }) => {
      if (a!.axes.length < 2 || b!.axes.length < 2)
        throw new GraphError("a side has fewer than 2 axes", "reshape it to a matrix");
      const [rows, inner] = transposeLeft ? [last(a!, 1), last(a!, 2)] : [last(a!, 2), last(a!, 1)];
      const [innerToo, columns] = transposeRight ? [last(b!, 1), last(b!, 2)] : [last(b!, 2), last(b!, 1)];
      if (!sameSize(inner, innerToo))
        throw new GraphError(
          `the summed axes are ${describeAxes([inner])} and ${describeAxes([innerToo])}`,
          "make them the same size",
        );
      return [{ dtype: a!.dtype, axes: [...broadcast(a!.axes.slice(0, -2), b!.axes.slice(0, -2)), rows, columns] }];
    },
    reads: ({ inputs: [a, b] }, attributes) => {
      const held = multipliedPacked(b!, attributes);
      return held === undefined ? [a!, b!] : [a!, held.packed, held.scales];
    },
    emit: (emit, { inputs: [a, b], outputs: [y] }, options) => {
      const { transposeLeft, transposeRight, scale } = options;
      const held = multipliedPacked(b!, options);
      if (held !== undefined) {
        const { bits, block, activations } = held.attributes;
        const [inner, outer] = fixedSizes(b!);
        const attributes = { K: inner!, N: outer!, bits, block_size: block, accuracy_level: LEVELS[activations] };
        const names = [a!, held.packed, held.scales].map(emit.nameOf);
        const product = scale === 1 ? emit.nameOf(y!) : emit.fresh("product");
        emit.node("MatMulNBits", names, [product], attributes, "com.microsoft");
        if (scale !== 1) emit.node("Mul", [product, emit.scalar(scale)], [emit.nameOf(y!)]);
        return;
      }
      const names = [emit.nameOf(a!), emit.nameOf(b!)];
      const flags = { transA: transposeLeft ? 1 : 0, transB: transposeRight ? 1 : 0, alpha: { float: scale } };
      if (!transposeLeft && !transposeRight && scale === 1) emit.node("MatMul", names, [emit.nameOf(y!)]);
      else if (a!.axes.length === 2 && b!.axes.length === 2) emit.node("Gemm", names, [emit.nameOf(y!)], flags);
      else emit.node("FusedMatMul", names, [emit.nameOf(y!)], flags, "com.microsoft");
    },
    gradient: (g, { inputs: [a, b] }, { transposeLeft, transposeRight, scale }) => [
      () => {
        const toLeft = transposeLeft
          ? product(b!, g, { transposeLeft: transposeRight, transposeRight: true, scale })
          : product(g, b!, { transposeLeft: false, transposeRight: !transposeRight, scale });
        return sumLike(toLeft, a!);
      },
      () => {
        // One product over all rows, never a batch of products followed by a sum.
        const shared = b!.axes.length === 2 && a!.axes.length > 2 && !transposeLeft;
        const [left, grad] = shared ? [flattened(a!), flattened(g)] : [a!, g];
        const toRight = transposeRight
          ? product(grad, left, { transposeLeft: true, transposeRight: transposeLeft, scale })
          : product(left, grad, { transposeLeft: !transposeLeft, transposeRight: false, scale });
        return sumLike(toRight, b!);
      },
    ],
  } satisfies Op<MatmulOptions>,
};

/** All axes but the last as one: `[rows, last]`. */
export function flattened(x: Value): Value {
  const sizes = x.axes.slice(0, -1).map(({ size }) => size);
  const count = sizes.includes(undefined) ? undefined : sizes.reduce<number>((p, n) => p * n!, 1);
  return reshape(x, [{ name: "rows", size: count }, last(x, 1)]);
}

/** The product, as one large Gemm where a transposed matrix would otherwise meet a batch of small left sides. */
function product(a: Value, b: Value, attributes: MatmulOptions): Value {
  const { transposeLeft, transposeRight, scale } = attributes;
  const outer = a.axes.slice(0, -1);
  const oneMatrix = b.axes.length === 2 && a.axes.length > 2 && !transposeLeft && (transposeRight || scale !== 1);
  if (!oneMatrix || outer.some(({ size }) => size === undefined)) return apply(linearOps.MatMul, [a, b], attributes);
  const flat = apply(linearOps.MatMul, [flattened(a), b], attributes);
  return reshape(flat, [...outer, flat.axes[1]!]);
}

/**
 * The matrix product over the last axis of `a` and the one before the last of `b`, batched over the axes before them,
 * which broadcast: [.., rows, inner] and [.., inner, columns] to [.., rows, columns].
 * @throws {GraphError} if the summed axes differ, or a side has fewer than 2 axes
 */
export function matmul(
  a: Value,
  b: Value,
  { transposeLeft = false, transposeRight = false, scale = 1 }: Partial<MatmulOptions> = {},
): Value {
  return product(a, b, { transposeLeft, transposeRight, scale });
}
