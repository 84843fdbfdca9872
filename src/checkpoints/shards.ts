/** Weights in several files, and the index that says which tensor is in which. */
import { ModelFolderError } from "./errors.js";
import { parsedJson } from "./model-files.js";

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

/** The text of an index. */
export function indexJson(fileOf: ReadonlyMap<string, string>, totalBytes: number): string {
  const sorted = [...fileOf].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify({ metadata: { total_size: totalBytes }, weight_map: Object.fromEntries(sorted) }, null, 2)}\n`;
}

/** `model-00002-of-00003.safetensors`, counted from 0. */
export function shardName(shard: number, of: number): string {
  const five = (number: number) => `${number}`.padStart(5, "0");
  return `model-${five(shard + 1)}-of-${five(of)}.safetensors`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
