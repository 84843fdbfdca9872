/**
 * What our graphs mean, in float64 and in plain loops: the arithmetic that the engine and the gradients are held
 * against. It knows ops by name and nothing of ONNX. Slow, and obvious on purpose.
 */
import type { OPS, OpName, Value } from "../../src/graph/index.js";
import type { Op } from "../../src/graph/value.js";

/** Numbers with their sizes, row-major; whole numbers and truth values are held as float64 too. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

type AttributesOf<K extends OpName> = (typeof OPS)[K] extends Op<infer A> ? A : never;
type Evaluations = {
  readonly [K in OpName]: (inputs: readonly Numbers[], attributes: AttributesOf<K>, like: Value) => Numbers[];
};

const volume = (shape: readonly number[]) => shape.reduce((p, n) => p * n, 1);

/** A tensor made entry by entry. */
export function build(shape: readonly number[], entry: (index: readonly number[]) => number): Numbers {
  const data = new Float64Array(volume(shape));
  const index = shape.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    data[i] = entry(index);
    for (let at = shape.length - 1; at >= 0 && ++index[at]! === shape[at]; at--) index[at] = 0;
  }
  return { shape, data };
}

/** Where an index is in a row-major array; an axis of size 1 stretches, missing axes are ignored, aligned at the right. */
function place(shape: readonly number[], index: readonly number[]): number {
  let offset = 0;
  const extra = index.length - shape.length;
  for (let at = 0; at < shape.length; at++) offset = offset * shape[at]! + (shape[at] === 1 ? 0 : index[extra + at]!);
  return offset;
}

/** The entry at an index, as broadcasting finds it. */
const read = ({ shape, data }: Numbers, index: readonly number[]): number => data[place(shape, index)]!;

function stretched(...shapes: (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, at) => {
    const sizes = shapes.map((shape) => shape[at - (rank - shape.length)] ?? 1).filter((size) => size !== 1);
    if (sizes.some((size) => size !== sizes[0])) throw new Error(`sizes ${sizes} do not broadcast`);
    return sizes[0] ?? 1;
  });
}

const elementwise =
  (f: (...entries: number[]) => number) =>
  (inputs: readonly Numbers[]): Numbers[] => [
    build(stretched(...inputs.map(({ shape }) => shape)), (index) => f(...inputs.map((x) => read(x, index)))),
  ];

const replaced = (index: readonly number[], at: number, by: number) => index.map((n, i) => (i === at ? by : n));

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

/** The reduced axes of `x`, each entry of the result made of all entries it stands for. */
const reduction =
  (f: (entries: number[]) => number) =>
  ([x]: readonly Numbers[], { over, keep }: { over: readonly number[]; keep: boolean }): Numbers[] => {
    const kept = x!.shape.map((size, at) => (over.includes(at) ? 1 : size));
    const gathered = build(kept, (index) => {
      const entries: number[] = [];
      const within = x!.shape.map((size, at) => (over.includes(at) ? size : 1));
      build(within, (inner) =>
        entries.push(
          read(
            x!,
            index.map((n, at) => n + inner[at]!),
          ),
        ),
      );
      return f(entries);
    });
    return [keep ? gathered : { shape: x!.shape.filter((_, at) => !over.includes(at)), data: gathered.data }];
  };

const total = (entries: readonly number[]) => entries.reduce((a, b) => a + b, 0);

/** Each row along the last axis replaced by what `f` makes of it. */
function byRows(x: Numbers, f: (row: number[]) => number[]): Numbers {
  const width = x.shape.at(-1)!;
  const data = new Float64Array(x.data.length);
  for (let at = 0; at < data.length; at += width) data.set(f([...x.data.subarray(at, at + width)]), at);
  return { shape: x.shape, data };
}

function logSoftmax(row: number[]): number[] {
  const most = Math.max(...row);
  const log = most + Math.log(total(row.map((x) => Math.exp(x - most))));
  return row.map((x) => x - log);
}

