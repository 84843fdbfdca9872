/**
 * What our graphs mean, in float64 and in plain loops: the arithmetic that the engine and the gradients are held
 * against. It knows ops by name and nothing of ONNX. Slow, and obvious on purpose.
 */

import type { OPS, OpName, Value } from "../../src/graph/index.js";
import type { Op } from "../../src/graph/value.js";
import { fromFloat16, toFloat16 } from "../../src/half.js";
import {
  addedUp,
  build,
  byRows,
  elementwise,
  type Numbers,
  place,
  read,
  reduction,
  replaced,
  stretched,
  total,
  volume,
} from "./numbers.js";
import { fold, patches } from "./windows.js";

export { build, type Numbers } from "./numbers.js";

type AttributesOf<K extends OpName> = (typeof OPS)[K] extends Op<infer A> ? A : never;
type Evaluations = {
  readonly [K in OpName]: (inputs: readonly Numbers[], attributes: AttributesOf<K>, like: Value) => Numbers[];
};

/** erf x = 2/sqrt(pi) exp(-x^2) (x + 2x^3/3 + 4x^5/15 + ...): every term has the sign of x, so nothing cancels. */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let total = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(total); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}

function logSoftmax(row: number[]): number[] {
  const most = Math.max(...row);
  const log = most + Math.log(total(row.map((x) => Math.exp(x - most))));
  return row.map((x) => x - log);
}

function product(a: Numbers, b: Numbers, transposeLeft: boolean, transposeRight: boolean, scale: number): Numbers {
  const [rows, inner] = transposeLeft ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
  const columns = transposeRight ? b.shape.at(-2)! : b.shape.at(-1)!;
  const [front, frontToo] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  return build([...stretched(front, frontToo), rows, columns], (index) => {
    const [row, column] = index.slice(-2) as [number, number];
    const left = place(front, index.slice(0, -2)) * rows * inner;
    const right = place(frontToo, index.slice(0, -2)) * inner * columns;
    let sum = 0;
    for (let k = 0; k < inner; k++)
      sum +=
        a.data[left + (transposeLeft ? k * rows + row : row * inner + k)]! *
        b.data[right + (transposeRight ? column * inner + k : k * columns + column)]!;
    return scale * sum;
  });
}

