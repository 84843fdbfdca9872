/** Named tensors that stand in files, whatever the format: known at once, their numbers read one tensor at a time. */
import type { Bytes } from "./bytes.js";
import { ModelFolderError } from "./errors.js";
import { DTYPE_BYTES, type Dtype, type Tensor, toFloat32 } from "./safetensors.js";

/** What is known of a tensor without reading its numbers. */
export interface StoredTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** How many bytes its numbers are. */
  readonly bytes: number;
  /** The file it stands in. */
  readonly file: string;
  /** Byte of the file at which its first number stands. */
  readonly begin: number;
  /** Whether its numbers stand row-major without gaps, so that they are `bytes` bytes from `begin`. */
  readonly contiguous: boolean;
  /** The name under which the very same numbers were met first: weights that are tied. */
  readonly sameAs?: string;
}

/** Some of a tensor's first axis: from one row up to another. */
export interface Rows {
  readonly from: number;
  readonly to: number;
}

/** Named tensors somewhere. It holds no numbers and no open files. */
export interface TensorStore {
  /** Where it is, for people: a path. */
  readonly place: string;
  readonly entries: ReadonlyMap<string, StoredTensor>;
  /** Notes that the files carry. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * A tensor's numbers as float32, row-major, or those of some rows; 64-bit numbers lose digits.
   * @throws {ModelFolderError} if there is no such tensor or row, or the file was changed.
   */
  read(name: string, rows?: Rows): Promise<Tensor & { readonly data: Float32Array }>;
  /**
   * A tensor's numbers as they stand in the file, row-major, little-endian, or those of some rows.
   * @throws {ModelFolderError} as `read`
   */
  raw(name: string, rows?: Rows): Promise<Uint8Array<ArrayBuffer>>;
}

/** Where a tensor stands. Its reader has made sure that all of it is inside the file. */
export interface Located {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** How far apart the numbers of each axis are, in numbers; row-major without gaps unless told. */
  readonly strides?: readonly number[];
  readonly file: Bytes;
  /** Byte of the file at which its first number stands. */
  readonly begin: number;
}

/** Numbers beyond this many bytes are read and widened piece by piece. */
const WINDOW = 2 ** 26;

/** A store of tensors whose places are known. */
export function tensorStore(
  place: string,
  located: ReadonlyMap<string, Located>,
  metadata: Readonly<Record<string, string>> = {},
): TensorStore {
  const firsts = new Map<string, string>();
  const entries = new Map<string, StoredTensor>();
  for (const [name, tensor] of located) {
    const bytes = count(tensor.shape) * DTYPE_BYTES[tensor.dtype];
    const { dtype, shape, file, begin } = tensor;
    const identity = JSON.stringify([file.place, begin, dtype, shape, stridesOf(tensor)]);
    const first = bytes === 0 ? undefined : firsts.get(identity);
    if (first === undefined) firsts.set(identity, name);
    const stored = { dtype, shape, bytes, file: file.place, begin, contiguous: isContiguous(tensor) };
    entries.set(name, first === undefined ? stored : { ...stored, sameAs: first });
  }
  const find = (name: string, rows?: Rows): Located => {
    const tensor = located.get(name);
    if (tensor === undefined) throw noTensor(place, name, [...located.keys()]);
    return rows === undefined ? tensor : rowsOf(place, name, tensor, rows);
  };
  return {
    place,
    entries,
    metadata,
    async read(name, rows) {
      const tensor = find(name, rows);
      return { shape: tensor.shape, data: await numbers(tensor) };
    },
    raw: async (name, rows) => raw(find(name, rows)),
  };
}

/** The same tensors under other names; those without a new name are left out. */
export function renamed(store: TensorStore, rename: (name: string) => string | undefined): TensorStore {
  const old = new Map<string, string>();
  for (const name of store.entries.keys()) {
    const now = rename(name);
    if (now === undefined) continue;
    if (old.has(now)) throw twice(store.place, now, `${old.get(now)} and ${name}`);
    old.set(now, name);
  }
  const fresh = new Map([...old].map(([now, name]) => [name, now]));
  const entries = new Map<string, StoredTensor>();
  for (const [now, name] of old) {
    const { sameAs, ...stored } = store.entries.get(name)!;
    const first = sameAs === undefined ? undefined : firstOf(store, sameAs, fresh);
    entries.set(now, first === undefined || first === now ? stored : { ...stored, sameAs: first });
  }
  const find = (name: string) => {
    const found = old.get(name);
    if (found === undefined) throw noTensor(store.place, name, [...old.keys()]);
    return found;
  };
  return {
    place: store.place,
    entries,
    metadata: store.metadata,
    read: async (name, rows) => store.read(find(name), rows),
    raw: async (name, rows) => store.raw(find(name), rows),
  };
}

/** The new name of the first tensor that has these numbers and was not left out. */
function firstOf(store: TensorStore, first: string, fresh: ReadonlyMap<string, string>): string | undefined {
  if (fresh.has(first)) return fresh.get(first);
  for (const [name, { sameAs }] of store.entries) if (sameAs === first && fresh.has(name)) return fresh.get(name);
  return undefined;
}

