/** What the pickles of weights may speak of, and what it means here: tensors, their storages, and what surrounds them. */
import type { PickleError } from "../errors.js";
import { DTYPE_BYTES, type Dtype } from "../safetensors.js";
import { type Allowed, Callable, OPAQUE, Tuple } from "./pickle-machine.js";

/** Numbers that tensors stand in. */
export interface Storage {
  readonly key: string;
  readonly dtype: Dtype;
  /** How many numbers it has. */
  readonly elements: number;
}

/** A tensor as it was pickled. Nothing of it is checked against its storage yet. */
export class Made {
  readonly storage: Storage;
  /** In numbers, as are the strides. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

class StorageType {
  readonly dtype: Dtype;
  constructor(dtype: Dtype) {
    this.dtype = dtype;
  }
}

class TorchDtype {
  readonly dtype: Dtype;
  constructor(dtype: Dtype) {
    this.dtype = dtype;
  }
}

const STORAGES: Readonly<Record<string, Dtype>> = {
  "torch.DoubleStorage": "F64",
  "torch.FloatStorage": "F32",
  "torch.HalfStorage": "F16",
  "torch.BFloat16Storage": "BF16",
  "torch.LongStorage": "I64",
  "torch.IntStorage": "I32",
  "torch.ShortStorage": "I16",
  "torch.CharStorage": "I8",
  "torch.ByteStorage": "U8",
  "torch.BoolStorage": "BOOL",
  "torch.storage.UntypedStorage": "U8",
};

const DTYPES: Readonly<Record<string, Dtype>> = {
  "torch.float64": "F64",
  "torch.float32": "F32",
  "torch.float16": "F16",
  "torch.bfloat16": "BF16",
  "torch.int64": "I64",
  "torch.int32": "I32",
  "torch.int16": "I16",
  "torch.int8": "I8",
  "torch.uint64": "U64",
  "torch.uint32": "U32",
  "torch.uint16": "U16",
  "torch.uint8": "U8",
  "torch.bool": "BOOL",
};

/** PyTorch's own bound. */
const MOST_AXES = 64;
const LONGEST_KEY = 64;

type Refuse = (problem: string) => PickleError;

/**
 * The allow-list.
 * @param form  of the file: how it names storages
 * @param storages  filled with the storages that tensors stand in
 */
export function torchAllowed(form: "zip" | "legacy", storages = new Map<string, Storage>()): Allowed {
  return {
    globals: GLOBALS,
    persistent(id, refuse) {
      const [kind, type, key, , elements, view] = id instanceof Tuple ? id.items : [];
      if (
        kind !== "storage" ||
        !(type instanceof StorageType) ||
        typeof key !== "string" ||
        key.length > LONGEST_KEY ||
        !isCount(elements)
      )
        throw refuse("speaks of something outside of it that is no storage of numbers");
      if (form === "legacy" && view !== null && view !== undefined)
        throw refuse(`has the storage ${key} as a part of another, as before PyTorch 0.4`);
      const before = storages.get(key);
      if (before !== undefined && (before.dtype !== type.dtype || before.elements !== elements))
        throw refuse(
          `has the storage ${key} as ${before.elements} numbers of ${before.dtype} and as ${elements} of ${type.dtype}`,
        );
      const storage = before ?? { key, dtype: type.dtype, elements };
      storages.set(key, storage);
      return storage;
    },
  };
}

/** `_rebuild_tensor(storage, offset, size, stride)`, and what follows in `_rebuild_tensor_v2`. */
const tensor = new Callable((args, refuse) => made(args[0], args, args[6], refuse));

/** The same over a storage of bytes, for formats that have no storage of their own. */
const tensorOfBytes = new Callable((args, refuse) => {
  const [storage, , , , , , dtype, metadata] = args;
  if (!isStorage(storage) || !(dtype instanceof TorchDtype)) throw refuse("makes a tensor of no storage or no format");
  const elements = (storage.elements * DTYPE_BYTES[storage.dtype]) / DTYPE_BYTES[dtype.dtype];
  if (!Number.isInteger(elements))
    throw refuse(`has ${storage.elements} bytes that are to be numbers of ${dtype.dtype}`);
  return made({ key: storage.key, dtype: dtype.dtype, elements }, args, metadata, refuse);
});

function made(storage: unknown, args: readonly unknown[], metadata: unknown, refuse: Refuse): Made {
  const [, offset, size, stride] = args;
  const shape = size instanceof Tuple ? size.items : undefined;
  const strides = stride instanceof Tuple ? stride.items : undefined;
  if (
    !isStorage(storage) ||
    !isCount(offset) ||
    !areCounts(shape) ||
    !areCounts(strides) ||
    shape.length !== strides.length
  )
    throw refuse("makes a tensor of no storage, or with a shape, a stride or a beginning that is no whole number");
  if (metadata instanceof Map && (metadata.get("conj") === true || metadata.get("neg") === true))
    throw refuse("makes a tensor that is to be negated when it is read");
  return new Made(storage, offset, shape, strides);
}

/** What wraps a tensor adds nothing to its numbers. */
const first = new Callable(([value], refuse) => {
  if (!(value instanceof Made)) throw refuse("makes a parameter of something that is no tensor");
  return value;
});

/** `_rebuild_from_type_v2(rebuild, type, arguments, state)`: a tensor with attributes. */
const fromType = new Callable(([rebuild, , args], refuse) => {
  if (!(rebuild instanceof Callable && args instanceof Tuple))
    throw refuse("makes a tensor by something that is no function");
  return rebuild.call(args.items, refuse);
});

const orderedDict = new Callable((args, refuse) => {
  if (args.length > 0) throw refuse("makes a dictionary of a list, as Python 2 did");
  return new Map();
});

const size = new Callable(([items], refuse) => {
  if (!(items instanceof Tuple)) throw refuse("makes a size of something that is no tuple");
  return items;
});

const ignored = new Callable(() => OPAQUE);

const GLOBALS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ...Object.entries(STORAGES).map(([name, dtype]) => [name, new StorageType(dtype)] as const),
  ...Object.entries(DTYPES).map(([name, dtype]) => [name, new TorchDtype(dtype)] as const),
  ["torch._utils._rebuild_tensor", tensor],
  ["torch._utils._rebuild_tensor_v2", tensor],
  ["torch._utils._rebuild_tensor_v3", tensorOfBytes],
  ["torch._utils._rebuild_parameter", first],
  ["torch._utils._rebuild_parameter_with_state", first],
  ["torch._tensor._rebuild_from_type_v2", fromType],
  ["torch.nn.parameter.Parameter", first],
  ["torch.Tensor", OPAQUE],
  ["torch.Size", size],
  ["torch.device", ignored],
  ["collections.OrderedDict", orderedDict],
  // Numbers beside the weights, such as a learning rate: harmless, and left aside.
  ["numpy.core.multiarray.scalar", ignored],
  ["numpy._core.multiarray.scalar", ignored],
  ["numpy.dtype", ignored],
  ["numpy.dtypes.Float64DType", ignored],
  ["_codecs.encode", ignored],
  ["builtins.set", ignored],
  ["__builtin__.set", ignored],
]);

function isStorage(value: unknown): value is Storage {
  return typeof value === "object" && value !== null && "elements" in value && "key" in value;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function areCounts(value: readonly unknown[] | undefined): value is readonly number[] {
  return value !== undefined && value.length <= MOST_AXES && value.every(isCount);
}
