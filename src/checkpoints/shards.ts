/** Weights in several files, and the index that says which tensor is in which. */
import { ModelFolderError } from "./errors.js";
import { MODEL_FILES, parsedJson } from "./model-files.js";
import { DTYPE_BYTES } from "./safetensors.js";
import type { DeclaredTensor } from "./safetensors-write.js";

/** What an index says. */
export interface ShardIndex {
  /** The file of every tensor, a plain name in the folder of the index. */
  readonly fileOf: ReadonlyMap<string, string>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * Reads `model.safetensors.index.json`, or that of another format.
 * @param path  what errors call it
 * @throws {ModelFolderError} if it is no index, or names files outside its folder
 */
export function parseIndex(json: string, path: string): ShardIndex {
  const index = parsedJson(json, path);
  const map = isRecord(index) ? index.weight_map : undefined;
  if (!isRecord(index) || !isRecord(map))
    throw new ModelFolderError(`${path} has no weight_map.`, "fetch the index of the weights again");
  const fileOf = new Map<string, string>();
  for (const [name, file] of Object.entries(map)) {
    if (typeof file !== "string" || !/^[^/\\:\0]+$/.test(file) || file === "." || file === "..")
      throw new ModelFolderError(
        `${path} says that ${name} is in ${JSON.stringify(file)}, which is no file of its folder.`,
        "fetch the index of the weights again; its files stand beside it",
      );
    fileOf.set(name, file);
  }
  return { fileOf, metadata: isRecord(index.metadata) ? index.metadata : {} };
}

/**
 * The text of an index.
 * @param totalBytes  of all numbers, headers not counted
 */
export function indexJson(fileOf: ReadonlyMap<string, string>, totalBytes: number): string {
  const sorted = [...fileOf].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify({ metadata: { total_size: totalBytes }, weight_map: Object.fromEntries(sorted) }, null, 2)}\n`;
}

/**
 * Which tensors stand together in one file, in the order in which they are declared: as many as fit, and a tensor that is
 * larger than a file may be has one of its own.
 * @param limit  bytes of numbers in one file
 */
export function divided(
  declared: ReadonlyMap<string, DeclaredTensor>,
  limit: number,
): readonly ReadonlyMap<string, DeclaredTensor>[] {
  const shards = [new Map<string, DeclaredTensor>()];
  let filled = 0;
  for (const [name, tensor] of declared) {
    const bytes = tensor.shape.reduce((product, size) => product * size, DTYPE_BYTES[tensor.dtype]);
    if (filled > 0 && filled + bytes > limit) {
      shards.push(new Map());
      filled = 0;
    }
    shards.at(-1)!.set(name, tensor);
    filled += bytes;
  }
  return shards;
}

/** Whether a file of a model folder, by its name, is of the weights. */
export function isWeightFile(name: string): boolean {
  return name === MODEL_FILES.weights || name === MODEL_FILES.index || /^model-\d{5}-of-\d{5}\.safetensors$/.test(name);
}

/** `model-00002-of-00003.safetensors`, counted from 0. */
export function shardName(shard: number, of: number): string {
  const five = (number: number) => `${number}`.padStart(5, "0");
  return `model-${five(shard + 1)}-of-${five(of)}.safetensors`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
