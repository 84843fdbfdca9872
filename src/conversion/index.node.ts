/**
 * `flamingo-ts/conversion`: published checkpoints become model folders, with an account of every tensor; model folders go
 * back to where Python reads them; and a new Flamingo is made around two towers.
 *
 *     import { importModel } from "flamingo-ts/conversion";
 *
 *     const { report } = await importModel("hf:HuggingFaceM4/idefics-9b", "models/idefics-9b", { keep: "int4" });
 */
export type { HoldOptions, Keeping } from "../checkpoints/held-weights.node.js";
export type { FetchEvent } from "../checkpoints/hub/events.js";
export type { Dtype } from "../checkpoints/safetensors.js";
export { ExportError, FamilyError, ImportError } from "./errors.js";
export {
  type Exported,
  type ExportOptions,
  exportModel,
  PUBLISHED_FORMATS,
  type PublishedFormat,
} from "./export.node.js";
export { type Imported, type ImportOptions, importModel } from "./import.node.js";
export { type NewFlamingo, type NewOptions, newFlamingo } from "./new.node.js";
export type { Kind, RecogniseOptions } from "./recognise.node.js";
export type { ImportReport, Left, Missing, Reshaped, Role, Used } from "./report.js";
export type { BringOptions } from "./source.node.js";
