/** Model folders become what other programs read. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { saying, writeAtomically } from "../atomic.node.js";
import { EXPORT_FILE, makeExportFolder } from "../checkpoints/export-folder.node.js";
import { outlineFlamingo } from "../checkpoints/flamingo-outline.node.js";
import { MODEL_FILES } from "../checkpoints/model-files.js";
import { DTYPE_BYTES, product } from "../checkpoints/safetensors.js";
import type { TensorStore } from "../checkpoints/store.js";
import { writeTorchFile } from "../checkpoints/torch/torch-writer.node.js";
import { writeWeights } from "../checkpoints/weights-writer.node.js";
import type { TokenizerJson } from "../text/tokenizer-json.js";
import { ExportError } from "./errors.js";
import { ideficsParts } from "./export-idefics.js";
import { openFlamingoParts } from "./export-openflamingo.js";
import type { ExportedPart, Joined, ModelToExport } from "./joining.js";

/** Formats of published checkpoints. */
export const PUBLISHED_FORMATS = ["openflamingo", "idefics"] as const;
/** One of them. */
export type PublishedFormat = (typeof PUBLISHED_FORMATS)[number];

/** How a model is exported. */
export interface ExportOptions {
  /** Bytes of numbers in one file; 4 GiB unless told. */
  readonly shardBytes?: number;
  /** Told how many bytes of the weights are written. */
  readonly onWritten?: (done: number, of: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** What an export did. */
export interface Exported {
  readonly format: PublishedFormat;
  /** What the model is called. */
  readonly model: string;
  /** Files with weights, by their paths in the export. */
  readonly files: readonly string[];
  /** Bytes of the weights. */
  readonly bytes: number;
  readonly notes: readonly string[];
  /** Every tensor: its name there, the tensors here that it is made of, and its file or folder. */
  readonly tensors: readonly {
    readonly theirs: string;
    readonly ours: readonly string[];
    readonly place: string;
    readonly dtype: string;
    readonly shape: readonly number[];
  }[];
}

/**
 * Exports a model under the names and in the files of a published format. Numbers go from file to file one tensor at a
 * time, in the format that they have. The folder appears whole or not at all.
 *
 * @param model  a model folder
 * @throws {ExportError} for a model that the format cannot say, with every field, and for one in few bits
 * @throws {OutputError} if the place cannot be written, holds other things, or the disk is full
 * @throws {UsageError} if the place is the model's own
 * @throws {ModelFolderError | WeightsMismatchError} for a folder that is no model, or whose weights are not its own
 */
export async function exportModel(
  model: string,
  format: PublishedFormat,
  out: string,
  { shardBytes, onWritten = () => {}, signal }: ExportOptions = {},
): Promise<Exported> {
  const { config, tokenizer, weights } = await outlineFlamingo(model);
  requireWhole(model, weights);
  const source: ModelToExport = { place: model, config, tokenizer: tokenizer as TokenizerJson, weights };
  const parts: readonly ExportedPart[] = format === "idefics" ? ideficsParts(source) : openFlamingoParts(source);
  const all = parts.flatMap(({ tensors }) => [...tensors.values()]);
  const bytes = all.reduce((sum, { dtype, shape }) => sum + DTYPE_BYTES[dtype] * product(shape), 0);
  const files: string[] = [];
  let done = 0;
  const counted = async ({ bytes: read }: Joined) => {
    signal?.throwIfAborted();
    const numbers = await read();
    done += numbers.length;
    onWritten(done, bytes);
    return numbers;
  };
  const exported = {
    format,
    model: config.name,
    files,
    bytes,
    notes: parts.flatMap(({ notes }) => notes),
    tensors: parts.flatMap(({ folder, file = folder || ".", tensors }) =>
      [...tensors].map(([theirs, { ours, dtype, shape }]) => ({ theirs, ours, place: file, dtype, shape })),
    ),
  };
  await makeExportFolder(model, out, async (temporary) => {
    for (const { folder, file, tensors, json } of parts) {
      const place = join(temporary, folder);
      await saying(place, () => mkdir(place, { recursive: true }));
      const named = (name: string) => (folder === "" ? name : `${folder}/${name}`);
      if (file === undefined) {
        const fill = async (writer: { write(name: string, numbers: Uint8Array): Promise<void> }) => {
          for (const [name, tensor] of tensors) await writer.write(name, await counted(tensor));
        };
        // Other programs read a file only if it says that it is PyTorch's.
        const options = { metadata: { format: "pt" }, ...(shardBytes === undefined ? {} : { shardBytes }) };
        files.push(...(await writeWeights(place, tensors, fill, options)).map(named));
      } else {
        await writeTorchFile(join(place, file), tensors, (name) => counted(tensors.get(name)!));
        files.push(named(file));
      }
      for (const [name, content] of Object.entries(json)) await writeAtomically(join(place, name), text(content, name));
    }
    await writeAtomically(join(temporary, EXPORT_FILE), text(exported));
  });
  return exported;
}

function requireWhole(model: string, { entries }: TensorStore): void {
  const packed = [...entries.keys()].filter((name) => name.endsWith(".packed"));
  if (packed.length === 0) return;
  throw new ExportError(
    `${model} holds ${packed.length} matrices in few bits, such as ${packed[0]!.replace(/\.packed$/, "")}; published checkpoints hold float32, float16 or bfloat16.`,
    "import the checkpoint again without --quantize and export that, or export with --format onnx, which keeps them packed",
  );
}

function text(value: unknown, name: string = EXPORT_FILE): string {
  return `${JSON.stringify(value, null, name === MODEL_FILES.tokenizer ? undefined : 2)}\n`;
}
