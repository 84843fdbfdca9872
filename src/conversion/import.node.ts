/** Published checkpoints become model folders. */
import { join } from "node:path";
import { writeAtomically } from "../checkpoints/atomic.node.js";
import { MODEL_FILES } from "../checkpoints/model-files.js";
import { makeModelFolder, requireModelPlace } from "../checkpoints/model-folder.node.js";
import { DTYPE_BYTES } from "../checkpoints/safetensors.js";
import type { DeclaredTensor } from "../checkpoints/safetensors-write.js";
import { writeWeights } from "../checkpoints/weights-writer.node.js";
import { type Quantisation, quantisedShapes } from "../graph/index.js";
import { preprocessorJson } from "../media/preprocessor.js";
import { quantise } from "../nn/quantise.js";
import { quantisationOf, type SCHEMES } from "../nn/quantised.js";
import { type Kind, type Recognised, type RecogniseOptions, recognise } from "./recognise.node.js";
import type { ImportReport } from "./report.js";
import { halved, type Move, Mover, planTransfer, type Transfer, widened } from "./transfer.js";

/** How weights are kept: as they were, which is the default, in 16 bits, or in blocks of 8 or 4. */
export type Keeping = "f16" | keyof typeof SCHEMES;

/** How a checkpoint is imported. */
export interface ImportOptions extends RecogniseOptions {
  /** Our tensors that may be missing, by path; they stay as they are drawn, gains 1 and all else 0. */
  readonly allowMissing?: readonly string[];
  readonly keep?: Keeping | undefined;
  /** What the model is called; the last part of the source's name unless told. */
  readonly name?: string | undefined;
  /** Told how many bytes of the weights are written. */
  readonly onWritten?: (done: number, of: number) => void;
}

/** What an import did. */
export interface Imported {
  readonly kind: Kind;
  readonly name: string;
  readonly report: ImportReport;
  /** Files of the folder that hold weights. */
  readonly files: readonly string[];
  /** Bytes of the weights. */
  readonly bytes: number;
}

/**
 * Imports a published checkpoint: `config.json`, `tokenizer.json`, `preprocessor_config.json`, weights in one file or in
 * shards, and a report of every tensor. Numbers go from file to file one tensor at a time. The folder appears whole or
 * not at all.
 *
 * @param source  a folder, `hf:owner/name` or `hf:owner/name@revision`
 * @throws {FamilyError | ForeignConfigError} for a model of a family or variant that is not known
 * @throws {ImportError} for tensors that are missing or do not fit
 * @throws {OutputError} if the place cannot be written or the disk is full
 * @throws as `fetchRepository`, `openTensorStore` and `tokenizerFromFiles`
 */
export async function importModel(source: string, folder: string, options: ImportOptions = {}): Promise<Imported> {
  await requireModelPlace(folder);
  const recognised = await recognise(source, options);
  const transfer = planTransfer(recognised.parameters, recognised.parts, {
    allowMissing: options.allowMissing ?? [],
    trained: recognised.trained,
  });
  return writeModel(folder, recognised, transfer, options);
}

/** Writes the folder of a model whose tensors are found. @throws {OutputError} if it cannot be */
export async function writeModel(
  folder: string,
  { kind, name: given, config, tokenizer, pixels, parameters }: Recognised,
  { moves, report }: Transfer,
  { keep, name = given, onWritten = () => {}, signal }: ImportOptions,
): Promise<Imported> {
  const declared = new Map(moves.flatMap((move) => [...declarations(move, keep)]));
  const bytes = [...declared.values()].reduce((sum, { dtype, shape }) => sum + DTYPE_BYTES[dtype] * product(shape), 0);
  let files: readonly string[] = [];
  await makeModelFolder(folder, async (temporary) => {
    files = await writeWeights(temporary, declared, async (writer) => {
      const mover = new Mover();
      let done = 0;
      const write = async (path: string, numbers: Float32Array | Uint8Array) => {
        await writer.write(path, numbers);
        done += numbers.byteLength;
        onWritten(done, bytes);
      };
      for (const move of moves) {
        signal?.throwIfAborted();
        const bits = await mover.take(move, parameters.get(move.ours)!);
        const scheme = schemeFor(move, keep);
        if (scheme !== undefined) {
          const shape = move.shape as [number, number];
          const { packed, scales } = quantise(widened(bits, move.dtype), shape, scheme, move.ours);
          await write(`${move.ours}.packed`, packed);
          await write(`${move.ours}.scales`, scales);
        } else {
          const kept = keep === "f16" ? halved(bits, move) : bits;
          await write(move.ours, new Uint8Array(kept.buffer, kept.byteOffset, kept.byteLength));
        }
      }
    });
    const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
    await writeAtomically(join(temporary, MODEL_FILES.config), json({ ...config, name }));
    if (tokenizer !== undefined)
      await writeAtomically(join(temporary, MODEL_FILES.tokenizer), `${JSON.stringify(tokenizer)}\n`);
    if (pixels !== undefined)
      await writeAtomically(join(temporary, MODEL_FILES.preprocessor), json(preprocessorJson(pixels)));
    await writeAtomically(join(temporary, MODEL_FILES.report), json(report));
  });
  return { kind, name, report, files, bytes };
}

function schemeFor({ ours, shape }: Move, keep: Keeping | undefined): Quantisation | undefined {
  return keep === undefined || keep === "f16" ? undefined : quantisationOf(ours, shape, keep);
}

function* declarations(move: Move, keep: Keeping | undefined): Generator<[string, DeclaredTensor]> {
  const { ours, shape, dtype } = move;
  const scheme = schemeFor(move, keep);
  if (scheme !== undefined) {
    const { packed, scales } = quantisedShapes(shape as [number, number], scheme);
    yield [`${ours}.packed`, { dtype: "U8", shape: packed }];
    yield [`${ours}.scales`, { dtype: "F32", shape: scales }];
  } else yield [ours, { dtype: keep === "f16" ? "F16" : dtype, shape }];
}

function product(shape: readonly number[]): number {
  return shape.reduce((size, axis) => size * axis, 1);
}
