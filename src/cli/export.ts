/** `flamingo export`: a model folder becomes what other programs read. */
import { EXPORT_FILE } from "../checkpoints/export-folder.node.js";
import { inUnits } from "../checkpoints/hub/disk.node.js";
import { type Exported, exportModel } from "../conversion/export.node.js";
import { UsageError } from "../errors.js";
import { type ExportedGraphs, exportGraphs } from "../generation/export.node.js";
import { EMBEDDED } from "../generation/flamingo.node.js";
import { EXPORT_FORMATS } from "./commands.js";
import type { Io } from "./io.js";
import { tellWriting } from "./progress.js";

export interface ExportFlags {
  readonly model?: string;
  readonly format?: (typeof EXPORT_FORMATS)[number];
  readonly out?: string;
  readonly json?: boolean;
}

/** Exports. @throws as `exportModel` and `exportGraphs`; {UsageError} without a format or a place */
export async function exportCommand(_: readonly string[], flags: ExportFlags, io: Io): Promise<undefined> {
  const { model = EMBEDDED, format, out } = flags;
  if (format === undefined || out === undefined)
    throw new UsageError(
      format === undefined ? "There is no format to export in." : "There is no place for the export.",
      `name a format of ${EXPORT_FORMATS.join(", ")} and a folder: flamingo export --model models/name --format onnx --out name-onnx`,
    );
  const writing = tellWriting(io, out);
  const exported = await (async () => {
    try {
      return format === "onnx"
        ? await exportGraphs(model, out)
        : await exportModel(model, format, out, { onWritten: writing.tell });
    } finally {
      writing.end();
    }
  })();
  io.out(flags.json ? `${JSON.stringify(exported)}\n` : inWords(exported, out));
  return undefined;
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
