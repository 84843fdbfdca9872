/** Element-wise ops, with broadcasting. */
import { broadcast } from "../axes.js";
import { type DType, ONNX_TYPE } from "../dtype.js";
import { GraphError } from "../errors.js";
import { apply, type InputGradient, type Node, type Op, scalar, type Value } from "../value.js";
import { sumLike } from "./reduce.js";

type BinaryGradient = (g: Value, a: Value, b: Value, y: Value) => [() => Value, () => Value];

function binary(name: string, gradient: BinaryGradient): Op<null> {
  return {
    name,
    types: ([a, b]) => {
      if (a!.dtype !== b!.dtype) throw new GraphError(`${a!.dtype} meets ${b!.dtype}`, "cast one of them");
      return [{ dtype: a!.dtype, axes: broadcast(a!.axes, b!.axes) }];
    },
    emit: direct(name),
    gradient: (g, { inputs: [a, b], outputs: [y] }) => {
      const [toA, toB] = gradient(g, a!, b!, y!);
      return [() => sumLike(toA(), a!), () => sumLike(toB(), b!)];
    },
  };
}

function unary(name: string, gradient: (g: Value, x: Value, y: Value) => Value): Op<null> {
  return {
    name,
    types: ([x]) => [{ dtype: x!.dtype, axes: x!.axes }],
    emit: direct(name),
    gradient: (g, { inputs: [x], outputs: [y] }) => [() => gradient(g, x!, y!)],
  };
}

function comparison(name: string): Op<null> {
  return {
    name,
    types: ([a, b]) => [{ dtype: "bool", axes: broadcast(a!.axes, b!.axes) }],
    emit: direct(name),
    gradient: { none: "a comparison is a step: its derivative is zero wherever it is defined" },
  };
}

/** The ONNX node of the same name, inputs and outputs in order. */
function direct(name: string): Op<null>["emit"] {
  return (emit, node) => emit.node(name, node.inputs.map(emit.nameOf), node.outputs.map(emit.nameOf));
}

const isReal = (dtype: DType) => dtype === "float32" || dtype === "float64";

export const elementwiseOps = {
  Add: binary("Add", (g) => [() => g, () => g]),
  Sub: binary("Sub", (g) => [() => g, () => neg(g)]),
  Mul: binary("Mul", (g, a, b) => [() => mul(g, b), () => mul(g, a)]),
  Div: binary("Div", (g, _a, b, y) => [() => div(g, b), () => neg(div(mul(g, y), b))]),
  Neg: unary("Neg", (g) => neg(g)),
  Exp: unary("Exp", (g, _x, y) => mul(g, y)),
  Log: unary("Log", (g, x) => div(g, x)),
  Sqrt: unary("Sqrt", (g, _x, y) => div(mul(g, scalar(0.5)), y)),
  Tanh: unary("Tanh", (g, _x, y) => mul(g, sub(scalar(1), mul(y, y)))),
  Sigmoid: unary("Sigmoid", (g, _x, y) => mul(g, mul(y, sub(scalar(1), y)))),
  // Where the input is 0 the slope is taken as 0, as PyTorch does.
  Relu: unary("Relu", (g, x) => where(greater(x, scalar(0)), g, scalar(0))),
  Erf: unary("Erf", (g, x) => mul(g, mul(scalar(2 / Math.sqrt(Math.PI)), exp(neg(mul(x, x)))))),
  // x Phi(x), exact: slope Phi(x) + x phi(x).
  Gelu: unary("Gelu", (g, x) => {
    const cumulative = mul(scalar(0.5), add(scalar(1), erf(mul(x, scalar(Math.SQRT1_2)))));
    const density = mul(scalar(1 / Math.sqrt(2 * Math.PI)), exp(mul(scalar(-0.5), mul(x, x))));
    return mul(g, add(cumulative, mul(x, density)));
  }),
  Greater: comparison("Greater"),
  Less: comparison("Less"),
  Equal: comparison("Equal"),
  And: comparison("And"),
  Where: {
    name: "Where",
    types: ([condition, a, b]) => {
      if (condition!.dtype !== "bool") throw new GraphError("the condition is not of bool", "compare something first");
      return [{ dtype: a!.dtype, axes: broadcast(condition!.axes, broadcast(a!.axes, b!.axes)) }];
    },
    emit: direct("Where"),
    gradient: (g, { inputs: [condition, a, b] }): InputGradient[] => [
      null,
      () => sumLike(where(condition!, g, scalar(0)), a!),
      () => sumLike(where(condition!, scalar(0), g), b!),
    ],
  } satisfies Op<null>,
  Cast: {
    name: "Cast",
    types: ([x], { to }) => [{ dtype: to, axes: x!.axes }],
    emit: (emit, { inputs, outputs }, { to }) =>
      emit.node("Cast", inputs.map(emit.nameOf), outputs.map(emit.nameOf), { to: ONNX_TYPE[to] }),
    // Rounding to a whole number is a step: no gradient, rather than one that pretends it was not rounded.
    gradient: (g, { inputs: [x] }: Node, { to }): InputGradient[] => [
      isReal(x!.dtype) && isReal(to) ? () => cast(g, x!.dtype) : null,
    ],
  } satisfies Op<{ to: DType }>,
};

const O = elementwiseOps;
export const add = (a: Value, b: Value): Value => apply(O.Add, [a, b], null);
export const sub = (a: Value, b: Value): Value => apply(O.Sub, [a, b], null);
export const mul = (a: Value, b: Value): Value => apply(O.Mul, [a, b], null);
export const div = (a: Value, b: Value): Value => apply(O.Div, [a, b], null);
export const neg = (x: Value): Value => apply(O.Neg, [x], null);
export const exp = (x: Value): Value => apply(O.Exp, [x], null);
export const log = (x: Value): Value => apply(O.Log, [x], null);
export const sqrt = (x: Value): Value => apply(O.Sqrt, [x], null);
export const tanh = (x: Value): Value => apply(O.Tanh, [x], null);
export const sigmoid = (x: Value): Value => apply(O.Sigmoid, [x], null);
export const relu = (x: Value): Value => apply(O.Relu, [x], null);
export const erf = (x: Value): Value => apply(O.Erf, [x], null);
/** Gaussian error linear unit, exact form. */
export const gelu = (x: Value): Value => apply(O.Gelu, [x], null);
/** The square of ReLU, the activation of every trained feed-forward layer. @source arXiv:2109.08668 (Primer); arXiv:2204.14198, appendix A.1 */
export const squaredRelu = (x: Value): Value => {
  const y = relu(x);
  return mul(y, y);
};
export const greater = (a: Value, b: Value): Value => apply(O.Greater, [a, b], null);
export const less = (a: Value, b: Value): Value => apply(O.Less, [a, b], null);
export const equal = (a: Value, b: Value): Value => apply(O.Equal, [a, b], null);
export const and = (a: Value, b: Value): Value => apply(O.And, [a, b], null);
export const where = (condition: Value, a: Value, b: Value): Value => apply(O.Where, [condition, a, b], null);
export const cast = (x: Value, to: DType): Value => (x.dtype === to ? x : apply(O.Cast, [x], { to }));
