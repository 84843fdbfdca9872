/** Published checkpoints become model folders. */
import { join } from "node:path";
import { writeAtomically } from "../checkpoints/atomic.node.js";
import { type Keeping, writeHeld } from "../checkpoints/held-weights.node.js";
import { MODEL_FILES } from "../checkpoints/model-files.js";
import { makeModelFolder } from "../checkpoints/model-folder.node.js";
import { preprocessorJson } from "../media/preprocessor.js";
import { type Kind, type Recognised, type RecogniseOptions, recognise } from "./recognise.node.js";
import type { ImportReport } from "./report.js";
import { Mover, planTransfer, type Transfer } from "./transfer.js";

/** How a checkpoint is imported. */
export interface ImportOptions extends RecogniseOptions {
  /** Our tensors that may be missing, by path; they stay as they are drawn, gains 1 and all else 0. */
  readonly allowMissing?: readonly string[];
  /** How weights are kept: as they were unless told. */
  readonly keep?: Keeping | undefined;
  /** What the model is called; the last part of the source's name unless told. */
  readonly name?: string | undefined;
  /** Told how many bytes of the weights are written. */
  readonly onWritten?: ((done: number, of: number) => void) | undefined;
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

/** Beside the model stands what became of every tensor. */
export const REPORT_FILE = "import.json";

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
  { keep, name = given, onWritten, signal }: ImportOptions,
): Promise<Imported> {
  let written = { files: [] as readonly string[], bytes: 0 };
  await makeModelFolder(folder, async (temporary) => {
    const mover = new Mover();
    const incoming = moves.map((move) => ({
      path: move.ours,
      shape: move.shape,
      dtype: move.dtype,
      read: () => mover.take(move, parameters.get(move.ours)!),
    }));
    written = await writeHeld(temporary, incoming, { keep, onWritten, signal });
    const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
    await writeAtomically(join(temporary, MODEL_FILES.config), json({ ...config, name }));
    if (tokenizer !== undefined)
      await writeAtomically(join(temporary, MODEL_FILES.tokenizer), `${JSON.stringify(tokenizer)}\n`);
    if (pixels !== undefined)
      await writeAtomically(join(temporary, MODEL_FILES.preprocessor), json(preprocessorJson(pixels)));
    await writeAtomically(join(temporary, REPORT_FILE), json(report));
  });
  return { kind, name, report, ...written };
}
