/** A convolution forwards and backwards, to its input and to its weight. */
import { axis, convolve, type Graph, gradients, graph, input, mul, sum } from "#dist/graph/index.js";
import type { Tensor } from "#dist/runtime/contract.js";

export interface ConvolutionSize {
  readonly channels: number;
  readonly side: number;
  readonly batch: number;
}

const TAPS = 9;

/** Outputs `y`, and `toX` and `toWeight`, the gradients of a loss whose gradient with respect to `y` is `slope`. */
export function convolutionGraph({ channels, side, batch }: ConvolutionSize): Graph {
  const picture = [axis("pictures", batch), axis("height", side), axis("width", side), axis("channels", channels)];
  const x = input("x", "float32", picture);
  const weight = input("weight", "float32", [axis("taps", TAPS), axis("", channels), axis("channels", channels)]);
  const y = convolve(x, weight);
  const [toX, toWeight] = gradients(sum(mul(y, input("slope", "float32", picture)), [0, 1, 2, 3]), [x, weight]);
  return graph({ y, toX: toX!, toWeight: toWeight! });
}

export function convolutionFeeds({ channels, side, batch }: ConvolutionSize): Record<string, Tensor> {
  const numbers = (...shape: number[]) => ({
    data: Float32Array.from({ length: shape.reduce((p, n) => p * n, 1) }, (_, i) => ((i % 17) - 8) / 8),
    shape,
  });
  const picture = [batch, side, side, channels];
  return { x: numbers(...picture), slope: numbers(...picture), weight: numbers(TAPS, channels, channels) };
}
