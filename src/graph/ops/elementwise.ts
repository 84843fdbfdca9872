/** Element-wise ops, with broadcasting. */
import { type Axis, broadcast } from "../axes.js";
import { type DType, type Kind, ONNX_TYPE } from "../dtype.js";
import { GraphError } from "../errors.js";
import { apply, type InputGradient, type Node, type Op, scalar, type Value } from "../value.js";
import { sumLike } from "./reduce.js";

type BinaryGradient = (g: Value, a: Value, b: Value, y: Value) => [() => Value, () => Value];

function binary(name: string, gradient: BinaryGradient, onnx = name): Op<null> {
  return {
    name,
    takes: ["number"],
    types: ([a, b]) => [{ dtype: a!.dtype, axes: broadcast(a!.axes, b!.axes) }],
    emit: direct(onnx),
    gradient: (g, { inputs: [a, b], outputs: [y] }) => {
      const [toA, toB] = gradient(g, a!, b!, y!);
      return [() => sumLike(toA(), a!), () => sumLike(toB(), b!)];
    },
  };
}

/** An op of one value that keeps its type, written as the ONNX node of that name. */
export function unary(name: string, gradient: (g: Value, x: Value, y: Value) => Value, takes: Kind = "real"): Op<null> {
  return {
    name,
    takes: [takes],
    types: ([x]) => [{ dtype: x!.dtype, axes: x!.axes }],
    emit: direct(name),
    gradient: (g, { inputs: [x], outputs: [y] }) => [() => gradient(g, x!, y!)],
  };
}

function comparison(name: string): Op<null> {
  return {
    name,
    takes: ["number"],
    types: ([a, b]) => [{ dtype: "bool", axes: broadcast(a!.axes, b!.axes) }],
    emit: direct(name),
    gradient: { none: "a comparison is a step: its derivative is zero wherever it is defined" },
  };
}

function logical(name: string): Op<null> {
  return {
    name,
    takes: ["truth"],
    types: (inputs) => [{ dtype: "bool", axes: inputs.map(({ axes }) => axes).reduce(broadcast) }],
    emit: direct(name),
    gradient: { none: "a truth value is true or false: there is nothing between to slope" },
  };
}

/** The larger or the smaller of two; where they tie, each takes half of the slope. */
function extreme(name: string, onnx: string, wins: (a: Value, b: Value) => Value): Op<null> {
  const share = (g: Value, a: Value, b: Value) => {
    const one = where(wins(a, b), scalar(1), scalar(0));
    return mul(g, where(equal(a, b), scalar(0.5), one));
  };
  return binary(name, (g, a, b) => [() => share(g, a, b), () => share(g, b, a)], onnx);
}

/** The ONNX node of the same name, inputs and outputs in order. */
function direct(name: string): Op<null>["emit"] {
  return (emit, node) => emit.node(name, node.inputs.map(emit.nameOf), node.outputs.map(emit.nameOf));
}

const isReal = (dtype: DType) => dtype.startsWith("float");

