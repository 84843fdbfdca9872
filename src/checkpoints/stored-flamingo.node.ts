/** A Flamingo whose weights stay in their files: a graph is bound to them, and the engine reads each from its place. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { UsageError } from "../errors.js";
import type { Weight } from "../graph/index.js";
import { type Flamingo, initFlamingo } from "../model/flamingo-parameters.js";
import { frozen, type Parameter } from "../nn/parameters.js";
import { Undrawn } from "../random.js";
import { firstNotFinite, rawArray } from "./bits.js";
import type { Bytes } from "./bytes.js";
import { fileBytes } from "./bytes.node.js";
import { type Fault, WeightsMismatchError } from "./errors.js";
import { heldIn } from "./fill.js";
import type { DescribedFlamingo } from "./flamingo-file.js";
import { outlineFlamingo } from "./flamingo-outline.node.js";
import { type Incoming, type Keeping, writeHeld } from "./held-weights.node.js";
import { DTYPE_BYTES, type Dtype, toFloat32 } from "./safetensors.js";
import type { TensorStore } from "./store.js";
import { openTensorStore } from "./store.node.js";

/** A Flamingo that was found whole, and whose numbers nobody holds. */
export interface StoredFlamingo extends DescribedFlamingo {
  /** Every parameter, frozen; its numbers are not to be asked for. */
  readonly params: Flamingo<Parameter>;
  /** Where each stands, under the names that graphs have for them. */
  readonly weights: ReadonlyMap<string, Weight>;
  readonly folder: string;
}

/**
 * Finds a Flamingo's weights, and reads through them once, a window at a time, for numbers that are not finite.
 * @throws {WeightsMismatchError} with every tensor that is missing, too many, misshapen or not finite
 * @throws as `describeFlamingo` and `openTensorStore`
 */
export async function storedFlamingo(folder: string): Promise<StoredFlamingo> {
  const { weights: store, ...described } = await outlineFlamingo(folder);
  const faults = await notFinite(store);
  if (faults.length > 0) throw new WeightsMismatchError(faults);
  return boundTo(store, described, folder);
}

/**
 * A Flamingo whose weights are held otherwise than its folder has them: they are written so to a folder for the time being,
 * which is gone when this is disposed of. Those that are held so already stay where they are.
 * @throws {UsageError} if they are in other few bits
 * @throws {UnsavableError} for a number that is too large for float16
 * @throws as `storedFlamingo`
 */
export async function storedFlamingoAs(folder: string, keep: Keeping): Promise<StoredFlamingo & AsyncDisposable> {
  const whole = await storedFlamingo(folder);
  const { weights: store, formats } = await outlineFlamingo(folder);
  if (keep in formats) return { ...whole, [Symbol.asyncDispose]: async () => {} };
  const packed = [...store.entries.keys()].find((name) => name.endsWith(".packed"));
  if (packed !== undefined)
    throw new UsageError(
      `The weights of ${folder} are in few bits already (${packed}), and were asked for as ${keep}.`,
      "open it as it is, or import the checkpoint again in another format",
    );
  const temporary = await mkdtemp(join(tmpdir(), "flamingo-held-"));
  try {
    const incoming = [...store.entries].map(
      ([path, { shape, dtype }]): Incoming => ({
        path,
        shape,
        dtype,
        read: async () => rawArray(await store.raw(path), dtype),
      }),
    );
    await writeHeld(temporary, incoming, { keep });
    const held = await openTensorStore(temporary);
    return {
      ...boundTo(held, whole, temporary),
      [Symbol.asyncDispose]: () => rm(temporary, { recursive: true, force: true }),
    };
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

function boundTo(store: TensorStore, { config, tokenizer }: DescribedFlamingo, folder: string): StoredFlamingo {
  const tree = initFlamingo(new Undrawn(), config);
  const params = frozen(heldIn(tree, (name) => store.entries.get(name)?.shape));
  const weights = new Map<string, Weight>();
  for (const [name, { dtype, file, begin, bytes }] of store.entries)
    weights.set(name, { location: basename(file), offset: begin, length: bytes, dtype: FORMATS[dtype]! });
  return { config, tokenizer, params, weights, folder: resolve(folder) };
}

const FORMATS: { readonly [Format in Dtype]?: "float32" | "float16" | "bfloat16" | "uint8" } = {
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  U8: "uint8",
};

/** Bytes that are read at once, always into the same array. */
const WINDOW = 2 ** 24;

async function notFinite(store: TensorStore): Promise<Fault[]> {
  const faults: Fault[] = [];
  const window = new Uint8Array(WINDOW);
  const files = new Map<string, Bytes>();
  for (const { file } of store.entries.values()) if (!files.has(file)) files.set(file, await fileBytes(file));
  for (const [name, { dtype, file, begin, bytes }] of store.entries) {
    if (dtype === "U8") continue;
    for (let done = 0; done < bytes; done += WINDOW) {
      const read = await files.get(file)!.read(begin + done, begin + Math.min(bytes, done + WINDOW), window);
      const at = firstNotFinite(rawArray(read, dtype), dtype);
      if (at < 0) continue;
      faults.push({ kind: "value", name, value: toFloat32(dtype, read)[at]!, at: done / DTYPE_BYTES[dtype] + at });
      break;
    }
  }
  return faults;
}
