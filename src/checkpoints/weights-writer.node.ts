/**
 * Weights written tensor by tensor, in one file or several, so that no more than one tensor need be in memory: first all
 * are declared, so that every header is known, then their numbers come in any order.
 */
import { type FileHandle, open, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "../atomic.node.js";
import { OutputError } from "../errors.js";
import { UnsavableError } from "./errors.js";
import { MODEL_FILES } from "./model-files.js";
import { DTYPE_BYTES, type Dtype } from "./safetensors.js";
import { type DeclaredTensor, planSafetensors, type SafetensorsPlan, savedBytes } from "./safetensors-write.js";
import { divided, indexJson, shardName } from "./shards.js";

/** Takes the numbers of declared tensors. */
export interface WeightsWriter {
  /**
   * Writes the numbers of a tensor, or those that come next where it comes in several pieces.
   * @param numbers  float32, rounded to the format declared, which is F32, F16 or BF16; or the very bytes of any format
   * @throws {OutputError} if the disk is full or fails
   * @throws {UnsavableError} if no such tensor was declared, for more numbers than its shape has, or for numbers that are
   *   not finite or too large for the format
   */
  write(name: string, numbers: Float32Array | Uint8Array): Promise<void>;
}

/** How weights are written. */
export interface WeightsOptions {
  /** Bytes of numbers in one file; 4 GiB unless told. A larger tensor has a file of its own. */
  readonly shardBytes?: number;
  /** Notes inside every file. */
  readonly metadata?: Readonly<Record<string, string>>;
}

const SHARD_BYTES = 4 * 2 ** 30;

/**
 * Writes `model.safetensors` into a folder, or `model-00001-of-00003.safetensors` and so on and their index, which comes
 * last. If anything fails, none of them is left.
 *
 * @param folder  one that is there and has no weights; for a model that appears whole or not at all, one that `replaceFolder`
 *   is making.
 * @param declared  every tensor, in the order in which they are divided among files
 * @param fill  writes the numbers of all of them
 * @returns the names of the files, the index last
 * @throws {OutputError} if the disk has not as much space as all of them take, which is looked at first, or fails
 * @throws {UnsavableError} if a tensor is not written whole, or as `WeightsWriter.write` says
 */
export async function writeWeights(
  folder: string,
  declared: ReadonlyMap<string, DeclaredTensor>,
  fill: (writer: WeightsWriter) => Promise<void>,
  { shardBytes = SHARD_BYTES, metadata = {} }: WeightsOptions = {},
): Promise<readonly string[]> {
  const shards = divided(declared, shardBytes);
  const files = shards.map((tensors, i) => {
    const name = shards.length === 1 ? MODEL_FILES.weights : shardName(i, shards.length);
    return new WeightFile(join(folder, name), name, planSafetensors(tensors, { format: "flamingo-ts", ...metadata }));
  });
  const total = files.reduce((sum, { plan }) => sum + plan.size, 0);
  await checkSpace(folder, total);
  const fileOf = new Map(files.flatMap((file) => [...file.plan.entries.keys()].map((name) => [name, file] as const)));
  try {
    for (const file of files) await file.open();
    await fill({
      async write(name, numbers) {
        const file = fileOf.get(name);
        if (file === undefined)
          throw new UnsavableError(
            `Tensor ${name} was not declared.`,
            "declare every tensor before the first is written",
          );
        await file.write(name, numbers);
      },
    });
    for (const file of files) await file.finish();
    const names = files.map(({ name }) => name);
    if (names.length === 1) return names;
    const numbers = files.reduce((sum, { plan }) => sum + plan.size - plan.header.length, 0);
    const index = indexJson(new Map([...fileOf].map(([name, file]) => [name, file.name])), numbers);
    await writeAtomically(join(folder, MODEL_FILES.index), index);
    return [...names, MODEL_FILES.index];
  } catch (error) {
    for (const file of files) await file.discard();
    throw error;
  }
}

/** One file that is being written. */
class WeightFile {
  readonly name: string;
  readonly plan: SafetensorsPlan;
  readonly #path: string;
  /** How many bytes of a tensor are written. */
  readonly #written = new Map<string, number>();
  #file: FileHandle | undefined;

  constructor(path: string, name: string, plan: SafetensorsPlan) {
    this.#path = path;
    this.name = name;
    this.plan = plan;
  }

  async open(): Promise<void> {
    const { header } = this.plan;
    await this.#saying("its header", header.length, async () => {
      this.#file = await open(this.#path, "wx");
      await this.#put(header, 0);
    });
  }

  async write(name: string, numbers: Float32Array | Uint8Array): Promise<void> {
    const { dtype, begin, end } = this.plan.entries.get(name)!;
    const length = numbers instanceof Uint8Array ? numbers.length : numbers.length * DTYPE_BYTES[dtype];
    const before = this.#written.get(name) ?? 0;
    if (begin + before + length > end)
      throw new UnsavableError(
        `Tensor ${name} takes ${end - begin} bytes as ${dtype}, but was given ${before + length}.`,
        "give it the numbers of its shape, once",
      );
    for (let from = 0; from < numbers.length; from += PIECE) {
      const done = this.#written.get(name) ?? 0;
      const bytes = this.#bytes(name, numbers.subarray(from, from + PIECE), dtype, done);
      await this.#saying(`tensor ${name}`, end - begin - done, () => this.#put(bytes, begin + done));
      this.#written.set(name, done + bytes.length);
    }
  }

  /** Makes sure that everything was written and is on the disk. */
  async finish(): Promise<void> {
    for (const [name, { begin, end }] of this.plan.entries) {
      const done = this.#written.get(name) ?? 0;
      if (done !== end - begin)
        throw new UnsavableError(
          `Tensor ${name} takes ${end - begin} bytes, but was given ${done}.`,
          "write every tensor that was declared",
        );
    }
    await this.#saying("the rest", this.plan.size, async () => {
      await this.#file!.sync();
      await this.#file!.close();
    });
  }

  async discard(): Promise<void> {
    if (this.#file === undefined) return;
    await this.#file.close().catch(() => {});
    await rm(this.#path, { force: true }).catch(() => {});
  }

  #bytes(name: string, numbers: Float32Array | Uint8Array, dtype: Dtype, done: number): Uint8Array {
    if (numbers instanceof Uint8Array) return numbers;
    if (dtype === "F32" || dtype === "F16" || dtype === "BF16")
      return savedBytes(name, numbers, dtype, done / DTYPE_BYTES[dtype]);
    throw new UnsavableError(
      `Tensor ${name} is declared ${dtype}, to which float32 numbers are not rounded.`,
      "give its bytes",
    );
  }

  async #put(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length; )
      done += (await this.#file!.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }

  async #saying(what: string, bytes: number, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      if (code === undefined) throw cause;
      const full = code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG";
      throw new OutputError(
        `${this.#path} cannot be written: ${what} needs ${bytes} bytes${full ? ", and there is no space for them" : ""} (${message}).`,
        full
          ? `free ${this.plan.size} bytes there, or choose another disk; nothing was kept`
          : "choose a place that is writable",
        { cause },
      );
    }
  }
}

/** Numbers that are rounded and written at once. */
const PIECE = 2 ** 22;

/** Looks before the first byte is written, rather than after an hour. */
async function checkSpace(folder: string, needed: number): Promise<void> {
  const disk = await statfs(folder).catch(() => undefined);
  if (disk === undefined) return;
  const free = disk.bavail * disk.bsize;
  // Some network disks do not know and say that they have none.
  if (free >= needed || disk.blocks === 0) return;
  throw new OutputError(
    `The weights take ${needed} bytes, but the disk of ${folder} has ${free} free.`,
    `free ${needed - free} bytes there, choose another disk, or ask for a smaller format; nothing was written`,
  );
}
