/** Published checkpoints become model folders. */
import { join } from "node:path";
import { writeAtomically } from "../atomic.node.js";
import { type HoldOptions, type Incoming, type Keeping, writeHeld } from "../checkpoints/held-weights.node.js";
import { MODEL_FILES } from "../checkpoints/model-files.js";
import { makeModelFolder, requireModelPlace } from "../checkpoints/model-folder.node.js";
import type { PixelsOptions } from "../media/normalise.js";
import { preprocessorJson } from "../media/preprocessor.js";
import type { TokenizerJson } from "../text/tokenizer-json.js";
import { type Kind, type Recognised, type RecogniseOptions, recognise } from "./recognise.node.js";
import type { ImportReport } from "./report.js";
import { incomingOf, planTransfer, type Transfer } from "./transfer.js";

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

/**
 * Imports a published checkpoint: `config.json`, `tokenizer.json`, `preprocessor_config.json`, weights in one file or in
 * shards, and a report of every tensor. Numbers go from file to file one tensor at a time. The folder appears whole or
 * not at all.
 *
 * @param source  a folder, `hf:owner/name` or `hf:owner/name@revision`
 * @throws {FamilyError | ForeignConfigError} for a model of a family or variant that is not known
 * @throws {ImportError} for tensors that are missing or do not fit
 * @throws {OutputError} if the place cannot be written, holds anything but a model of ours, or the disk is full
 * @throws {SourceError} for a source that is malformed or not there; what a hub refuses or breaks off has codes that begin
 *   with `HUB_`
 * @throws {ModelFolderError | SafetensorsError | TorchFileError} for files that are missing, cut off or contradict themselves
 * @throws {PickleError} for a pickle that asks for anything but data; nothing of it is executed
 * @throws {TokenizerFileError | TokenizerRowsError} for a tokenizer that cannot be used, or of another size than the embedding
 * @throws {UnsavableError} for a number that is too large for the format asked for
 * @throws the signal's reason
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
  { keep, name = given, onWritten, signal }: ImportOptions,
): Promise<Imported> {
  const incoming = incomingOf(moves, parameters);
  const small = { config: { ...config, name }, tokenizer, pixels, report };
  const written = await writeFolder(folder, small, incoming, { keep, onWritten, signal });
  return { kind, name, report, ...written };
}

/** What a model's folder holds beside its weights. */
export interface SmallFiles {
  readonly config: Readonly<Record<string, unknown>>;
  readonly tokenizer: TokenizerJson | undefined;
  readonly pixels: PixelsOptions | undefined;
  readonly report: unknown;
}

/**
 * Writes a model folder, which appears whole or not at all.
 * @returns  the names of its files of weights, and the bytes of all numbers
 * @throws {OutputError} if it cannot be
 */
export async function writeFolder(
  folder: string,
  { config, tokenizer, pixels, report }: SmallFiles,
  incoming: readonly Incoming[],
  options: HoldOptions,
): Promise<{ readonly files: readonly string[]; readonly bytes: number }> {
  let written = { files: [] as readonly string[], bytes: 0 };
  await makeModelFolder(folder, async (temporary) => {
    written = await writeHeld(temporary, incoming, options);
    const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
    await writeAtomically(join(temporary, MODEL_FILES.config), json(config));
    if (tokenizer !== undefined)
      await writeAtomically(join(temporary, MODEL_FILES.tokenizer), `${JSON.stringify(tokenizer)}\n`);
    if (pixels !== undefined)
      await writeAtomically(join(temporary, MODEL_FILES.preprocessor), json(preprocessorJson(pixels)));
    await writeAtomically(join(temporary, MODEL_FILES.report), json(report));
  });
  return written;
}