export const elementwiseOps = {
  Add: binary("Add", (g) => [() => g, () => g]),
  Sub: binary("Sub", (g) => [() => g, () => neg(g)]),
  Mul: binary("Mul", (g, a, b) => [() => mul(g, b), () => mul(g, a)]),
  Div: binary("Div", (g, _a, b, y) => [() => div(g, b), () => neg(div(mul(g, y), b))]),
  Neg: unary("Neg", (g) => neg(g), "number"),
  Exp: unary("Exp", (g, _x, y) => mul(g, y)),
  Log: unary("Log", (g, x) => div(g, x)),
  Sqrt: unary("Sqrt", (g, _x, y) => div(mul(g, scalar(0.5)), y)),
  Tanh: unary("Tanh", (g, _x, y) => mul(g, sub(scalar(1), mul(y, y)))),
  Sin: unary("Sin", (g, x) => mul(g, cos(x))),
  Cos: unary("Cos", (g, x) => neg(mul(g, sin(x)))),
  Erf: unary("Erf", (g, x) => mul(g, mul(scalar(2 / Math.sqrt(Math.PI)), exp(neg(mul(x, x)))))),
  Reciprocal: unary("Reciprocal", (g, _x, y) => neg(mul(g, mul(y, y)))),
  // The slope at 0 is taken as 0.
  Abs: unary("Abs", (g, x) => mul(g, sign(x)), "number"),
  Sign: {
    name: "Sign",
    takes: ["number"],
    types: ([x]) => [{ dtype: x!.dtype, axes: x!.axes }],
    emit: direct("Sign"),
    gradient: { none: "a sign is a step: its derivative is zero wherever it is defined" },
  } satisfies Op<null>,
  Pow: {
    name: "Pow",
    types: ([x]) => [{ dtype: x!.dtype, axes: x!.axes }],
    emit: (emit, { inputs: [x], outputs: [y] }, { exponent }) =>
      emit.node("Pow", [emit.nameOf(x!), emit.constant(x!.dtype, exponent)], [emit.nameOf(y!)]),
    gradient: (g, { inputs: [x] }, { exponent }): InputGradient[] => [
      exponent === 0 ? null : () => mul(g, mul(scalar(exponent), pow(x!, exponent - 1))),
    ],
  } satisfies Op<{ exponent: number }>,
  Maximum: extreme("Maximum", "Max", (a, b) => greater(a, b)),
  Minimum: extreme("Minimum", "Min", (a, b) => less(a, b)),
  // At a bound itself the slope is 1: there the value is still the input's.
  Clip: {
    name: "Clip",
    takes: ["number"],
    types: ([x], { low, high }) => {
      if (!(low <= high)) throw new GraphError(`bounds ${low} to ${high}`, "give the lower bound first");
      return [{ dtype: x!.dtype, axes: x!.axes }];
    },
    emit: (emit, { inputs: [x], outputs: [y] }, { low, high }) =>
      emit.node(
        "Clip",
        [
          emit.nameOf(x!),
          ...[low, high].map((bound) => (Number.isFinite(bound) ? emit.constant(x!.dtype, bound) : "")),
        ],
        [emit.nameOf(y!)],
      ),
    gradient: (g, { inputs: [x] }, { low, high }) => [
      () => where(and(greaterOrEqual(x!, scalar(low)), lessOrEqual(x!, scalar(high))), g, scalar(0)),
    ],
  } satisfies Op<{ low: number; high: number }>,
  Greater: comparison("Greater"),
  Less: comparison("Less"),
  GreaterOrEqual: comparison("GreaterOrEqual"),
  LessOrEqual: comparison("LessOrEqual"),
  Equal: comparison("Equal"),
  And: logical("And"),
  Or: logical("Or"),
  Not: logical("Not"),
  Where: {
    name: "Where",
    takes: ["truth", "number"],
    types: ([condition, a, b]) => [{ dtype: a!.dtype, axes: broadcast(condition!.axes, broadcast(a!.axes, b!.axes)) }],
    emit: direct("Where"),
    gradient: (g, { inputs: [condition, a, b] }): InputGradient[] => [
      null,
      () => sumLike(where(condition!, g, scalar(0)), a!),
      () => sumLike(where(condition!, scalar(0), g), b!),
    ],
  } satisfies Op<null>,
  Cast: {
    name: "Cast",
    takes: ["any"],
    types: ([x], { to }) => [{ dtype: to, axes: x!.axes }],
    emit: (emit, { inputs, outputs }, { to }) =>
      emit.node("Cast", inputs.map(emit.nameOf), outputs.map(emit.nameOf), { to: ONNX_TYPE[to] }),
    // Rounding to a whole number is a step: no gradient, rather than one that pretends it was not rounded.
    gradient: (g, { inputs: [x] }: Node, { to }): InputGradient[] => [
      isReal(x!.dtype) && isReal(to) ? () => cast(g, x!.dtype) : null,
    ],
  } satisfies Op<{ to: DType }>,
};

/** What was stretched before the op stretches it: `x` itself, if it was not. */
function unstretched(x: Value): Value {
  return x.source.kind === "op" && x.source.node.op.name === "BroadcastTo" ? x.source.node.inputs[0]! : x;
}

/** An op of two; a side that was stretched to the other's axes, as sums do with their gradients, need not be made whole. */
function ofTwo(op: Op<null>, a: Value, b: Value): Value {
  const whole = apply(op, [a, b], null);
  const [left, right] = [unstretched(a), unstretched(b)];
  if (left === a && right === b) return whole;
  const short = apply(op, [left, right], null);
  const fits = ({ name, size }: Axis, i: number) => short.axes[i]?.name === name && short.axes[i]?.size === size;
  return whole.axes.every(fits) && short.axes.length === whole.axes.length ? short : whole;
}

