/** Checkpoints of real size whose numbers are all zero, and which take no room on most disks. */
import { mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { NameRow } from "../../src/checkpoints/names/table.js";
import type { Dtype } from "../../src/checkpoints/safetensors.js";
import { type DeclaredTensor, planSafetensors } from "../../src/checkpoints/safetensors-write.js";
import { flatten } from "../../src/nn/parameters.js";

/** Writes a folder with a model's tensors under the names of a table, and whatever else is given. */
export async function sparseFolder(
  folder: string,
  { tree, rows, dtype = "F16" }: { readonly tree: unknown; readonly rows: readonly NameRow[]; readonly dtype?: Dtype },
  files: Readonly<Record<string, string>>,
): Promise<string> {
  const parameters = flatten(tree);
  const declared = new Map<string, DeclaredTensor>();
  for (const { ours, theirs, layout } of rows)
    declared.set(theirs, { dtype, shape: layout(parameters.get(ours)!.shape).theirs });
  const { header, size } = planSafetensors(declared);
  await mkdir(folder, { recursive: true });
  const file = await open(join(folder, "model.safetensors"), "w");
  await file.write(header);
  await file.truncate(size);
  await file.close();
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}
