/** The functions that stand between two layers. */
import { apply, type Op, scalar, type Value } from "../value.js";
import { add, exp, greater, mul, sub, tanh, unary, where } from "./elementwise.js";

const TANH_SCALE = Math.sqrt(2 / Math.PI);
const TANH_CUBE = 0.044715;

export const activationOps = {
  Sigmoid: unary("Sigmoid", (g, _x, y) => mul(g, mul(y, sub(scalar(1), y)))),
  // Where the input is 0 the slope is taken as 0, as PyTorch does.
  Relu: unary("Relu", (g, x) => where(greater(x, scalar(0)), g, scalar(0))),
  // Slope 2 relu(x): the condition of relu's own slope is part of it.
  SquaredRelu: {
    name: "SquaredRelu",
    types: ([x]) => [{ dtype: x!.dtype, axes: x!.axes }],
    emit: (emit, { inputs: [x], outputs: [y] }) => {
      const root = emit.fresh("root");
      emit.node("Relu", [emit.nameOf(x!)], [root]);
      emit.node("Mul", [root, root], [emit.nameOf(y!)]);
    },
    gradient: (g, { inputs: [x] }) => [() => mul(g, mul(scalar(2), relu(x!)))],
  } satisfies Op<null>,
  Softplus: unary("Softplus", (g, x) => mul(g, sigmoid(x))),
  /** x Phi(x), exact: slope Phi(x) + x phi(x); by-product: Phi(x), made only where the slope is wanted. */
  Gelu: {
    name: "Gelu",
    types: ([x]) => [
      { dtype: x!.dtype, axes: x!.axes },
      { dtype: x!.dtype, axes: x!.axes },
    ],
    emit: (emit, { inputs: [x], outputs: [y, cumulative] }) => {
      if (!emit.isRead(cumulative!)) return emit.node("Gelu", [emit.nameOf(x!)], [emit.nameOf(y!)]);
      const names = { scaled: emit.fresh("scaled"), erf: emit.fresh("erf"), twice: emit.fresh("twice") };
      emit.node("Mul", [emit.nameOf(x!), emit.scalar(Math.SQRT1_2)], [names.scaled]);
      emit.node("Erf", [names.scaled], [names.erf]);
      emit.node("Add", [names.erf, emit.scalar(1)], [names.twice]);
      emit.node("Mul", [names.twice, emit.scalar(0.5)], [emit.nameOf(cumulative!)]);
      emit.node("Mul", [emit.nameOf(x!), emit.nameOf(cumulative!)], [emit.nameOf(y!)]);
    },
    gradient: {
      all: ([toY, toCumulative], { inputs: [x], outputs: [, cumulative] }) => [
        () => {
          const scaled = mul(x!, scalar(Math.SQRT1_2));
          const density = exp(sub(scalar(-Math.log(2 * Math.PI) / 2), mul(scaled, scaled)));
          const through = toCumulative && mul(toCumulative, density);
          const own = toY && mul(toY, add(cumulative!, mul(x!, density)));
          return own && through ? add(own, through) : (own ?? through)!;
        },
      ],
    },
  } satisfies Op<null>,
  // x (1 + tanh u) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3).
  GeluTanh: {
    name: "GeluTanh",
    types: ([x]) => [{ dtype: x!.dtype, axes: x!.axes }],
    emit: (emit, { inputs: [x], outputs: [y] }) =>
      emit.node("Gelu", [emit.nameOf(x!)], [emit.nameOf(y!)], { approximate: "tanh" }),
    gradient: (g, { inputs: [x] }) => [
      () => {
        const square = mul(x!, x!);
        const inner = mul(x!, add(scalar(TANH_SCALE), mul(scalar(TANH_SCALE * TANH_CUBE), square)));
        const t = tanh(inner);
        const toInner = add(scalar(TANH_SCALE), mul(scalar(3 * TANH_SCALE * TANH_CUBE), square));
        const bend = mul(mul(x!, sub(scalar(1), mul(t, t))), toInner);
        return mul(g, mul(scalar(0.5), add(add(scalar(1), t), bend)));
      },
    ],
  } satisfies Op<null>,
  // x sigmoid(b x): slope s + b y (1 - s).
  Swish: {
    name: "Swish",
    types: ([x]) => [{ dtype: x!.dtype, axes: x!.axes }],
    emit: (emit, { inputs: [x], outputs: [y] }, { sharpness }) =>
      emit.node("QuickGelu", [emit.nameOf(x!)], [emit.nameOf(y!)], { alpha: { float: sharpness } }, "com.microsoft"),
    gradient: (g, { inputs: [x], outputs: [y] }, { sharpness }) => [
      () => {
        const s = sigmoid(mul(x!, scalar(sharpness)));
        return mul(g, add(s, mul(mul(scalar(sharpness), y!), sub(scalar(1), s))));
      },
    ],
  } satisfies Op<{ sharpness: number }>,
};

const O = activationOps;
/** 1 / (1 + e^-x), entry by entry. */
export const sigmoid = (x: Value): Value => apply(O.Sigmoid, [x], null);
/** The positive part, entry by entry; the slope at 0 is taken as 0. */
export const relu = (x: Value): Value => apply(O.Relu, [x], null);
/**
 * The square of ReLU, entry by entry: the activation of every trained feed-forward layer.
 * @source arXiv:2109.08668 (Primer); arXiv:2204.14198, appendix A.1
 */
export const squaredRelu = (x: Value): Value => apply(O.SquaredRelu, [x], null);
/**
 * log(1 + e^x), entry by entry, without overflow: x itself for large x; below -17 float32 rounds it to 0, while its
 * slope stays right.
 */
export const softplus = (x: Value): Value => apply(O.Softplus, [x], null);
/** Gaussian error linear unit, entry by entry, exact form. @source arXiv:1606.08415 */
export const gelu = (x: Value): Value => apply(O.Gelu, [x], null);
/** Gaussian error linear unit, entry by entry, by the tanh approximation of GPT-2. @source arXiv:1606.08415, section 2 */
export const geluTanh = (x: Value): Value => apply(O.GeluTanh, [x], null);
/** x sigmoid(1.702 x), entry by entry, the GELU of CLIP. @source arXiv:1606.08415, section 2 */
export const quickGelu = (x: Value): Value => apply(O.Swish, [x], { sharpness: 1.702 });
/** x sigmoid(x), entry by entry, also called swish. @source arXiv:1606.08415; arXiv:1710.05941 */
export const silu = (x: Value): Value => apply(O.Swish, [x], { sharpness: 1 });
