/** What a Flamingo's folder holds, told by the headers of its weights: a model of any size is looked at without reading it. */
import { quantisedShapes } from "../graph/index.js";
import { shapesOf } from "../model/parts.js";
import { sizeOf } from "../nn/parameters.js";
import { schemeOf } from "../nn/quantised.js";
import { type Fault, WeightsMismatchError } from "./errors.js";
import type { DescribedFlamingo } from "./flamingo-file.js";
import { describeFlamingo } from "./flamingo-folder.node.js";
import { MODEL_FILES } from "./model-files.js";
import type { TensorStore } from "./store.js";
import { openTensorStore } from "./store.node.js";

/** A Flamingo whose weights were found and not read. */
export interface OutlinedFlamingo extends DescribedFlamingo {
  readonly weights: TensorStore;
  /** How many parameters the files hold in each format: `F16`, `int4`. */
  readonly formats: Readonly<Record<string, number>>;
}

/**
 * Looks at a Flamingo, whose weights may be in several files and in few bits.
 * @throws {WeightsMismatchError} with every tensor that is missing, too many or misshapen
 * @throws as `describeFlamingo` and `openTensorStore`
 */
export async function outlineFlamingo(folder: string): Promise<OutlinedFlamingo> {
  const described = await describeFlamingo(folder);
  const weights = await openTensorStore(folder, [MODEL_FILES.weights, MODEL_FILES.index]);
  const formats: Record<string, number> = {};
  const faults: Fault[] = [];
  const met = new Set<string>();
  const meet = (name: string, expected: readonly number[]) => {
    met.add(name);
    const found = weights.entries.get(name)?.shape;
    if (found === undefined) faults.push({ kind: "missing", name, expected });
    else if (`${found}` !== `${expected}`) faults.push({ kind: "shape", name, expected, found });
  };
  for (const [path, shape] of shapesOf(described.config)) {
    const packed = weights.entries.get(`${path}.packed`);
    const scheme = packed === undefined ? undefined : schemeOf(shape, packed.shape);
    const format = scheme === undefined ? weights.entries.get(path)?.dtype : `int${scheme.bits}`;
    if (format !== undefined) formats[format] = (formats[format] ?? 0) + sizeOf(shape);
    if (scheme === undefined) meet(path, shape);
    else {
      const parts = quantisedShapes(shape as [number, number], scheme);
      meet(`${path}.packed`, parts.packed);
      meet(`${path}.scales`, parts.scales);
    }
  }
  for (const [name, { shape: found }] of weights.entries)
    if (!met.has(name)) faults.push({ kind: "extra", name, found });
  if (faults.length > 0) throw new WeightsMismatchError(faults);
  return { ...described, weights, formats };
}
