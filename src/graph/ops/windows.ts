/**
 * Windows over the positions of a picture, a sound or any other grid with channels last: which entries each of them
 * sees. Convolution and pooling are made of these two ops, each the gradient of the other, and both a single Gather.
 */
import { type Axis, describeAxes } from "../axes.js";
import { GraphError } from "../errors.js";
import { apply, type Emitter, type Op, type Value } from "../value.js";

/** Windows of a grid; every list has one entry for each axis of positions. */
export interface Windows {
  /** Taps of a window, along each axis. */
  readonly kernel: readonly number[];
  /** Positions from one window to the next. */
  readonly stride: readonly number[];
  /** Positions beyond the border before the first and after the last; negative ones cut the grid. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Positions from one tap to the next. */
  readonly dilation: readonly number[];
}

/** How callers describe windows: one number stands for all axes. */
export interface WindowOptions {
  /** Positions from one window to the next; 1 if left out. */
  readonly stride?: number | readonly number[];
  /**
   * Positions beyond the border: as many at both ends, or `[before, after]` of each axis. `"same"` keeps the size where the
   * stride is 1, with the odd one of an even kernel behind the last.
   */
  readonly padding?: "same" | number | readonly (readonly [before: number, after: number])[];
  /** Positions from one tap to the next; 1 if left out. */
  readonly dilation?: number | readonly number[];
}

const volume = (sizes: readonly number[]) => sizes.reduce((p, n) => p * n, 1);

/** Taps of a window over all axes. */
export const tapsOf = ({ kernel }: Windows): number => volume(kernel);

/** Positions that a window spans along an axis, from its first tap to its last. */
const span = ({ kernel, dilation }: Windows, axis: number) => (kernel[axis]! - 1) * dilation[axis]! + 1;

/** Options, filled in and checked for a grid `[pictures, ..positions, channels]` of as many axes as `kernel`. */
export function windowsOf(
  kernel: readonly number[],
  { stride = 1, padding = "same", dilation = 1 }: WindowOptions,
): Windows {
  const each = <T>(given: T | readonly T[]): readonly T[] =>
    Array.isArray(given) ? given : kernel.map(() => given as T);
  const [strides, dilations] = [each(stride), each(dilation)];
  if (kernel.length === 0)
    throw new GraphError("windows over no axis of positions", "give [pictures, ..positions, channels]");
  const lists = { kernel, stride: strides, dilation: dilations };
  for (const [name, list] of Object.entries(lists))
    if (list.length !== kernel.length || list.some((n) => !Number.isInteger(n) || n < 1))
      throw new GraphError(
        `a ${name} of [${list}] for ${kernel.length} axes of positions`,
        "give one whole number from 1 for each, or one for all",
      );
  const borders = kernel.map((taps, i): readonly [number, number] => {
    const spare = (taps - 1) * dilations[i]!;
    if (padding === "same") return [Math.floor(spare / 2), Math.ceil(spare / 2)];
    return typeof padding === "number" ? [padding, padding] : (padding[i] ?? [Number.NaN, Number.NaN]);
  });
  if (
    borders.flat().some((n) => !Number.isInteger(n)) ||
    (typeof padding === "object" && padding.length !== kernel.length)
  )
    throw new GraphError(
      `a padding of ${JSON.stringify(padding)} for ${kernel.length} axes of positions`,
      'give "same", one whole number, or [before, after] for each axis',
    );
  return { ...lists, before: borders.map(([before]) => before), after: borders.map(([, after]) => after) };
}

/** Sizes of the positions, which must be known. */
export function positionsOf({ axes }: { readonly axes: readonly Axis[] }, { kernel }: Windows): number[] {
  const sizes = axes.slice(1).map(({ size }) => size);
  if (sizes.length !== kernel.length + 1 || sizes.includes(undefined))
    throw new GraphError(
      `${describeAxes(axes)} under windows of ${kernel.join(" x ")}`,
      `give [pictures, ${kernel.length === 1 ? "length" : "height, width"}, channels], all but the first of a known size`,
    );
  return sizes.slice(0, -1) as number[];
}

/** How many windows there are along each axis. */
function windowCounts(sizes: readonly number[], windows: Windows): number[] {
  return sizes.map((size, i) => {
    const room = size + windows.before[i]! + windows.after[i]! - span(windows, i);
    if (room < 0)
      throw new GraphError(
        `windows that span ${span(windows, i)} of ${size} positions with ${windows.before[i]} and ${windows.after[i]} beyond`,
        "give a larger grid, more padding or a smaller kernel",
      );
    return Math.floor(room / windows.stride[i]!) + 1;
  });
}

/** The axes of positions that windows leave: those of `x`, under their names unless the size changes. */
export function windowAxes(x: Value, windows: Windows): Axis[] {
  const counts = windowCounts(positionsOf(x, windows), windows);
  return counts.map((size, i) => {
    const own = x.axes[i + 1]!;
    return own.size === size ? own : { name: "", size };
  });
}

/** Calls `visit` with every index of a grid, row by row. */
function eachIndex(sizes: readonly number[], visit: (index: readonly number[]) => void): void {
  const index = sizes.map(() => 0);
  for (let left = volume(sizes); left > 0; left--) {
    visit(index);
    for (let at = sizes.length - 1; at >= 0 && ++index[at]! === sizes[at]; at--) index[at] = 0;
  }
}