const EVALUATIONS: Evaluations = {
  Add: elementwise((a, b) => a! + b!),
  Sub: elementwise((a, b) => a! - b!),
  Mul: elementwise((a, b) => a! * b!),
  Div: elementwise((a, b) => a! / b!),
  Neg: elementwise((x) => -x!),
  Exp: elementwise((x) => Math.exp(x!)),
  Log: elementwise((x) => Math.log(x!)),
  Sqrt: elementwise((x) => Math.sqrt(x!)),
  Tanh: elementwise((x) => Math.tanh(x!)),
  Sigmoid: elementwise((x) => 1 / (1 + Math.exp(-x!))),
  Relu: elementwise((x) => Math.max(0, x!)),
  SquaredRelu: elementwise((x) => Math.max(0, x!) ** 2),
  Sin: elementwise((x) => Math.sin(x!)),
  Cos: elementwise((x) => Math.cos(x!)),
  Erf: elementwise((x) => erf(x!)),
  Softplus: elementwise((x) => Math.max(0, x!) + Math.log1p(Math.exp(-Math.abs(x!)))),
  GeluTanh: elementwise((x) => (x! / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x! + 0.044715 * x! ** 3)))),
  Swish: (inputs, { sharpness }) => elementwise((x) => x! / (1 + Math.exp(-sharpness * x!)))(inputs),
  Reciprocal: elementwise((x) => 1 / x!),
  Abs: elementwise((x) => Math.abs(x!)),
  Sign: elementwise((x) => Math.sign(x!)),
  Pow: (inputs, { exponent }) => elementwise((x) => x! ** exponent)(inputs),
  Maximum: elementwise(Math.max),
  Minimum: elementwise(Math.min),
  Clip: (inputs, { low, high }) => elementwise((x) => Math.min(high, Math.max(low, x!)))(inputs),
  Gelu: (inputs) => {
    const cumulative = elementwise((x) => (1 + erf(x! * Math.SQRT1_2)) / 2)(inputs)[0]!;
    return [elementwise((x, share) => x! * share!)([inputs[0]!, cumulative])[0]!, cumulative];
  },
  Greater: elementwise((a, b) => Number(a! > b!)),
  Less: elementwise((a, b) => Number(a! < b!)),
  GreaterOrEqual: elementwise((a, b) => Number(a! >= b!)),
  LessOrEqual: elementwise((a, b) => Number(a! <= b!)),
  Equal: elementwise((a, b) => Number(a! === b!)),
  And: elementwise((a, b) => Number(a! !== 0 && b! !== 0)),
  Or: elementwise((a, b) => Number(a! !== 0 || b! !== 0)),
  Not: elementwise((x) => Number(x === 0)),
  Where: elementwise((condition, a, b) => (condition !== 0 ? a! : b!)),
  Cast: ([x], { to }) => {
    if (to === "float16") return [{ shape: x!.shape, data: halved(x!.data) }];
    return [to.startsWith("float") ? x! : { shape: x!.shape, data: x!.data.map(Math.trunc) }];
  },

  Gather: ([x, index], { at }) => {
    const after = at + index!.shape.length;
    return [
      build([...x!.shape.slice(0, at), ...index!.shape, ...x!.shape.slice(at + 1)], (to) =>
        read(x!, [...to.slice(0, at), read(index!, to.slice(at, after)), ...to.slice(after)]),
      ),
    ];
  },
  ScatterAdd: ([x, index], { at, into }) => {
    const after = at + index!.shape.length;
    const shape = [...x!.shape.slice(0, at), into.size!, ...x!.shape.slice(after)];
    return [
      addedUp(shape, x!, (from) => [...from.slice(0, at), read(index!, from.slice(at, after)), ...from.slice(after)]),
    ];
  },
  TakeAlong: ([x, index], { at }) => [build(index!.shape, (to) => read(x!, replaced(to, at, read(index!, to))))],
  AddAlong: ([x, index, added], { at }) => {
    const more = addedUp(x!.shape, added!, (from) => replaced(from, at, read(index!, from)));
    return elementwise((a, b) => a! + b!)([x!, more]);
  },
  CumSum: ([x], { at, exclusive, reverse }) => [
    byRows(
      x!,
      (row) => row.map((own, n) => total(reverse ? row.slice(n) : row.slice(0, n + 1)) - (exclusive ? own : 0)),
      at,
    ),
  ],
  TopK: ([x], { at, count }) => {
    const order = byRows(x!, (row) => [...row.keys()].sort((a, b) => row[b]! - row[a]! || a - b), at);
    const places = build(replaced(x!.shape, at, count), (to) => read(order, to));
    return [build(places.shape, (to) => read(x!, replaced(to, at, read(places, to)))), places];
  },
  ArgMax: ([x], { at, keep }) => extremeAt(x!, at, keep, (row) => row.indexOf(Math.max(...row))),
  ArgMin: ([x], { at, keep }) => extremeAt(x!, at, keep, (row) => row.indexOf(Math.min(...row))),
  OneHot: ([index], { depth }) => [
    build([...index!.shape, depth], (at) => Number(read(index!, at.slice(0, -1)) === at.at(-1))),
  ],
  MoveRows: ([x, index]) => [
    build([x!.shape[0]!, index!.shape[1]!, x!.shape[2]!], ([batch, row, channel]) => {
      const from = read(index!, [batch!, row!]);
      return from < 0 ? 0 : read(x!, [batch!, from, channel!]);
    }),
  ],

  MatMul: ([a, b], { transposeLeft, transposeRight, scale }) => [product(a!, b!, transposeLeft, transposeRight, scale)],
  Dequantise: ([packed, scales], { bits, block, inner }) => [
    build([inner.size!, packed!.shape[0]!], ([row, column]) => {
      const [at, within] = [Math.floor(row! / block), row! % block];
      const byte = read(packed!, [column!, at, Math.floor((within * bits) / 8)]);
      const code = bits === 8 ? byte : within % 2 === 0 ? byte % 16 : Math.floor(byte / 16);
      return (code - 2 ** (bits - 1)) * read(scales!, [column!, at]);
    }),
  ],
  Patches: ([x], { windows, beyond }) => [patches(x!, windows, beyond)],
  Fold: ([held], { windows, positions }) => [
    fold(
      held!,
      windows,
      positions.map(({ size }) => size!),
    ),
  ],
  Convolve: ([x, weight], { windows }) => {
    const matrix = { shape: [weight!.shape[0]! * weight!.shape[1]!, weight!.shape[2]!], data: weight!.data };
    return [product(patches(x!, windows, 0), matrix, false, false, 1)];
  },

  Softmax: ([x], { at }) => [byRows(x!, (row) => logSoftmax(row).map(Math.exp), at)],
  LogSoftmax: ([x], { at }) => [byRows(x!, logSoftmax, at)],
  LayerNorm: ([x, gain, offset], { epsilon }) => {
    const overLast = { over: [x!.shape.length - 1], keep: true };
    const averaged = reduction((row) => total(row) / row.length);
    const centre = averaged([x!], overLast)[0]!;
    const centred = elementwise((a, b) => a! - b!)([x!, centre])[0]!;
    const variance = averaged(elementwise((a) => a! * a!)([centred]), overLast)[0]!;
    const reciprocal = elementwise((v) => 1 / Math.sqrt(v! + epsilon))([variance])[0]!;
    const scaled = elementwise((a, b, c, d) => a! * b! * c! + d!)([centred, reciprocal, gain!, offset!]);
    return [scaled[0]!, centre, reciprocal];
  },
  RmsNorm: ([x, gain], { epsilon }) => {
    const overLast = { over: [x!.shape.length - 1], keep: true };
    const root = reduction((row) => Math.sqrt(total(row.map((v) => v * v)) / row.length + epsilon))([x!], overLast)[0]!;
    return [elementwise((a, b, c) => (a! / b!) * c!)([x!, root, gain!])[0]!, root];
  },
  CrossEntropy: ([logits, target], { smoothing, ignored }) => {
    const logProbability = byRows(logits!, logSoftmax);
    const loss = build(target!.shape, ([row]) => {
      const column = target!.data[row!]!;
      if (column === ignored) return 0;
      const width = logits!.shape[1]!;
      const all = Array.from({ length: width }, (_, k) => read(logProbability, [row!, k]));
      return -(1 - smoothing) * all[column]! - smoothing * (total(all) / width);
    });
    return [loss, logProbability];
  },

  ReduceSum: reduction(total),
  ReduceMean: reduction((entries) => total(entries) / entries.length),
  ReduceMax: reduction((entries) => Math.max(...entries)),
  ReduceMin: reduction((entries) => Math.min(...entries)),
  ReduceProd: reduction((entries) => entries.reduce((p, x) => p * x, 1)),
  ReduceLogSumExp: reduction((entries) => entries[0]! - logSoftmax(entries)[0]!),
  Count: ([x], { over }) => [{ shape: [], data: Float64Array.of(volume(over.map((at) => x!.shape[at]!))) }],

  Reshape: (inputs, { to }, result) => {
    const sizes = new Map<string, number>();
    inputsOf(result).forEach(({ axes }, i) => {
      axes.forEach(({ name, size }, at) => {
        if (size === undefined && !sizes.has(name)) sizes.set(name, inputs[i]!.shape[at]!);
      });
    });
    const known = to.map(({ name, size }) => size ?? sizes.get(name));
    const { data } = inputs[0]!;
    return [{ shape: known.map((size) => size ?? data.length / volume(known.map((n) => n ?? 1))), data }];
  },
  Transpose: ([x], { order }) => [
    build(
      order.map((from) => x!.shape[from]!),
      (index) =>
        read(
          x!,
          x!.shape.map((_, at) => index[order.indexOf(at)]!),
        ),
    ),
  ],
  Slice: ([x], { at, start, length, step }) => {
    const count = typeof length === "number" ? length : x!.shape[at]! - start - length.leaving;
    const from = (n: number) => start + n * step;
    return [build(replaced(x!.shape, at, count), (index) => read(x!, replaced(index, at, from(index[at]!))))];
  },
  TakeOut: ([x, part, ...before], { at, start }) => {
    const from = start + total(before.map(({ shape }) => shape[at]!));
    return [build(replaced(x!.shape, at, part!.shape[at]!), (to) => read(x!, replaced(to, at, from + to[at]!)))];
  },
  PutBack: ([part, whole, ...before], { at, start }) => {
    const from = start + total(before.map(({ shape }) => shape[at]!));
    return [
      build(replaced(part!.shape, at, whole!.shape[at]!), (to) => {
        const within = to[at]! - from;
        return within < 0 || within >= part!.shape[at]! ? 0 : read(part!, replaced(to, at, within));
      }),
    ];
  },
  Pad: ([x], { at, before, after, value }) => [
    build(replaced(x!.shape, at, before + x!.shape[at]! + after), (index) => {
      const from = index[at]! - before;
      return from < 0 || from >= x!.shape[at]! ? value : read(x!, replaced(index, at, from));
    }),
  ],
  Concat: (parts, { at }) => {
    const ends = parts.map((_, i) => total(parts.slice(0, i + 1).map(({ shape }) => shape[at]!)));
    return [
      build(replaced(parts[0]!.shape, at, ends.at(-1)!), (index) => {
        const part = ends.findIndex((end) => index[at]! < end);
        return read(parts[part]!, replaced(index, at, index[at]! - (ends[part - 1] ?? 0)));
      }),
    ];
  },
  Tile: ([x], { times }) => [
    build(
      x!.shape.map((size, at) => size * times[at]!),
      (index) =>
        read(
          x!,
          index.map((n, at) => n % x!.shape[at]!),
        ),
    ),
  ],
  Flip: ([x], { at }) => [byRows(x!, (row) => row.reverse(), at)],
  Unsqueeze: ([x], { at }) => [
    { shape: at.reduce((shape, place) => shape.toSpliced(place, 0, 1), [...x!.shape]), data: x!.data },
  ],
  Squeeze: ([x], { at }) => [{ shape: x!.shape.filter((_, i) => !at.includes(i)), data: x!.data }],
  StopGradient: ([x]) => [x!],
  After: ([x]) => [x!],
  Checkpoint: (inputs, { results }) => inputs.slice(0, results.length),
  BroadcastTo: ([x, like]) => [build(stretched(x!.shape, like!.shape), (index) => read(x!, index))],
};

