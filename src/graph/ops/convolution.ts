/**
 * Convolution of pictures with channels last, as patches times a matrix: the product is one large Gemm forwards and in
 * both gradients, which on small feature maps beats a convolution kernel that works picture by picture.
 */
import { type Axis, describeAxes } from "../axes.js";
import { GraphError } from "../errors.js";
import { apply, constant, type Emitter, type InputGradient, type Op, type Value } from "../value.js";
import { embed } from "./indexing.js";
import { matmul } from "./linear.js";
import { reshape, transpose } from "./shape.js";

/** Lays the neighbourhood of every pixel, kernel tap by kernel tap, on the channel axis: one gather of whole pixels. */
function emitPatches(emit: Emitter, x: Value, kernel: number, result: string): void {
  const [height, width, channels] = x.axes.slice(1).map(({ size }) => size!) as [number, number, number];
  const [flat, bordered, gathered] = [emit.fresh("pixels"), emit.fresh("bordered"), emit.fresh("gathered")];
  emit.node("Reshape", [emit.nameOf(x), emit.integers([0, height * width, channels])], [flat]);
  emit.node("Pad", [flat, emit.integers([0, 1]), "", emit.integers([1])], [bordered]);
  emit.node("Gather", [bordered, emit.integers(neighbours(height, width, kernel))], [gathered], { axis: 1 });
  emit.node("Reshape", [gathered, emit.integers([0, height, width, kernel * kernel * channels])], [result]);
}

/** For each pixel and tap, row by row, the pixel seen there; beyond the border, the one after the last. */
function neighbours(height: number, width: number, kernel: number): number[] {
  const half = (kernel - 1) / 2;
  const seen: number[] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let row = y - half; row <= y + half; row++)
        for (let column = x - half; column <= x + half; column++)
          seen.push(row < 0 || column < 0 || row >= height || column >= width ? height * width : row * width + column);
  return seen;
}

function checkPicture(x: Value, kernel: number): void {
  if (x.axes.length !== 4 || x.axes.slice(1).some(({ size }) => size === undefined))
    throw new GraphError(
      `a picture ${describeAxes(x.axes)}`,
      "give [pictures, height, width, channels], all but the first of a known size",
    );
  if (kernel % 2 !== 1)
    throw new GraphError(`a kernel of ${kernel}`, "use an odd one: the result keeps the picture's size");
}

export const convolutionOps = {
  /** `[pictures, height, width, taps x channels]`: every pixel's neighbourhood, zeros beyond the border. */
  Patches: {
    name: "Patches",
    types: ([x], { kernel }) => {
      checkPicture(x!, kernel);
      const channels: Axis = { name: "", size: kernel * kernel * x!.axes[3]!.size! };
      return [{ dtype: x!.dtype, axes: [...x!.axes.slice(0, 3), channels] }];
    },
    emit: (emit, { inputs: [x], outputs: [y] }, { kernel }) => emitPatches(emit, x!, kernel, emit.nameOf(y!)),
    gradient: { none: "only the gradient of a convolution's weight uses it, and second derivatives are not built" },
  } satisfies Op<{ kernel: number }>,

  /** Stride 1, the picture keeps its size. Weight: `[taps, channels in, channels out]`, taps row by row. */
  Convolve: {
    name: "Convolve",
    types: ([x, weight], { kernel }) => {
      checkPicture(x!, kernel);
      const [taps, from, to] = weight!.axes;
      if (weight!.axes.length !== 3 || taps!.size !== kernel * kernel || from!.size !== x!.axes[3]!.size)
        throw new GraphError(
          `a weight ${describeAxes(weight!.axes)} for pictures ${describeAxes(x!.axes)}`,
          `give [${kernel * kernel}, ${x!.axes[3]!.size}, channels out]`,
        );
      return [{ dtype: x!.dtype, axes: [...x!.axes.slice(0, 3), to!] }];
    },
    emit: (emit, { inputs: [x, weight], outputs: [y] }, { kernel }) => {
      const [patches, matrix] = [emit.fresh("patches"), emit.fresh("matrix")];
      emitPatches(emit, x!, kernel, patches);
      emit.node("Reshape", [emit.nameOf(weight!), emit.integers([-1, weight!.axes[2]!.size!])], [matrix]);
      emit.node("MatMul", [patches, matrix], [emit.nameOf(y!)]);
    },
    gradient: (g, { inputs: [x, weight] }, { kernel }): InputGradient[] => [
      () => {
        const reversed = constant(
          Int32Array.from({ length: kernel * kernel }, (_, tap) => kernel * kernel - 1 - tap),
          [{ name: "", size: kernel * kernel }],
        );
        return convolve(g, transpose(embed(weight!, reversed), [0, 2, 1]));
      },
      () => {
        const patches: Value = apply(convolutionOps.Patches, [x!], { kernel });
        const rows = (v: Value) =>
          reshape(v, [{ name: "rows", size: v.axes.slice(0, 3).reduce((p, { size }) => p * size!, 1) }, v.axes[3]!]);
        return reshape(matmul(rows(patches), rows(g), { transposeLeft: true }), weight!.axes);
      },
    ],
  } satisfies Op<{ kernel: number }>,
};

/**
 * Convolution, stride 1, zeros beyond the border.
 * @param x  [pictures, height, width, channels in]
 * @param weight  [taps, channels in, channels out]; 9 taps make a 3 x 3 kernel, row by row
 * @returns  [pictures, height, width, channels out]
 */
export function convolve(x: Value, weight: Value): Value {
  return apply(convolutionOps.Convolve, [x, weight], { kernel: Math.sqrt(weight.axes[0]!.size!) });
}
