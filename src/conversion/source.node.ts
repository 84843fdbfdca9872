/** What a published folder holds: its configuration, its tokenizer's files, its weights; fetched from the hub if it is there. */
import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { FetchEvent } from "../checkpoints/hub/events.js";
import { fetchRepository } from "../checkpoints/hub/fetch.node.js";
import { parseSource, type Source, writtenSource } from "../checkpoints/hub/source.js";
import { parsedJson } from "../checkpoints/model-files.js";
import type { TensorStore } from "../checkpoints/store.js";
import { openTensorStore } from "../checkpoints/store.node.js";
import { TOKENIZER_FILES, type TokenizerFiles, tokenizerFromFiles } from "../text/tokenizer-files.js";
import type { NamedTokenizer } from "../text/vocabulary.js";
import { ImportError } from "./errors.js";

/** How files are brought. */
export interface BringOptions {
  readonly onProgress?: ((event: FetchEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A published model on this machine's disk. */
export interface Published {
  /** As it was asked for; what errors call it. */
  readonly place: string;
  /** The last part of its name. */
  readonly name: string;
  readonly folder: string;
  /** Paths of its files. */
  readonly files: readonly string[];
  /** Contents of `config.json`; undefined if there is none. */
  readonly config: unknown;
  /** Contents of `preprocessor_config.json`, likewise. */
  readonly preprocessor: unknown;
}

/** Kinds of weight files, the best first: one file or shards of each. */
const WEIGHTS: readonly RegExp[] = [
  /^model(-\d+-of-\d+)?\.safetensors$/,
  /^pytorch_model(-\d+-of-\d+)?\.bin$/,
  /^checkpoint\.pt$/,
  /^[^/]+\.safetensors$/,
  /^[^/]+\.(pt|pth|bin)$/,
];

const SMALL: ReadonlySet<string> = new Set([
  "config.json",
  "preprocessor_config.json",
  "model.safetensors.index.json",
  "pytorch_model.bin.index.json",
  ...TOKENIZER_FILES,
]);

/**
 * Brings the files of a published model: what is small, then its weights in the best of the formats that it has.
 * @param source  a folder, `hf:owner/name` or `hf:owner/name@revision`
 * @throws as `fetchRepository`, and {ImportError} for a source without weights
 */
export async function bring(source: string, { onProgress, signal }: BringOptions = {}): Promise<Published> {
  const options = { ...(onProgress && { onProgress }), ...(signal && { signal }) };
  const asked = parseSource(source);
  const all: string[] = [];
  const { commit } = await fetchRepository(asked, {
    ...options,
    wanted: ({ path }) => {
      all.push(path);
      return SMALL.has(path);
    },
  });
  const place = writtenSource(asked);
  const kind = WEIGHTS.find((pattern) => all.some((path) => pattern.test(path)));
  if (kind === undefined)
    throw new ImportError(
      `${place} has no weights: its files are ${all.slice(0, 10).join(", ") || "none"}.`,
      "name a folder or repository with model.safetensors, pytorch_model.bin or checkpoint.pt",
    );
  // The same commit, though the branch may have moved on since.
  const same: Source = asked.kind === "hub" && commit !== undefined ? { ...asked, revision: commit } : asked;
  const { folder, files } = await fetchRepository(same, {
    ...options,
    wanted: ({ path }) => SMALL.has(path) || kind.test(path),
  });
  const json = async (file: string): Promise<unknown> =>
    files.some(({ path }) => path === file)
      ? parsedJson(await readFile(join(folder, file), "utf8"), join(folder, file))
      : undefined;
  return {
    place,
    name: asked.kind === "hub" ? asked.name : basename(resolve(asked.path)),
    folder,
    files: files.map(({ path }) => path),
    config: await json("config.json"),
    preprocessor: await json("preprocessor_config.json"),
  };
}

/**
 * Its tensors, whatever the format of their files.
 * @throws {ImportError} for shards without their index, or files of which none is known to be the model
 * @throws as `openTensorStore`
 */
export async function tensorsOf({ folder, files, place }: Published): Promise<TensorStore> {
  const kind = WEIGHTS.find((pattern) => files.some((path) => pattern.test(path)))!;
  const weights = files.filter((path) => kind.test(path));
  const index = INDICES.find((name) => files.includes(name) && kind.test(name.replace(".index.json", "")));
  const whole = weights.filter((path) => !SHARD.test(path));
  if (whole.length === 1) return openTensorStore(join(folder, whole[0]!));
  if (index !== undefined) return openTensorStore(join(folder, index));
  const some = weights.slice(0, 5).join(", ");
  if (whole.length === 0)
    throw new ImportError(
      `${place} has ${some}, and no index that says which tensors are in which.`,
      "fetch model.safetensors.index.json or pytorch_model.bin.index.json beside them",
    );
  throw new ImportError(
    `${place} has several files of weights, and none is called as a model is: ${some}.`,
    "put the one that is meant into a folder of its own, called model.safetensors or checkpoint.pt",
  );
}

const INDICES = ["model.safetensors.index.json", "pytorch_model.bin.index.json"] as const;
const SHARD = /-\d+-of-\d+\./;

/** Its tokenizer. @throws {TokenizerFileError} if it has none that can be used */
export async function tokenizerOf({ folder, files, place }: Published): Promise<NamedTokenizer> {
  const found: Record<string, unknown> = {};
  for (const name of TOKENIZER_FILES) {
    if (!files.includes(name)) continue;
    const path = join(folder, name);
    if (name === "tokenizer.model") found[name] = new Uint8Array(await readFile(path));
    else {
      const text = await readFile(path, "utf8");
      found[name] = name.endsWith(".json") ? parsedJson(text, path) : text;
    }
  }
  return tokenizerFromFiles(found as TokenizerFiles, place);
}
