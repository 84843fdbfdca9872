/** `flamingo export`: a model folder becomes what other programs read. */
import { EXPORT_FILE } from "../checkpoints/export-folder.node.js";
import { inUnits } from "../checkpoints/hub/disk.node.js";
import { type Exported, exportModel } from "../conversion/export.node.js";
import { UsageError } from "../errors.js";
import { type ExportedGraphs, exportGraphs } from "../generation/export.node.js";
import { EMBEDDED } from "../generation/flamingo.node.js";
import { EXPORT_FORMATS } from "./commands.js";
import { INTERRUPTED, unlessInterrupted } from "./interruption.js";
import type { Io } from "./io.js";

export interface ExportFlags {
  readonly model?: string;
  readonly format?: (typeof EXPORT_FORMATS)[number];
  readonly out?: string;
  readonly json?: boolean;
}

/**
 * Exports; an interruption leaves nothing of it.
 * @throws as `exportModel` and `exportGraphs`; {UsageError} without a format or a place
 */
export async function exportCommand(_: readonly string[], flags: ExportFlags, io: Io): Promise<number> {
  const { model = EMBEDDED, format, out } = flags;
  if (format === undefined || out === undefined)
    throw new UsageError(
      format === undefined ? "There is no format to export in." : "There is no place for the export.",
      `name a format of ${EXPORT_FORMATS.join(", ")} and a folder: flamingo export --model models/name --format onnx --out name-onnx`,
    );
  const exported = await unlessInterrupted<Exported | ExportedGraphs>(io, out, (options) =>
    format === "onnx" ? exportGraphs(model, out, options) : exportModel(model, format, out, options),
  );
  if (exported === undefined) return INTERRUPTED;
  io.out(flags.json ? `${JSON.stringify(exported)}\n` : inWords(exported, out));
  return 0;
}

function inWords(exported: Exported | ExportedGraphs, out: string): string {
  const { model, files, bytes } = exported;
  return [
    `${model} in ${out}: ${files.join(", ")} of ${inUnits(bytes)}`,
    ...(exported.format === "onnx"
      ? [`Inputs and outputs: ${out}/README.md`]
      : [
          ...(exported.notes.length > 0 ? ["OpenFlamingo's own code reads it with:"] : []),
          ...exported.notes.map((note) => `  ${note}`),
          `Every tensor: ${out}/${EXPORT_FILE}`,
        ]),
    "",
  ].join("\n");
}
