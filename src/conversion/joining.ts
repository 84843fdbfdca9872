/** Our tensors put together into theirs: a name table read from our side, one foreign tensor at a time. */
import { type Raw, rawArray } from "../checkpoints/bits.js";
import type { FlamingoFile } from "../checkpoints/flamingo-file.js";
import { type NameRow, type Placing, put } from "../checkpoints/names/table.js";
import { type Dtype, product } from "../checkpoints/safetensors.js";
import type { DeclaredTensor } from "../checkpoints/safetensors-write.js";
import type { TensorStore } from "../checkpoints/store.js";
import { InvariantError } from "../errors.js";
import type { TokenizerJson } from "../text/tokenizer-json.js";

/** A foreign tensor, and how its numbers are had. */
export interface Joined extends DeclaredTensor {
  /** The tensors of ours that it is made of. */
  readonly ours: readonly string[];
  /** Row-major, little-endian. */
  bytes(): Promise<Uint8Array>;
}

/** A model before it is written. */
export interface ModelToExport {
  readonly place: string;
  readonly config: FlamingoFile;
  readonly tokenizer: TokenizerJson;
  readonly weights: TensorStore;
}

/** What goes into one folder of an export. */
export interface ExportedPart {
  /** Its path in the export; empty for the export itself. */
  readonly folder: string;
  /** The one file of PyTorch in which its tensors are; safetensors, perhaps in shards, unless told. */
  readonly file?: string;
  readonly tensors: ReadonlyMap<string, Joined>;
  /** Small files by name. */
  readonly json: Readonly<Record<string, unknown>>;
  /** What whoever reads it must know. */
  readonly notes: readonly string[];
}

/**
 * The foreign tensors that a table makes of ours, by their names. Numbers stay in the format in which they are held; where
 * parts of one are held in several, all are widened to float32.
 */
export function joinedTensors(store: TensorStore, rows: readonly NameRow[]): Map<string, Joined> {
  const parts = new Map<string, { readonly ours: string; readonly placing: Placing; readonly dtype: Dtype }[]>();
  for (const { ours, theirs, layout } of rows) {
    const entry = store.entries.get(ours);
    if (entry === undefined) throw new InvariantError(`${store.place} has no ${ours} to make ${theirs} of`);
    parts.set(theirs, [...(parts.get(theirs) ?? []), { ours, placing: layout(entry.shape), dtype: entry.dtype }]);
  }
  return new Map(
    [...parts].map(([theirs, all]) => {
      const shape = all[0]!.placing.theirs;
      const filled = all.reduce((sum, { placing }) => sum + product(placing.axes.map(({ size }) => size)), 0);
      if (filled !== product(shape)) throw new InvariantError(`${theirs} [${shape.join(", ")}] is filled by ${filled}`);
      const dtype = all.every((one) => one.dtype === all[0]!.dtype) ? all[0]!.dtype : "F32";
      return [theirs, { dtype, shape, ours: all.map(({ ours }) => ours), bytes: () => join(store, all, dtype, shape) }];
    }),
  );
}

async function join(
  store: TensorStore,
  parts: readonly { readonly ours: string; readonly placing: Placing; readonly dtype: Dtype }[],
  dtype: Dtype,
  shape: readonly number[],
): Promise<Uint8Array> {
  const numbers: Raw = dtype === "F32" ? new Uint32Array(product(shape)) : new Uint16Array(product(shape));
  for (const part of parts) {
    const held = part.dtype === dtype ? await store.raw(part.ours) : bytesOf((await store.read(part.ours)).data);
    put(rawArray(held, dtype), numbers, part.placing);
  }
  return new Uint8Array(numbers.buffer);
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** A tensor that says nothing: every number the same. */
export function constantTensor(shape: readonly number[], value: number): Joined {
  const bytes = async () => new Uint8Array(new Float32Array(product(shape)).fill(value).buffer);
  return { dtype: "F32", shape, ours: [], bytes };
}
