/** A model as the two ONNX files that answer: for programs that know neither Flamingo nor this library. */
import { constants } from "node:fs";
import { copyFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { saying, writeAtomically } from "../atomic.node.js";
import { EXPORT_FILE, makeExportFolder } from "../checkpoints/export-folder.node.js";
import { MODEL_FILES } from "../checkpoints/model-files.js";
import { writeOnnxFile } from "../checkpoints/onnx.node.js";
import { storedFlamingo } from "../checkpoints/stored-flamingo.node.js";
import type { Graph } from "../graph/index.js";
import type { PixelsOptions } from "../media/normalise.js";
import { preprocessorJson } from "../media/preprocessor.js";
import { bind } from "../nn/layers.js";
import { lookGraph, readGraph } from "./graphs.js";
import { graphsReadme } from "./graphs-readme.js";

/** What was written. */
export interface ExportedGraphs {
  readonly format: "onnx";
  readonly model: string;
  /** The two graphs and the files with their weights. */
  readonly files: readonly string[];
  /** Bytes of the files with weights. */
  readonly bytes: number;
}

/**
 * Writes a model as `look.onnx`, which reads a still image, and `read.onnx`, which reads text, beside a copy of its weights,
 * into which both point; with its configuration, its tokenizer and a README of inputs and outputs. The folder appears whole
 * or not at all, and is a model folder too.
 *
 * @param model  a model folder; its weights may be in few bits
 * @throws {OutputError} if the place cannot be written, holds other things, or the disk is full
 * @throws {UsageError} if the place is the model's own
 * @throws as `storedFlamingo`
 */
export async function exportGraphs(
  model: string,
  out: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ExportedGraphs> {
  const { config, params, weights } = await storedFlamingo(model);
  const bound = bind(params, "");
  const graphs: Readonly<Record<string, Graph>> = { look: lookGraph(bound, config, 1), read: readGraph(bound, config) };
  const held = [...new Set([...weights.values()].flatMap((weight) => ("location" in weight ? [weight.location] : [])))];
  const sizes = await Promise.all(held.map(async (file) => (await stat(join(model, file))).size));
  const exported: ExportedGraphs = {
    format: "onnx",
    model: config.name,
    files: [...Object.keys(graphs).map((name) => `${name}.onnx`), ...held],
    bytes: sizes.reduce((sum, size) => sum + size, 0),
  };
  const pixels = { fit: "pad", ...config.normalisation, size: config.vision.size } as PixelsOptions;
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  await makeExportFolder(model, out, async (temporary) => {
    const index = held.length > 1 ? [MODEL_FILES.index] : [];
    for (const file of [...held, ...index, MODEL_FILES.config, MODEL_FILES.tokenizer]) {
      signal?.throwIfAborted();
      const to = join(temporary, file);
      await saying(to, () => copyFile(join(model, file), to, constants.COPYFILE_FICLONE));
    }
    for (const [name, graph] of Object.entries(graphs))
      await writeOnnxFile(join(temporary, `${name}.onnx`), graph, weights);
    await writeAtomically(join(temporary, MODEL_FILES.preprocessor), json(preprocessorJson(pixels)));
    await writeAtomically(join(temporary, "README.md"), graphsReadme(config, graphs));
    await writeAtomically(join(temporary, EXPORT_FILE), json(exported));
  });
  return exported;
}
