/** The pickle of a state dict as `torch.save` writes it, for tensors that stand row-major in storages of their own. */
import { InvariantError } from "../../errors.js";
import { rowMajor } from "../located.js";
import { type Dtype, product } from "../safetensors.js";
import type { DeclaredTensor } from "../safetensors-write.js";

const STORAGES: { readonly [Format in Dtype]?: string } = {
  F32: "FloatStorage",
  F16: "HalfStorage",
  BF16: "BFloat16Storage",
};

/** Opcodes of protocol 2. */
const OP = {
  protocol: [0x80, 2],
  mark: [0x28],
  tuple: [0x74],
  emptyTuple: [0x29],
  call: [0x52],
  storage: [0x51],
  no: [0x89],
  setItems: [0x75],
  stop: [0x2e],
} as const;

/** An empty `OrderedDict`: what holds the tensors, and the hooks that each is given, none. */
const DICTIONARY = [...global("collections", "OrderedDict"), ...OP.emptyTuple, ...OP.call];

/**
 * The pickle of an `OrderedDict` of tensors, of which the n-th stands in the storage `n`. What reads it needs nothing but
 * what `torch.load(..., weights_only=True)` allows.
 * @source PyTorch 2.15, torch/serialization.py and torch/_utils.py: `_save`, `_rebuild_tensor_v2`
 */
export function stateDictPickle(tensors: ReadonlyMap<string, DeclaredTensor>): Uint8Array<ArrayBuffer> {
  const items = [...tensors].flatMap(([name, tensor], n) => [...text(name), ...pickled(name, tensor, `${n}`)]);
  return Uint8Array.from([...OP.protocol, ...DICTIONARY, ...OP.mark, ...items, ...OP.setItems, ...OP.stop]);
}

function pickled(name: string, { dtype, shape }: DeclaredTensor, key: string): number[] {
  const type = STORAGES[dtype];
  if (type === undefined) throw new InvariantError(`${name} is to be pickled as ${dtype}`);
  const tuple = (items: readonly number[][]) => [...OP.mark, ...items.flat(), ...OP.tuple];
  const storage = [text("storage"), global("torch", type), text(key), text("cpu"), integer(product(shape))];
  return [
    ...global("torch._utils", "_rebuild_tensor_v2"),
    ...tuple([
      [...tuple(storage), ...OP.storage],
      integer(0),
      tuple(shape.map(integer)),
      tuple(rowMajor(shape).map(integer)),
      [...OP.no],
      DICTIONARY,
    ]),
    ...OP.call,
  ];
}

function global(module: string, name: string): number[] {
  return [...new TextEncoder().encode(`c${module}\n${name}\n`)];
}

function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [0x58, ...new Uint8Array(Uint32Array.of(bytes.length).buffer), ...bytes];
}

function integer(value: number): number[] {
  return value < 2 ** 31
    ? [0x4a, ...new Uint8Array(Int32Array.of(value).buffer)]
    : [0x8a, 8, ...new Uint8Array(BigInt64Array.of(BigInt(value)).buffer)];
}
