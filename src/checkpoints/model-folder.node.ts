/**
 * A model on the disk: a folder with `config.json`, `tokenizer.json` and `model.safetensors`, and whatever else its maker
 * puts beside them.
 */
import { readFile, realpath, stat } from "node:fs/promises";
import { join, normalize, resolve } from "node:path";
import { replaceFolder, requireReplaceable, writeAtomically } from "../atomic.node.js";
import { OutputError, UsageError } from "../errors.js";
import { storedIn } from "../nn/parameters.js";
import { ModelFolderError } from "./errors.js";
import { MODEL_FILES, parsedJson, type SavedModel } from "./model-files.js";
import type { Tensor } from "./safetensors.js";
import { type SavedDtype, safetensorsPieces } from "./safetensors-write.js";
import { isWeightFile } from "./shards.js";
import { openTensorStore } from "./store.node.js";

/** What is saved. */
export interface ModelToSave {
  /** Anything that JSON can hold. */
  readonly config: unknown;
  /** The JSON of a tokenizer. */
  readonly tokenizer: unknown;
  /** A tree of parameters; tensors are named by their dotted paths. */
  readonly params: unknown;
  /** Number format of the weights; `F32` unless told. */
  readonly dtype?: SavedDtype;
  /** Notes inside the weight file. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Other files by name, such as `MODEL_CARD.md`. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

/**
 * Saves a model so that nothing half-written ever stands at `folder`: it is made beside it and then renamed. A model that
 * stood there before is replaced; files beside it that are not written anew are kept.
 *
 * @throws {OutputError} if the place cannot be written, or holds something other than a model.
 * @throws {UnsavableError} for weights that are not finite, or too large for float16; the old model stays.
 */
export async function saveModelFolder(folder: string, model: ModelToSave): Promise<void> {
  const { config, tokenizer, params, dtype = "F32", metadata, files = {} } = model;
  const others = Object.entries(files);
  const taken: string[] = Object.values(MODEL_FILES);
  for (const [name] of others)
    if (taken.includes(normalize(name)) || name === "" || /[/\\]/.test(name))
      throw new OutputError(
        `A file beside the model is to be called "${name}".`,
        "give a plain name that is not taken",
      );
  await makeModelFolder(folder, async (temporary) => {
    const pieces = safetensorsPieces(storedIn(params), { dtype, metadata: { format: "flamingo-ts", ...metadata } });
    await writeAtomically(join(temporary, MODEL_FILES.weights), pieces);
    await writeAtomically(join(temporary, MODEL_FILES.config), `${JSON.stringify(config, null, 2)}\n`);
    await writeAtomically(join(temporary, MODEL_FILES.tokenizer), `${JSON.stringify(tokenizer)}\n`);
    for (const [name, content] of others) await writeAtomically(join(temporary, name), content);
  });
}

/**
 * Makes a model folder whose weights are written tensor by tensor: beside its place, then renamed. A model that stood there
 * before is replaced; files beside it that are not of a model are kept.
 * @param make  writes all files into the folder it is given; what it throws is thrown, and the old model stays.
 * @throws {OutputError} if the place cannot be written, or holds something other than a model.
 */
export function makeModelFolder(folder: string, make: (temporary: string) => Promise<void>): Promise<void> {
  return replaceFolder(resolve(folder), MODEL_FILES.config, make, (name) => OWN.has(name) || isWeightFile(name));
}

/** What a new model hands down from an old one in no case. */
const OWN: ReadonlySet<string> = new Set(Object.values(MODEL_FILES));

/**
 * Looks whether a model folder may be made, before work is done for it.
 * @param madeOf  folders that the model is made of
 * @throws {OutputError} if the place holds something other than a model of ours, or is no folder.
 * @throws {UsageError} if it is one of the folders that the model is made of, which would be lost.
 */
export async function requireModelPlace(folder: string, madeOf: readonly string[] = []): Promise<void> {
  const place = resolve(folder);
  const there = await requireReplaceable(place, MODEL_FILES.config);
  if (there === undefined || there.length === 0) return;
  const real = await realpath(place);
  for (const from of madeOf)
    if ((await realpath(from).catch(() => undefined)) === real)
      throw new UsageError(
        `The model would stand in ${folder}, in place of what it is made of.`,
        "choose a folder of its own for it",
      );
  const config = await readFile(join(place, MODEL_FILES.config), "utf8")
    .then(JSON.parse)
    .catch(() => undefined);
  if (typeof (config as { readonly kind?: unknown } | null | undefined)?.kind === "string") return;
  throw new OutputError(
    `${folder} holds a model of another program, by its config.json, which would be lost.`,
    "choose a new or an empty folder",
  );
}

/**
 * Reads a model folder.
 * @param wanted  which tensors to read; all unless told.
 * @throws {ModelFolderError} if the folder or one of its files is not there, or is not JSON.
 * @throws {SafetensorsError} if the weights are cut off or contradict themselves.
 */
export async function readModelFolder(
  folder: string,
  wanted: (name: string) => boolean = () => true,
): Promise<SavedModel> {
  const config = await readModelConfig(folder);
  const tokenizer = await readJson(join(folder, MODEL_FILES.tokenizer));
  const store = await openTensorStore(folder, [MODEL_FILES.weights, MODEL_FILES.index]);
  const tensors = new Map<string, Tensor>();
  for (const [name, { dtype, shape }] of store.entries)
    if (wanted(name))
      tensors.set(name, dtype === "U8" ? { shape, data: await store.raw(name) } : await store.read(name));
  return { config, tokenizer, tensors, metadata: store.metadata };
}

/** What a model folder's `config.json` says. @throws {ModelFolderError} if it is not there or no JSON */
export async function readModelConfig(folder: string): Promise<unknown> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory())
    throw new ModelFolderError(
      `There is no model folder at ${resolve(folder)}.`,
      "give the path of a folder with config.json, tokenizer.json and model.safetensors",
    );
  return readJson(join(folder, MODEL_FILES.config));
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8").catch((cause: Error) => {
    throw new ModelFolderError(
      `The model's ${path} cannot be read: ${cause.message}.`,
      "give the path of a whole model folder",
      { cause },
    );
  });
  return parsedJson(text, path);
}