/** For each window and tap, row by row, the position seen there; beyond the border, the one after the last. */
export function seenPositions(sizes: readonly number[], windows: Windows): number[] {
  const seen: number[] = [];
  const { stride, dilation, before } = windows;
  eachIndex(windowCounts(sizes, windows), (window) =>
    eachIndex(windows.kernel, (tap) => {
      let flat = 0;
      for (let i = 0; i < sizes.length; i++) {
        const at = window[i]! * stride[i]! - before[i]! + tap[i]! * dilation[i]!;
        if (at < 0 || at >= sizes[i]!) {
          flat = volume(sizes);
          break;
        }
        flat = flat * sizes[i]! + at;
      }
      seen.push(flat);
    }),
  );
  return seen;
}

/** For each position, the entries of `seenPositions` that saw it, filled up to equal counts with one after the last. */
function seers(sizes: readonly number[], windows: Windows): { readonly each: number; readonly entries: number[] } {
  const seen = seenPositions(sizes, windows);
  const lists = Array.from({ length: volume(sizes) }, (): number[] => []);
  seen.forEach((at, entry) => {
    lists[at]?.push(entry);
  });
  const each = lists.reduce((most, list) => Math.max(most, list.length), 1);
  return { each, entries: lists.flatMap((list) => [...list, ...Array(each - list.length).fill(seen.length)]) };
}

/** Rows of `[pictures, rows, channels]` by number, where the one after the last stands for the border. */
function emitRows(emit: Emitter, rows: string, index: readonly number[], last: number, beyond: string): string {
  const gathered = emit.fresh("gathered");
  let from = rows;
  if (index.includes(last)) {
    from = emit.fresh("bordered");
    emit.node("Pad", [rows, emit.integers([0, 1]), beyond, emit.integers([1])], [from]);
  }
  emit.node("Gather", [from, emit.integers(index)], [gathered], { axis: 1 });
  return gathered;
}

/** Lays what every window sees, tap by tap, on the channel axis: one gather of whole positions. */
export function emitPatches(emit: Emitter, x: Value, windows: Windows, beyond: number, result: string): void {
  const sizes = positionsOf(x, windows);
  const channels = x.axes.at(-1)!.size!;
  const flat = emit.fresh("positions");
  emit.node("Reshape", [emit.nameOf(x), emit.integers([0, volume(sizes), channels])], [flat]);
  const border = beyond === 0 ? "" : emit.constant(x.dtype, beyond);
  const gathered = emitRows(emit, flat, seenPositions(sizes, windows), volume(sizes), border);
  const counts = windowCounts(sizes, windows);
  emit.node("Reshape", [gathered, emit.integers([0, ...counts, tapsOf(windows) * channels])], [result]);
}

export const windowOps = {
  /** `[pictures, ..windows, taps x channels]`: what every window sees; `beyond` stands for what lies beyond the border. */
  Patches: {
    name: "Patches",
    takes: ["number"],
    types: ([x], { windows }) => {
      const positions = windowAxes(x!, windows);
      const channels: Axis = { name: "", size: tapsOf(windows) * x!.axes.at(-1)!.size! };
      return [{ dtype: x!.dtype, axes: [x!.axes[0]!, ...positions, channels] }];
    },
    emit: (emit, { inputs: [x], outputs: [y] }, { windows, beyond }) =>
      emitPatches(emit, x!, windows, beyond, emit.nameOf(y!)),
    gradient: (g, { inputs: [x] }, { windows }) => [() => fold(g, windows, x!.axes.slice(1, -1))],
  } satisfies Op<{ windows: Windows; beyond: number }>,

  /** `[pictures, ..positions, channels]`: every position is the sum of what the windows that see it hold for it. */
  Fold: {
    name: "Fold",
    types: ([patches], { windows, positions }) => {
      const channels: Axis = { name: "", size: patches!.axes.at(-1)!.size! / tapsOf(windows) };
      return [{ dtype: patches!.dtype, axes: [patches!.axes[0]!, ...positions, channels] }];
    },
    emit: (emit, { inputs: [patches], outputs: [y] }, { windows, positions }) => {
      const sizes = positions.map(({ size }) => size!);
      const channels = y!.axes.at(-1)!.size!;
      const held = volume(windowCounts(sizes, windows)) * tapsOf(windows);
      const { each, entries } = seers(sizes, windows);
      const flat = emit.fresh("held");
      emit.node("Reshape", [emit.nameOf(patches!), emit.integers([0, held, channels])], [flat]);
      const gathered = emitRows(emit, flat, entries, held, "");
      const apart = each === 1 ? emit.nameOf(y!) : emit.fresh("apart");
      const shape = each === 1 ? [0, ...sizes, channels] : [0, ...sizes, each, channels];
      emit.node("Reshape", [gathered, emit.integers(shape)], [apart]);
      if (each > 1) emit.node("ReduceSum", [apart, emit.integers([-2])], [emit.nameOf(y!)], { keepdims: 0 });
    },
    gradient: (g, _node, { windows }) => [() => patches(g, windows)],
  } satisfies Op<{ windows: Windows; positions: readonly Axis[] }>,
};

/** What every window sees, tap by tap on the channel axis: `[pictures, ..windows, taps x channels]`. */
export function patches(x: Value, windows: Windows, beyond = 0): Value {
  return apply(windowOps.Patches, [x], { windows, beyond });
}

/** The sum of patches where they came from: `[pictures, ..positions, channels]`. */
export function fold(patches: Value, windows: Windows, positions: readonly Axis[]): Value {
  return apply(windowOps.Fold, [patches], { windows, positions });
}