const O = elementwiseOps;
/** a + b, entry by entry; axes broadcast. */
export const add = (a: Value, b: Value): Value => ofTwo(O.Add, a, b);
/** a - b, entry by entry; axes broadcast. */
export const sub = (a: Value, b: Value): Value => ofTwo(O.Sub, a, b);
/** a b, entry by entry; axes broadcast. */
export const mul = (a: Value, b: Value): Value => ofTwo(O.Mul, a, b);
/** a / b, entry by entry; axes broadcast. */
export const div = (a: Value, b: Value): Value => ofTwo(O.Div, a, b);
/** -x, entry by entry. */
export const neg = (x: Value): Value => apply(O.Neg, [x], null);
/** e^x, entry by entry. */
export const exp = (x: Value): Value => apply(O.Exp, [x], null);
/** Natural logarithm, entry by entry. */
export const log = (x: Value): Value => apply(O.Log, [x], null);
/** Square root, entry by entry; of 0 it has no finite slope. */
export const sqrt = (x: Value): Value => apply(O.Sqrt, [x], null);
/** Hyperbolic tangent, entry by entry. */
export const tanh = (x: Value): Value => apply(O.Tanh, [x], null);
/** Sine of an angle in radians, entry by entry. */
export const sin = (x: Value): Value => apply(O.Sin, [x], null);
/** Cosine of an angle in radians, entry by entry. */
export const cos = (x: Value): Value => apply(O.Cos, [x], null);
/** Error function, entry by entry. */
export const erf = (x: Value): Value => apply(O.Erf, [x], null);
/** Absolute value, entry by entry; the slope at 0 is taken as 0. */
export const abs = (x: Value): Value => apply(O.Abs, [x], null);
/** -1, 0 or 1, entry by entry. It has no gradient. */
export const sign = (x: Value): Value => apply(O.Sign, [x], null);
/** 1 / x, entry by entry. */
export const reciprocal = (x: Value): Value => apply(O.Reciprocal, [x], null);
/** 1 / sqrt(x), entry by entry. */
export const rsqrt = (x: Value): Value => reciprocal(sqrt(x));
/** x to a power that is written in the graph, entry by entry. Of negative numbers, whole powers only. */
export const pow = (x: Value, exponent: number): Value => {
  if (exponent === 1) return x;
  return exponent === 2 ? mul(x, x) : apply(O.Pow, [x], { exponent });
};
/** The larger of two, entry by entry; axes broadcast. Where they are equal, each has half of the slope. */
export const maximum = (a: Value, b: Value): Value => apply(O.Maximum, [a, b], null);
/** The smaller of two, entry by entry; axes broadcast. Where they are equal, each has half of the slope. */
export const minimum = (a: Value, b: Value): Value => apply(O.Minimum, [a, b], null);
/**
 * What lies below `low` becomes `low`, what lies above `high` becomes `high`, entry by entry; neither has a slope then.
 */
export const clip = (x: Value, low: number, high: number): Value => apply(O.Clip, [x], { low, high });
/** Whether a > b, entry by entry, as bool; axes broadcast. Like every comparison it has no gradient. */
export const greater = (a: Value, b: Value): Value => apply(O.Greater, [a, b], null);
/** Whether a < b, entry by entry, as bool; axes broadcast. */
export const less = (a: Value, b: Value): Value => apply(O.Less, [a, b], null);
/** Whether a >= b, entry by entry, as bool; axes broadcast. */
export const greaterOrEqual = (a: Value, b: Value): Value => apply(O.GreaterOrEqual, [a, b], null);
/** Whether a <= b, entry by entry, as bool; axes broadcast. */
export const lessOrEqual = (a: Value, b: Value): Value => apply(O.LessOrEqual, [a, b], null);
/** Whether a = b, entry by entry, as bool; axes broadcast. */
export const equal = (a: Value, b: Value): Value => apply(O.Equal, [a, b], null);
/** Whether a and b differ, entry by entry, as bool; axes broadcast. */
export const notEqual = (a: Value, b: Value): Value => not(equal(a, b));
/** Whether both are true, entry by entry; axes broadcast. */
export const and = (a: Value, b: Value): Value => apply(O.And, [a, b], null);
/** Whether one or both are true, entry by entry; axes broadcast. */
export const or = (a: Value, b: Value): Value => apply(O.Or, [a, b], null);
/** Whether it is false, entry by entry. */
export const not = (x: Value): Value => apply(O.Not, [x], null);
/** `a` where `condition` (bool) is true, else `b`, entry by entry; the axes of all three broadcast. */
export const where = (condition: Value, a: Value, b: Value): Value => apply(O.Where, [condition, a, b], null);
/**
 * The same numbers as another element type, with the same axes. Gradients pass between real types only: rounding is a
 * step.
 */
export const cast = (x: Value, to: DType): Value => (x.dtype === to ? x : apply(O.Cast, [x], { to }));
