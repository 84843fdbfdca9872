/** What windows see, in plain loops: the reference for convolution and pooling. */
import type { Windows } from "../../src/graph/ops/windows.js";
import { addedUp, build, type Numbers, read, unravel, volume } from "./numbers.js";

/** The index of the entry that a window sees by an entry of its patch; null beyond the border. */
function seen(
  { kernel, stride, before, dilation }: Windows,
  positions: readonly number[],
  channels: number,
  index: readonly number[],
): number[] | null {
  const tap = unravel(kernel, Math.floor(index.at(-1)! / channels));
  const at = tap.map((n, i) => index[i + 1]! * stride[i]! - before[i]! + n * dilation[i]!);
  return at.every((n, i) => n >= 0 && n < positions[i]!) ? [index[0]!, ...at, index.at(-1)! % channels] : null;
}

/** `[pictures, ..windows, taps x channels]` of `[pictures, ..positions, channels]`. */
export function patches(x: Numbers, windows: Windows, beyond: number): Numbers {
  const [positions, channels] = [x.shape.slice(1, -1), x.shape.at(-1)!];
  const { kernel, stride, before, after, dilation } = windows;
  const counts = positions.map((size, i) => {
    const span = (kernel[i]! - 1) * dilation[i]! + 1;
    return Math.floor((size + before[i]! + after[i]! - span) / stride[i]!) + 1;
  });
  return build([x.shape[0]!, ...counts, volume(kernel) * channels], (index) => {
    const from = seen(windows, positions, channels, index);
    return from === null ? beyond : read(x, from);
  });
}

/** Patches added up where they were seen. */
export function fold(held: Numbers, windows: Windows, positions: readonly number[]): Numbers {
  const channels = held.shape.at(-1)! / volume(windows.kernel);
  return addedUp([held.shape[0]!, ...positions, channels], held, (index) => seen(windows, positions, channels, index));
}
