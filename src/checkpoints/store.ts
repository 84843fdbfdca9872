/** Named tensors that stand in files, whatever the format: known at once, their numbers read one tensor at a time. */
import { ModelFolderError } from "./errors.js";
import { isContiguous, type Located, type Rearranged, readBytes, readNumbers, stridesOf } from "./located.js";
import type { Placing } from "./names/table.js";
import { DTYPE_BYTES, type Dtype, product, type Tensor } from "./safetensors.js";

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
   * A tensor's numbers as float32, row-major; 64-bit numbers lose digits. Beside what it gives it holds little.
   * @param part  only some rows of it, or the numbers that a name table places, in that order and with its axes
   * @throws {ModelFolderError} if there is no such tensor or row, it has not the shape that the table expects, or the file
   *   was changed.
   */
  read(name: string, part?: Rows | Placing): Promise<Tensor & { readonly data: Float32Array }>;
  /**
   * The same, as the bytes that stand in the file, little-endian.
   * @throws {ModelFolderError} as `read`
   */
  raw(name: string, part?: Rows | Placing): Promise<Uint8Array<ArrayBuffer>>;
}

/** A store of tensors whose places are known. */
export function tensorStore(
  place: string,
  located: ReadonlyMap<string, Located>,
  metadata: Readonly<Record<string, string>> = {},
): TensorStore {
  const firsts = new Map<string, string>();
  const entries = new Map<string, StoredTensor>();
  for (const [name, tensor] of located) {
    const bytes = product(tensor.shape) * DTYPE_BYTES[tensor.dtype];
    const { dtype, shape, file, begin } = tensor;
    const identity = JSON.stringify([file.place, begin, dtype, shape, stridesOf(tensor)]);
    const first = bytes === 0 ? undefined : firsts.get(identity);
    if (first === undefined) firsts.set(identity, name);
    const stored = { dtype, shape, bytes, file: file.place, begin, contiguous: isContiguous(tensor) };
    entries.set(name, first === undefined ? stored : { ...stored, sameAs: first });
  }
  const find = (name: string, part?: Rows | Placing): Located | Rearranged => {
    const tensor = located.get(name);
    if (tensor === undefined) throw noTensor(place, name, [...located.keys()]);
    return part === undefined ? tensor : partOf(place, name, tensor, part);
  };
  return {
    place,
    entries,
    metadata,
    async read(name, part) {
      const tensor = find(name, part);
      return { shape: tensor.shape, data: await readNumbers(tensor) };
    },
    raw: async (name, part) => readBytes(find(name, part)),
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
    read: async (name, part) => store.read(find(name), part),
    raw: async (name, part) => store.raw(find(name), part),
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

function partOf(place: string, name: string, tensor: Located, part: Rows | Placing): Located | Rearranged {
  return "axes" in part ? placed(place, name, tensor, part) : rowsOf(place, name, tensor, part);
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

function placed(place: string, name: string, tensor: Located, { theirs, offset, axes }: Placing): Located | Rearranged {
  if (theirs.length !== tensor.shape.length || theirs.some((size, axis) => size !== tensor.shape[axis]))
    throw new ModelFolderError(
      `${name} in ${place} is [${tensor.shape.join(", ")}], where [${theirs.join(", ")}] was expected.`,
      "make the sizes in the config those of the weights",
    );
  const shape = axes.map(({ size }) => size);
  const strides = axes.map(({ stride }) => stride);
  if (!isContiguous(tensor)) return { whole: tensor, shape, strides, offset };
  return { ...tensor, shape, strides, begin: tensor.begin + offset * DTYPE_BYTES[tensor.dtype] };
}
