/**
 * `flamingo-ts/conversion`: published checkpoints become model folders, with an account of every tensor.
 *
 *     import { importModel } from "flamingo-ts/conversion";
 *
 *     const { report } = await importModel("hf:HuggingFaceM4/idefics-9b", "models/idefics-9b", { keep: "int4" });
 */
export type { FetchEvent } from "../checkpoints/hub/events.js";
export type { Dtype } from "../checkpoints/safetensors.js";
export { FamilyError, ImportError } from "./errors.js";
export { type Imported, type ImportOptions, importModel, type Keeping } from "./import.node.js";
export type { Kind, RecogniseOptions } from "./recognise.node.js";
export type { ImportReport, Left, Missing, Reshaped, Role, Used } from "./report.js";
export type { BringOptions } from "./source.node.js";