/** Every pixel's neighbourhood, row by row, zeros beyond the border. */
function patches(x: Numbers, kernel: number): Numbers {
  const [pictures, height, width, channels] = x.shape as [number, number, number, number];
  const half = (kernel - 1) / 2;
  return build([pictures, height, width, kernel * kernel * channels], ([picture, row, column, entry]) => {
    const tap = Math.floor(entry! / channels);
    const from = [row! + Math.floor(tap / kernel) - half, column! + (tap % kernel) - half] as const;
    const inside = from[0] >= 0 && from[0] < height && from[1] >= 0 && from[1] < width;
    return inside ? read(x, [picture!, from[0], from[1], entry! % channels]) : 0;
  });
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
  Erf: elementwise((x) => erf(x!)),
  Gelu: elementwise((x) => (x! * (1 + erf(x! * Math.SQRT1_2))) / 2),
  Greater: elementwise((a, b) => Number(a! > b!)),
  Less: elementwise((a, b) => Number(a! < b!)),
  Equal: elementwise((a, b) => Number(a! === b!)),
  And: elementwise((a, b) => Number(a! !== 0 && b! !== 0)),
  Where: elementwise((condition, a, b) => (condition !== 0 ? a! : b!)),
  Cast: ([x], { to }) => [to.startsWith("float") ? x! : { shape: x!.shape, data: x!.data.map(Math.trunc) }],

  Embed: ([table, index]) => [
    build([...index!.shape, ...table!.shape.slice(1)], (at) => {
      const row = read(index!, at.slice(0, index!.shape.length));
      return read(table!, [row, ...at.slice(index!.shape.length)]);
    }),
  ],
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
  Patches: ([x], { kernel }) => [patches(x!, kernel)],
  Convolve: ([x, weight], { kernel }) => {
    const matrix = { shape: [weight!.shape[0]! * weight!.shape[1]!, weight!.shape[2]!], data: weight!.data };
    return [product(patches(x!, kernel), matrix, false, false, 1)];
  },

  Softmax: ([x]) => [byRows(x!, (row) => logSoftmax(row).map(Math.exp))],
  LogSoftmax: ([x]) => [byRows(x!, logSoftmax)],
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
  CrossEntropy: ([logits, target]) => {
    const logProbability = byRows(logits!, logSoftmax);
    return [build(target!.shape, ([row]) => -read(logProbability, [row!, target!.data[row!]!])), logProbability];
  },
  AddAtIndex: ([x, index, added]) => [
    build(
      x!.shape,
      ([row, column]) => read(x!, [row!, column!]) + (index!.data[row!] === column ? added!.data[row!]! : 0),
    ),
  ],

  ReduceSum: reduction(total),
  ReduceMean: reduction((entries) => total(entries) / entries.length),
  ReduceMax: reduction((entries) => Math.max(...entries)),

  Reshape: ([x], { to }, result) => {
    const from = inputOf(result).axes;
    const copied = to.map(({ name, size }, at) => {
      const same = from[at]?.name === name && from[at]?.size === undefined;
      return size ?? (same ? x!.shape[at]! : undefined);
    });
    const rest = x!.data.length / volume(copied.map((size) => size ?? 1));
    return [{ shape: copied.map((size) => size ?? rest), data: x!.data }];
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
  Pad: ([x], { at, before, after }) => [
    build(replaced(x!.shape, at, before + x!.shape[at]! + after), (index) => {
      const from = index[at]! - before;
      return from < 0 || from >= x!.shape[at]! ? 0 : read(x!, replaced(index, at, from));
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
  BroadcastTo: ([x, like]) => [build(stretched(x!.shape, like!.shape), (index) => read(x!, index))],
};

function inputOf({ source }: Value): Value {
  if (source.kind !== "op") throw new Error("not the result of an op");
  return source.node.inputs[0]!;
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
      known.set(value, { shape: value.axes.map(({ size }) => size!), data: Float64Array.from(source.data, Number) });
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
