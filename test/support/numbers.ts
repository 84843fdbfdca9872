/** Arrays of float64 with their sizes, and plain ways to make one of another: what the evaluation of graphs is written in. */

/** Numbers with their sizes, row-major; whole numbers and truth values are held as float64 too. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export const volume = (shape: readonly number[]) => shape.reduce((p, n) => p * n, 1);

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
export function place(shape: readonly number[], index: readonly number[]): number {
  let offset = 0;
  const extra = index.length - shape.length;
  for (let at = 0; at < shape.length; at++) offset = offset * shape[at]! + (shape[at] === 1 ? 0 : index[extra + at]!);
  return offset;
}

/** The entry at an index, as broadcasting finds it. */
export const read = ({ shape, data }: Numbers, index: readonly number[]): number => data[place(shape, index)]!;

export function stretched(...shapes: (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, at) => {
    const sizes = shapes.map((shape) => shape[at - (rank - shape.length)] ?? 1).filter((size) => size !== 1);
    if (sizes.some((size) => size !== sizes[0])) throw new Error(`sizes ${sizes} do not broadcast`);
    return sizes[0] ?? 1;
  });
}

export const elementwise =
  (f: (...entries: number[]) => number) =>
  (inputs: readonly Numbers[]): Numbers[] => [
    build(stretched(...inputs.map(({ shape }) => shape)), (index) => f(...inputs.map((x) => read(x, index)))),
  ];

export const replaced = (index: readonly number[], at: number, by: number) => index.map((n, i) => (i === at ? by : n));

/** The reduced axes of `x`, each entry of the result made of all entries it stands for. */
export const reduction =
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

export const total = (entries: readonly number[]) => entries.reduce((a, b) => a + b, 0);

/** Each row along an axis, the last if none is given, replaced by what `f` makes of it. */
export function byRows(x: Numbers, f: (row: number[]) => number[], at = x.shape.length - 1): Numbers {
  const [size, stride] = [x.shape[at]!, volume(x.shape.slice(at + 1))];
  const data = new Float64Array(x.data.length);
  for (let first = 0; first < data.length; first++) {
    if (Math.floor(first / stride) % size !== 0) continue;
    const places = Array.from({ length: size }, (_, n) => first + n * stride);
    f(places.map((place) => x.data[place]!)).forEach((y, n) => {
      data[places[n]!] = y;
    });
  }
  return { shape: x.shape, data };
}

/** The index of the n-th entry of a row-major array. */
export function unravel(shape: readonly number[], n: number): number[] {
  return shape.map((size, at) => Math.floor(n / volume(shape.slice(at + 1))) % size);
}

/** Entries added up: every entry of `x` at the place it is sent to, or nowhere. */
export function addedUp(
  shape: readonly number[],
  x: Numbers,
  to: (index: readonly number[]) => readonly number[] | null,
): Numbers {
  const data = new Float64Array(volume(shape));
  x.data.forEach((entry, n) => {
    const index = to(unravel(x.shape, n));
    if (index !== null) data[place(shape, index)]! += entry;
  });
  return { shape, data };
}