/** The place of an extreme along an axis. */
function extremeAt(x: Numbers, at: number, keep: boolean, find: (row: number[]) => number): Numbers[] {
  const found = byRows(x, (row) => row.map(() => find(row)), at);
  const kept = build(replaced(x.shape, at, 1), (index) => read(found, index));
  return [keep ? kept : { shape: x.shape.toSpliced(at, 1), data: kept.data }];
}

/** Numbers as float16 holds them. */
const halved = (data: Float64Array) => Float64Array.from(fromFloat16(toFloat16(Float32Array.from(data))));

function inputsOf({ source }: Value): readonly Value[] {
  if (source.kind !== "op") throw new Error("not the result of an op");
  return source.node.inputs;
}

/** The numbers of some values. `feeds` gives inputs by name and parameters, trained or frozen, by path. */
export function evaluate(values: readonly Value[], feeds: ReadonlyMap<string, Numbers>): Numbers[] {
  const known = new Map<Value, Numbers>();
  const numbersOf = (value: Value): Numbers => {
    const before = known.get(value);
    if (before !== undefined) return before;
    const { source } = value;
    if (source.kind === "op") {
      const { op, inputs, attributes, outputs } = source.node;
      const evaluation = EVALUATIONS[op.name as OpName] as Evaluations["Add"];
      const results = evaluation(inputs.map(numbersOf), attributes as never, outputs[0]!);
      results.forEach((result, i) => {
        known.set(outputs[i]!, result);
      });
    } else if (source.kind === "constant") {
      const data = value.dtype === "float16" ? fromFloat16(source.data as Uint16Array) : source.data;
      known.set(value, { shape: value.axes.map(({ size }) => size!), data: Float64Array.from(data, Number) });
    } else {
      const name = source.kind === "input" ? source.name : source.path;
      const fed = feeds.get(name);
      if (fed === undefined) throw new Error(`nothing was fed for ${name}`);
      known.set(value, fed);
    }
    return known.get(value)!;
  };
  return values.map(numbersOf);
}

/** Every op has a row above, under the name by which its nodes are known. */
export const EVALUATED = Object.keys(EVALUATIONS);
