/**
 * Convolution with channels last, as patches times a matrix: the product is one large Gemm forwards and in both
 * gradients, which on small feature maps beats a convolution kernel that works picture by picture.
 */
import { describeAxes } from "../axes.js";
import { GraphError } from "../errors.js";
import { apply, constant, type InputGradient, type Op, type Value } from "../value.js";
import { mul } from "./elementwise.js";
import { embed } from "./indexing.js";
import { flattened, matmul } from "./linear.js";
import { sum } from "./reduce.js";
import { reshape, transpose } from "./shape.js";
import {
  emitPatches,
  fold,
  patches,
  tapsOf,
  type WindowOptions,
  type Windows,
  windowAxes,
  windowsOf,
} from "./windows.js";

function checkWeight(x: Value, weight: Value, windows: Windows, groups: number): void {
  const [taps, from, to] = weight.axes;
  const channels = x.axes.at(-1)!.size!;
  if (
    weight.axes.length === 3 &&
    taps!.size === tapsOf(windows) &&
    from!.size! * groups === channels &&
    to!.size! % groups === 0
  )
    return;
  const wanted = [`${tapsOf(windows)} taps`, `${channels} / ${groups} channels in`, "channels out"];
  throw new GraphError(
    `a weight ${describeAxes(weight.axes)} for ${describeAxes(x.axes)} in ${groups} groups`,
    `give [${wanted.join(", ")}], with channels that the groups divide`,
  );
}

/** The windows by which a gradient goes back through a stride of 1; undefined where some would begin inside the grid. */
function backwards(windows: Windows): Windows | undefined {
  const { kernel, stride, dilation, before, after } = windows;
  const spare = (i: number) => (kernel[i]! - 1) * dilation[i]!;
  const turned = {
    ...windows,
    before: before.map((n, i) => spare(i) - n),
    after: after.map((n, i) => spare(i) - n),
  };
  const whole = [...turned.before, ...turned.after].every((n) => n >= 0) && stride.every((n) => n === 1);
  return whole ? turned : undefined;
}

export const convolutionOps = {
  /** Weight: `[taps, channels in, channels out]`, taps row by row. */
  Convolve: {
    name: "Convolve",
    types: ([x, weight], { windows }) => {
      const positions = windowAxes(x!, windows);
      checkWeight(x!, weight!, windows, 1);
      return [{ dtype: x!.dtype, axes: [x!.axes[0]!, ...positions, weight!.axes[2]!] }];
    },
    emit: (emit, { inputs: [x, weight], outputs: [y] }, { windows }) => {
      const [laid, matrix] = [emit.fresh("patches"), emit.fresh("matrix")];
      emitPatches(emit, x!, windows, 0, laid);
      emit.node("Reshape", [emit.nameOf(weight!), emit.integers([-1, weight!.axes[2]!.size!])], [matrix]);
      emit.node("MatMul", [laid, matrix], [emit.nameOf(y!)]);
    },
    gradient: (g, { inputs: [x, weight] }, { windows }): InputGradient[] => [
      () => {
        const turned = backwards(windows);
        if (turned === undefined) {
          const toPatches = matmul(g, matrixOf(weight!), { transposeRight: true });
          return fold(toPatches, windows, x!.axes.slice(1, -1));
        }
        const taps = tapsOf(windows);
        const reversed = constant(
          Int32Array.from({ length: taps }, (_, tap) => taps - 1 - tap),
          [{ name: "", size: taps }],
        );
        return apply(convolutionOps.Convolve, [g, transpose(embed(weight!, reversed), [0, 2, 1])], { windows: turned });
      },
      () => {
        const seen = flattened(patches(x!, windows));
        return reshape(matmul(seen, flattened(g), { transposeLeft: true }), weight!.axes);
      },
    ],
  } satisfies Op<{ windows: Windows }>,
};

/** A weight as the matrix that patches are multiplied by: `[taps x channels in, channels out]`. */
function matrixOf(weight: Value): Value {
  const [taps, from, to] = weight.axes;
  return reshape(weight, [taps!.size! * from!.size!, to!]);
}

/** Each group of channels by its own part of the weight. */
function convolveGroups(x: Value, weight: Value, windows: Windows, groups: number): Value {
  checkWeight(x, weight, windows, groups);
  const taps = tapsOf(windows);
  const [from, to] = [weight.axes[1]!.size!, weight.axes[2]!.size! / groups];
  const seen = patches(x, windows);
  const outside = seen.axes.slice(0, -1);
  if (from === 1 && to === 1) {
    const channels = weight.axes[2]!;
    return sum(mul(reshape(seen, [...outside, taps, channels]), reshape(weight, [taps, channels])), [-2]);
  }
  const rows = flattened(seen).axes[0]!;
  const grouped = transpose(reshape(seen, [rows, taps, groups, from]), [2, 0, 1, 3]);
  const matrices = transpose(reshape(weight, [taps, from, groups, to]), [2, 0, 1, 3]);
  const each = matmul(reshape(grouped, [groups, rows, taps * from]), reshape(matrices, [groups, taps * from, to]));
  return reshape(transpose(each, [1, 0, 2]), [...outside, weight.axes[2]!]);
}

/** What a convolution may be told beside its weight. */
export interface ConvolutionOptions extends WindowOptions {
  /** Taps along each axis of positions; a square one if left out. */
  readonly kernel?: readonly number[];
  /** Parts into which the channels are divided, each with a weight of its own; as many as channels: depthwise. */
  readonly groups?: number;
}

/**
 * Convolution over one axis of positions or more; zeros lie beyond the border.
 * @param x  [pictures, height, width, channels in], or [sounds, length, channels in]; only the first may be of unknown size
 * @param weight  [taps, channels in / groups, channels out]; 9 taps make a 3 x 3 kernel, row by row
 * @returns  [pictures, height, width, channels out], height and width as the stride and the padding leave them: unless
 *   told otherwise, as they are
 */
export function convolve(x: Value, weight: Value, { kernel, groups = 1, ...options }: ConvolutionOptions = {}): Value {
  const over = Math.max(0, x.axes.length - 2);
  const side = Math.round((weight.axes[0]?.size ?? 0) ** (1 / over));
  const windows = windowsOf(kernel ?? Array<number>(over).fill(side), options);
  return groups === 1
    ? apply(convolutionOps.Convolve, [x, weight], { windows })
    : convolveGroups(x, weight, windows, groups);
}
