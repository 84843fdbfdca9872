/** Pickles by hand. */

export const ascii = (text: string): number[] => [...new TextEncoder().encode(text)];

/** Text of fewer than 256 bytes. */
export const text = (text: string): number[] => [0x8c, text.length, ...ascii(text)];

export const integer = (value: number): number[] => [
  0x8a,
  8,
  ...new Uint8Array(BigInt64Array.of(BigInt(value)).buffer),
];

const tuple = (values: readonly number[]): number[] => [0x28, ...values.flatMap(integer), 0x74];

/** A tensor as PyTorch pickles it. */
export interface PickledTensor {
  readonly name?: string;
  readonly type?: string;
  readonly key?: string;
  readonly elements?: number;
  readonly offset?: number;
  readonly shape?: readonly number[];
  readonly stride?: readonly number[];
}

/** The pickle of a dictionary of tensors: unless told, float32 `w` of both numbers of the storage `0`. */
export function stateDictPickle(...tensors: readonly PickledTensor[]): number[] {
  return [0x80, 2, 0x7d, ...(tensors.length === 0 ? [{}] : tensors).flatMap(item), 0x2e];
}

function item(tensor: PickledTensor): number[] {
  const { name = "w", type = "FloatStorage", key = "0", elements = 2, offset = 0, shape = [2], stride = [1] } = tensor;
  return [
    ...[...text(name), ...ascii("ctorch._utils\n_rebuild_tensor_v2\n"), 0x28],
    ...[0x28, ...text("storage"), ...ascii(`ctorch\n${type}\n`), ...text(key), ...text("cpu"), ...integer(elements)],
    ...[0x74, 0x51, ...integer(offset), ...tuple(shape), ...tuple(stride), 0x89],
    ...[...ascii("ccollections\nOrderedDict\n"), 0x29, 0x52, 0x74, 0x52, 0x73],
  ];
}