/** Two tensors of one name: which of them is meant cannot be known. */
export function twice(place: string, name: string, where: string): ModelFolderError {
  return new ModelFolderError(
    `${place} has two tensors called ${name}: ${where}.`,
    "save the weights again, each tensor once",
  );
}

function noTensor(place: string, name: string, names: readonly string[]): ModelFolderError {
  const some = names.slice(0, 5).join(", ");
  const rest = names.length > 5 ? ` and ${names.length - 5} more` : "";
  return new ModelFolderError(
    `${place} has no tensor ${name}.`,
    names.length === 0 ? "name a file that holds weights" : `ask for one that is there: ${some}${rest}`,
  );
}

function rowsOf(place: string, name: string, tensor: Located, { from, to }: Rows): Located {
  const [rows, ...rest] = tensor.shape;
  if (rows === undefined || !(Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to <= rows))
    throw new ModelFolderError(
      `Rows ${from} to ${to} were asked for of ${name} [${tensor.shape.join(", ")}] in ${place}.`,
      "ask for rows that the tensor has",
    );
  const strides = stridesOf(tensor);
  const begin = from === to ? tensor.begin : tensor.begin + from * strides[0]! * DTYPE_BYTES[tensor.dtype];
  return { ...tensor, shape: [to - from, ...rest], strides, begin };
}

/** Float32 numbers of a tensor, piece by piece where it is large: beside the result no more than a window is held. */
async function numbers(tensor: Located): Promise<Float32Array> {
  const { dtype, shape, file, begin } = tensor;
  if (dtype === "F32" || !isContiguous(tensor)) return toFloat32(dtype, await raw(tensor));
  const size = DTYPE_BYTES[dtype];
  const length = count(shape);
  if (length * size <= WINDOW) return toFloat32(dtype, await raw(tensor));
  const result = new Float32Array(length);
  for (let done = 0; done < length; done += WINDOW / size) {
    const until = Math.min(length, done + WINDOW / size);
    result.set(toFloat32(dtype, await file.read(begin + done * size, begin + until * size)), done);
  }
  return result;
}

async function raw(tensor: Located): Promise<Uint8Array<ArrayBuffer>> {
  const { dtype, shape, file, begin } = tensor;
  if (isContiguous(tensor)) return file.read(begin, begin + count(shape) * DTYPE_BYTES[dtype]);
  return gathered(tensor);
}

/** Arrays by the size of their numbers, to move numbers without looking at them. */
const MOVERS = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array } as const;

/**
 * The numbers of a tensor with gaps or with axes in another order, made row-major. The file is read in the order in which
 * it stands, the axis with the longest strides outermost, as many of its steps at once as a window holds.
 */
async function gathered(tensor: Located): Promise<Uint8Array<ArrayBuffer>> {
  const { dtype, shape, file, begin } = tensor;
  const size = DTYPE_BYTES[dtype];
  const target = new MOVERS[size](count(shape));
  const strides = stridesOf(tensor);
  const steps = rowMajor(shape);
  const axes = shape
    .map((length, axis) => ({ length, stride: strides[axis]!, step: steps[axis]! }))
    .filter(({ length }) => length > 1)
    .sort((a, b) => b.stride - a.stride);
  const span = (depth: number) => axes.slice(depth).reduce((sum, { length, stride }) => sum + (length - 1) * stride, 1);

  const visit = async (depth: number, from: number, to: number): Promise<void> => {
    const { length, stride, step } = axes[depth]!;
    const inner = span(depth + 1);
    if (inner * size > WINDOW) {
      for (let i = 0; i < length; i++) await visit(depth + 1, from + i * stride, to + i * step);
      return;
    }
    const fit = stride === 0 ? length : 1 + Math.floor((WINDOW / size - inner) / stride);
    for (let i = 0; i < length; i += fit) {
      const now = Math.min(fit, length - i);
      const first = begin + (from + i * stride) * size;
      const bytes = await file.read(first, first + ((now - 1) * stride + inner) * size);
      const source = new MOVERS[size](bytes.buffer);
      const some = axes.slice(depth).map((axis, at) => (at === 0 ? { ...axis, length: now } : axis));
      move(source, target, some, 0, to + i * step);
    }
  };
  await visit(0, 0, 0);
  return new Uint8Array(target.buffer);
}

interface Axis {
  readonly length: number;
  readonly stride: number;
  readonly step: number;
}

function move(
  source: Uint8Array | Uint16Array | Uint32Array | BigUint64Array,
  target: Uint8Array | Uint16Array | Uint32Array | BigUint64Array,
  axes: readonly Axis[],
  from: number,
  to: number,
): void {
  const [{ length, stride, step } = { length: 1, stride: 0, step: 0 }, ...inner] = axes;
  if (inner.length === 0) for (let i = 0; i < length; i++) target[to + i * step] = source[from + i * stride]!;
  else for (let i = 0; i < length; i++) move(source, target, inner, from + i * stride, to + i * step);
}

function stridesOf({ shape, strides }: Located): readonly number[] {
  return strides ?? rowMajor(shape);
}

/** Strides of a row-major array without gaps. */
export function rowMajor(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

function isContiguous({ shape, strides }: Located): boolean {
  if (strides === undefined || count(shape) === 0) return true;
  const wanted = rowMajor(shape);
  return shape.every((length, axis) => length === 1 || strides[axis] === wanted[axis]);
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
