/**
 * Files of `torch.save`: the tensors of a pickled state dict, or of a training checkpoint that holds one, found without
 * reading their numbers and without Python.
 *
 * @source PyTorch 2.15, torch/serialization.py and torch/_utils.py: `_save`, `_legacy_save`, `_rebuild_tensor_v2`
 */
import type { Bytes } from "../bytes.js";
import { TorchFileError } from "../errors.js";
import type { Located } from "../located.js";
import { DTYPE_BYTES } from "../safetensors.js";
import { type Made, type Storage, torchAllowed } from "./globals.js";
import { unpickle } from "./pickle.js";
import { PickleEndsEarly } from "./pickle-machine.js";
import { tensorsIn } from "./tree.js";
import { isZip, readZip, stored, type ZipEntry } from "./zip.js";

/** A longer pickle would be that of more than fifty thousand tensors. */
const LONGEST_PICKLE = 2 ** 24;
const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;
const OPENING_BRACE = 0x7b;

/**
 * Whether a file begins as the newer or the older form of `torch.save` does.
 * @param first  its first 9 bytes or more: the length of a safetensors header may begin as a pickle does, but not go on so
 */
export function isTorch(first: Uint8Array): boolean {
  return isZip(first) || (first[0] === 0x80 && first[1]! >= 2 && first[1]! <= 5 && first[8] !== OPENING_BRACE);
}

/**
 * The tensors of a file, by their dotted paths in what was saved: `perceiver.latents`, or
 * `model_state_dict.module.perceiver.latents`. What is no tensor is left aside.
 *
 * @throws {TorchFileError} for a file that is cut off or contradicts itself
 * @throws {PickleError} for a pickle that asks for anything but data; nothing of it is executed
 */
export async function locateTorch(file: Bytes): Promise<Map<string, Located>> {
  const first = await file.read(0, Math.min(4, file.size));
  return isZip(first) ? locateInZip(file) : locateInLegacy(file);
}

async function locateInZip(file: Bytes): Promise<Map<string, Located>> {
  const entries = await readZip(file);
  const pickles = [...entries.keys()].filter((name) => name.endsWith("/data.pkl"));
  const [pickle] = pickles;
  if (pickle === undefined || pickles.length > 1)
    throw new TorchFileError(
      `The zip archive ${file.place} has ${pickles.length} files data.pkl; one of PyTorch has one.`,
      "name a file that torch.save wrote",
    );
  const folder = pickle.slice(0, -"data.pkl".length);
  if (entries.has(`${folder}constants.pkl`))
    throw new TorchFileError(
      `${file.place} is a TorchScript program, not weights alone.`,
      "in Python, torch.load it and save its state_dict() as safetensors",
    );
  await checkByteOrder(file, `${folder}byteorder`, entries);
  const { begin, size } = stored(file, pickle, entries.get(pickle)!);
  if (size > LONGEST_PICKLE) throw tooLong(file, size);
  const { value } = unpickle(await file.read(begin, begin + size), file.place, torchAllowed("zip"));
  return placed(file, tensorsIn(value, file.place, size), (name, { key, dtype, elements }) => {
    const entry = entries.get(`${folder}data/${key}`);
    if (entry === undefined) throw wrong(file, `${name} stands in the storage ${key}, which is not there`);
    stored(file, `${folder}data/${key}`, entry);
    const wanted = elements * DTYPE_BYTES[dtype];
    if (entry.size !== wanted)
      throw wrong(file, `${name} stands in the storage ${key} of ${wanted} bytes, which has ${entry.size}`);
    return entry.begin;
  });
}

async function checkByteOrder(file: Bytes, name: string, entries: ReadonlyMap<string, ZipEntry>): Promise<void> {
  const entry = entries.get(name);
  if (entry === undefined) return;
  const { begin, size } = stored(file, name, entry);
  const order = new TextDecoder().decode(await file.read(begin, begin + Math.min(size, 16)));
  if (order !== "little") throw bigEndian(file, JSON.stringify(order));
}

/** The older form: five pickles, then storage after storage, each after its number of elements. */
async function locateInLegacy(file: Bytes): Promise<Map<string, Located>> {
  const pickles = new Pickles(file);
  const magic = await pickles.next();
  if (magic !== MAGIC)
    throw new TorchFileError(
      `${file.place} is a pickle, but none of torch.save: it begins with ${tell(magic)}.`,
      "name a file that torch.save wrote, or a .safetensors file",
    );
  const protocol = await pickles.next();
  if (protocol !== PROTOCOL) throw wrong(file, `it is of protocol ${tell(protocol)}; ${PROTOCOL} is read`);
  const system = await pickles.next();
  if (!(system instanceof Map) || system.get("little_endian") !== true) throw bigEndian(file, "a machine unknown");
  const begin = pickles.at;
  const value = await pickles.next();
  const tensors = tensorsIn(value, file.place, pickles.at - begin);
  const keys = await pickles.next();
  const begins = await storages(file, pickles.at, keys, pickles.storages);
  return placed(file, tensors, (_, { key }) => begins.get(key)!);
}

