/** Pooling: every window becomes one position. */
import { GraphError } from "../errors.js";
import { constant, type Value } from "../value.js";
import { mul } from "./elementwise.js";
import { max, sum } from "./reduce.js";
import { reshape } from "./shape.js";
import { patches, positionsOf, seenPositions, tapsOf, type WindowOptions, type Windows, windowsOf } from "./windows.js";

/** Windows beside each other and nothing beyond the border, unless told otherwise. */
function poolingWindows(x: Value, kernel: number | readonly number[], options: WindowOptions): Windows {
  const sizes = typeof kernel === "number" ? Array<number>(Math.max(0, x.axes.length - 2)).fill(kernel) : kernel;
  const windows = windowsOf(sizes, { stride: sizes, padding: 0, ...options });
  sizes.forEach((taps, i) => {
    if (Math.max(windows.before[i]!, windows.after[i]!) > (taps - 1) * windows.dilation[i]!)
      throw new GraphError(
        `windows of ${taps} with ${windows.before[i]} and ${windows.after[i]} beyond the border`,
        "pad by less than a window: some would see nothing",
      );
  });
  return windows;
}

/** What every window sees, its taps on an axis of their own: `[pictures, ..windows, taps, channels]`. */
function seenBy(x: Value, windows: Windows, beyond: number): Value {
  const seen = patches(x, windows, beyond);
  return reshape(seen, [...seen.axes.slice(0, -1), tapsOf(windows), x.axes.at(-1)!]);
}

/**
 * The mean of what each window sees of the grid; what lies beyond the border does not count.
 * @param x  [pictures, height, width, channels] or [sounds, length, channels]; only the first may be of unknown size
 * @param kernel  positions of a window along each axis, or one number for all; the windows lie side by side unless
 *   `options` gives another stride
 */
export function averagePool(x: Value, kernel: number | readonly number[], options: WindowOptions = {}): Value {
  const windows = poolingWindows(x, kernel, options);
  const total = sum(seenBy(x, windows, 0), [-2]);
  const sizes = positionsOf(x, windows);
  const [taps, cells] = [tapsOf(windows), sizes.reduce((p, n) => p * n, 1)];
  const seen = seenPositions(sizes, windows);
  const shares = Float32Array.from({ length: seen.length / taps }, (_, window) => {
    const inside = seen.slice(window * taps, (window + 1) * taps).filter((at) => at < cells);
    return 1 / inside.length;
  });
  return mul(total, constant(shares, [...total.axes.slice(1, -1), { name: "", size: 1 }]));
}

/**
 * The largest number each window sees in each channel; equal ones share the slope evenly.
 * @param x  [pictures, height, width, channels] or [sounds, length, channels]; only the first may be of unknown size
 * @param kernel  as for `averagePool`
 */
export function maxPool(x: Value, kernel: number | readonly number[], options: WindowOptions = {}): Value {
  return max(seenBy(x, poolingWindows(x, kernel, options), Number.NEGATIVE_INFINITY), [-2]);
}
