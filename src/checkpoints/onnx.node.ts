/**
 * Graphs as `.onnx` files: with their weights inside, in one file beside them, or where a safetensors file has them
 * already. What is read is what was written; numbers in other files are read when they are asked for.
 */
import { readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { writeTogether } from "../atomic.node.js";
import { OutputError } from "../errors.js";
import { ARRAYS, type ArrayOf } from "../graph/dtype.js";
import {
  type ExternalBytes,
  encodeOnnx,
  type Graph,
  type Initialiser,
  OnnxError,
  type OnnxModel,
  onnxModel,
  readOnnx,
  separateWeights,
  type Weight,
} from "../graph/index.js";
import { fileBytes } from "./bytes.node.js";
import { ExternalDataError } from "./errors.js";
import { toFloat32 } from "./safetensors.js";
import { readSafetensorsHeader } from "./safetensors.node.js";

/** Where weights that are in memory go. */
export interface OnnxFileOptions {
  /** `inline`, unless told: into the file itself, up to 2 GB. `external`: into one beside it, `NAME.onnx.data`. */
  readonly weights?: "inline" | "external";
}

/** An `.onnx` file that was read. */
export interface OnnxFile {
  readonly model: OnnxModel;
  /** The file's bytes, as a runtime takes them. */
  readonly bytes: Uint8Array;
  /**
   * The numbers of an initialiser, row-major, 16-bit ones as float32. Those in another file are read now.
   * @throws {ExternalDataError} if that file has been changed since.
   * @throws {OnnxError} if the model has no such initialiser.
   */
  numbers(name: string): Promise<ArrayOf>;
}

/**
 * Writes a graph as an `.onnx` file, which appears whole or not at all.
 *
 * @param weights  the numbers of every frozen parameter by its path; those of `storedWeights` stay in their file, which
 *   must be in the folder of `path`
 * @throws {GraphError} if a weight is missing or of the wrong size, or the file would have more than 2 GB
 * @throws {ExternalDataError} if a file in which weights are is not there, or too short for them
 * @throws {OutputError} if the place cannot be written, or holds weights that are to stay where they are
 */
export async function writeOnnxFile(
  path: string,
  graph: Graph,
  weights: ReadonlyMap<string, Weight>,
  { weights: place = "inline" }: OnnxFileOptions = {},
): Promise<void> {
  const whole = onnxModel(graph, weights);
  await checkExternal(dirname(path), whole);
  if (place === "inline") return writeTogether([], path, encodeOnnx(whole));
  const beside = `${path}.data`;
  for (const [name, { data }] of whole.initialisers)
    if (!(data instanceof Uint8Array) && data.location === basename(beside))
      throw new OutputError(
        `The numbers of ${name} are in ${beside}, which is to be written.`,
        "give the .onnx another name, or keep its weights inline",
      );
  const { model, pieces } = separateWeights(whole, basename(beside));
  await writeTogether(pieces.length === 0 ? [] : [[beside, pieces]], path, encodeOnnx(model));
}

/**
 * Where a safetensors file has its tensors, for `.onnx` files in the same folder: float32, float16, bfloat16 and uint8
 * ones, by name. Nothing but the header is read.
 * @throws {ModelFolderError} if there is no such file
 * @throws {SafetensorsError} if it is cut off or contradicts itself
 */
export async function storedWeights(path: string): Promise<Map<string, Weight>> {
  const { entries } = await readSafetensorsHeader(path);
  const formats = { F32: "float32", F16: "float16", BF16: "bfloat16", U8: "uint8" } as const;
  const weights = new Map<string, Weight>();
  for (const [name, { dtype, begin, end }] of entries)
    if (dtype === "F32" || dtype === "F16" || dtype === "BF16" || dtype === "U8")
      weights.set(name, { location: basename(path), offset: begin, length: end - begin, dtype: formats[dtype] });
  return weights;
}

/**
 * Reads an `.onnx` file that was written here. Of the files beside it only the sizes are looked at.
 * @throws {OnnxError} if it cannot be read, is cut off, contradicts itself, is newer or of another kind
 * @throws {ExternalDataError} if a file that it names is not there, too short, or outside its folder
 */
export async function readOnnxFile(path: string): Promise<OnnxFile> {
  const file = await readFile(path).catch((cause: Error) => {
    throw new OnnxError(`${path} cannot be read: ${cause.message}`, "give the path of an .onnx file", { cause });
  });
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
  const model = readOnnx(bytes);
  const folder = dirname(path);
  await checkExternal(folder, model);
  const numbers = async (name: string): Promise<ArrayOf> => {
    const initialiser = model.initialisers.get(name);
    if (initialiser === undefined)
      throw new OnnxError(`${path} has no initialiser ${name}`, "take one of `model.initialisers`");
    const { data } = initialiser;
    return arrayOf(initialiser, data instanceof Uint8Array ? data : await readExternal(folder, name, data));
  };
  return { model, bytes, numbers };
}

function arrayOf({ dtype }: Initialiser, bytes: Uint8Array): ArrayOf {
  if (dtype === "float16") return toFloat32("F16", bytes);
  if (dtype === "bfloat16") return toFloat32("BF16", bytes);
  const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
  return new ARRAYS[dtype](own.buffer as ArrayBuffer);
}

/** Every file that a model names is there and long enough. */
async function checkExternal(folder: string, { initialisers }: OnnxModel): Promise<void> {
  const sizes = new Map<string, number>();
  for (const [name, { data }] of initialisers) {
    if (data instanceof Uint8Array) continue;
    const path = join(folder, data.location);
    const size = sizes.get(path) ?? (await stat(await placeOf(folder, name, data))).size;
    sizes.set(path, size);
    if (data.offset + data.length > size) throw tooShort(name, path, data, size);
  }
}

/** The path of a file that a model names, links followed. */
async function placeOf(folder: string, name: string, { location }: ExternalBytes): Promise<string> {
  const path = join(folder, location);
  const place = await realpath(path).catch((cause: Error) => {
    throw new ExternalDataError(
      `the numbers of ${name} are in ${path}, which is not there`,
      "put the file beside the .onnx",
      { cause },
    );
  });
  const inside = join(await realpath(folder), sep);
  if (!place.startsWith(inside))
    throw new ExternalDataError(
      `the numbers of ${name} are in ${path}, a link that leads out of the folder to ${place}`,
      "put the file itself beside the .onnx, if you trust it",
    );
  if (!(await stat(place)).isFile())
    throw new ExternalDataError(`the numbers of ${name} are in ${path}, which is no file`, "name a file of numbers");
  return place;
}

async function readExternal(folder: string, name: string, external: ExternalBytes): Promise<Uint8Array> {
  const file = await fileBytes(await placeOf(folder, name, external));
  const { offset, length } = external;
  if (offset + length > file.size) throw tooShort(name, join(folder, external.location), external, file.size);
  return file.read(offset, offset + length);
}

function tooShort(name: string, path: string, { offset, length }: ExternalBytes, size: number): ExternalDataError {
  return new ExternalDataError(
    `the numbers of ${name} are ${length} bytes from ${offset} in ${path}, which has ${size}`,
    "fetch or write that file again, together with the .onnx",
  );
}