/** Where the numbers of every storage begin. */
async function storages(
  file: Bytes,
  from: number,
  keys: unknown,
  known: ReadonlyMap<string, Storage>,
): Promise<Map<string, number>> {
  if (!Array.isArray(keys)) throw wrong(file, "it has no list of storages");
  const begins = new Map<string, number>();
  let at = from;
  for (const key of keys) {
    const storage = known.get(key);
    if (storage === undefined || begins.has(key))
      throw wrong(
        file,
        `it lists the storage ${tell(key)}, which ${storage === undefined ? "no tensor has" : "it lists twice"}`,
      );
    if (at + 8 > file.size) throw wrong(file, `storage ${key} begins at byte ${at}, but the file has ${file.size}`);
    const elements = new DataView((await file.read(at, at + 8)).buffer).getBigInt64(0, true);
    if (elements !== BigInt(storage.elements))
      throw wrong(file, `storage ${key} is to have ${storage.elements} numbers, but says it has ${elements}`);
    begins.set(key, at + 8);
    at += 8 + storage.elements * DTYPE_BYTES[storage.dtype];
    if (at > file.size) throw wrong(file, `storage ${key} ends at byte ${at}, but the file has ${file.size}`);
  }
  for (const key of known.keys()) if (!begins.has(key)) throw wrong(file, `storage ${key} is not there`);
  return begins;
}

/** Pickles one after the other, the end of each unknown until it is read. */
class Pickles {
  at = 0;
  readonly storages = new Map<string, Storage>();
  readonly #file: Bytes;

  constructor(file: Bytes) {
    this.#file = file;
  }

  async next(): Promise<unknown> {
    const left = this.#file.size - this.at;
    for (let window = 2 ** 18; ; window *= 4) {
      const length = Math.min(window, left, LONGEST_PICKLE);
      const bytes = await this.#file.read(this.at, this.at + length);
      const found = new Map<string, Storage>();
      try {
        const { value, end } = unpickle(bytes, this.#file.place, torchAllowed("legacy", found));
        for (const [key, storage] of found) this.storages.set(key, storage);
        this.at += end;
        return value;
      } catch (error) {
        if (!(error instanceof PickleEndsEarly) || length === left) throw error;
        if (length === LONGEST_PICKLE) throw tooLong(this.#file, length);
      }
    }
  }
}

function placed(
  file: Bytes,
  tensors: ReadonlyMap<string, Made>,
  beginOf: (name: string, storage: Storage) => number,
): Map<string, Located> {
  const located = new Map<string, Located>();
  for (const [name, { storage, offset, shape, strides }] of tensors) {
    const { dtype, elements } = storage;
    const numbers = shape.reduce((product, length) => product * length, 1);
    const last = offset + shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis]!, 0);
    if (numbers > 0 && last >= elements)
      throw wrong(file, `${name} [${shape.join(", ")}] ends at number ${last}, but its storage has ${elements}`);
    if (numbers > elements)
      throw new TorchFileError(
        `${file.place}: ${name} [${shape.join(", ")}] repeats the ${elements} numbers of its storage to make ${numbers}.`,
        "in Python, save it after .contiguous()",
      );
    const begin = beginOf(name, storage) + (numbers > 0 ? offset * DTYPE_BYTES[dtype] : 0);
    located.set(name, { dtype, shape, strides, file, begin });
  }
  return located;
}

function tell(value: unknown): string {
  if (typeof value === "bigint" || typeof value === "number") return `${value}`;
  return typeof value === "string" ? JSON.stringify(value.slice(0, 100)) : "something that is no number";
}

function tooLong(file: Bytes, length: number): TorchFileError {
  return wrong(file, `its pickle has ${length} bytes or more; weights need fewer than ${LONGEST_PICKLE}`);
}

function bigEndian(file: Bytes, order: string): TorchFileError {
  return new TorchFileError(
    `${file.place} was written with its bytes in the order ${order}; only little-endian files are read.`,
    "save the weights as safetensors, which have one order of bytes",
  );
}

function wrong({ place }: Bytes, problem: string): TorchFileError {
  return new TorchFileError(`${place}: ${problem}.`, "fetch the file again, or save it again with torch.save");
}
