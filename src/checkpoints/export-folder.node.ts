/** Folders that hold a model in a form for other programs. */
import { resolve, sep } from "node:path";
import { replaceFolder } from "../atomic.node.js";
import { UsageError } from "../errors.js";
import { isWeightFile } from "./shards.js";

/** By this file an export is known, and replaced by another; it says what is in it. */
export const EXPORT_FILE = "export.json";

/**
 * Makes the folder of an export, in place of an older one.
 * @throws {UsageError} if it is the model's own, or inside it
 * @throws {OutputError} if it cannot be written, or holds something else
 */
export async function makeExportFolder(
  model: string,
  out: string,
  make: (temporary: string) => Promise<void>,
): Promise<void> {
  const [from, to] = [resolve(model), resolve(out)];
  if (from === to || to.startsWith(from + sep) || from.startsWith(to + sep))
    throw new UsageError(
      `The export would stand in ${out}, and the model is in ${model}.`,
      "choose a folder that is neither the model's nor inside or around it",
    );
  await replaceFolder(to, EXPORT_FILE, make, isOutdated);
}

/** Whether a file of an older export, by its name, speaks of that one's weights. */
function isOutdated(name: string): boolean {
  return isWeightFile(name) || name === "language" || name === "vision" || /\.(pt|onnx|data)$/.test(name);
}
