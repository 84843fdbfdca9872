/**
 * Flamingo in a browser: `flamingo-ts/browser`. As in Node, but that a model comes from an address.
 *
 *     import { image, openFlamingo } from "flamingo-ts/browser";
 *
 *     const flamingo = await openFlamingo("/models/nano/");
 *     const { text } = await flamingo.generate([image(await file.bytes()), "Output:"]);
 */
export type { FlamingoFile } from "./checkpoints/flamingo-file.js";
export { FlamingoError, ReleasedError, UsageError } from "./errors.js";
export type { EngineOptions } from "./generation/engine.js";
export { type OpenOptions, openFlamingo } from "./generation/flamingo.browser.js";
export type {
  Answer,
  AskOptions,
  FlamingoModel,
  GenerateOptions,
  Ranking,
  ReadPrompt,
  Timings,
} from "./generation/flamingo-model.js";
export type { Finished, Generated } from "./generation/stop.js";
export type { ThreadState } from "./generation/thread-state.js";
export { decodePicture } from "./media/decode.browser.js";
export type { DecodeOptions } from "./media/image-file.js";
export type { Picture } from "./media/pixels.js";
export type { SourceKind, SourceOptions } from "./media/source.js";
export type { ChunkEnd, Document, Medium, Segment } from "./prompt/document.js";
export { documentOf } from "./prompt/load.browser.js";
export { type ImageSource, image, type Prompt, type PromptPiece } from "./prompt/load.js";
export {
  type CompileOptions,
  type Device,
  fromOnnx,
  type PortableGraph,
  type Program,
  portable,
  type Runtime,
  type Tensor,
} from "./runtime/contract.js";
export { browserRuntime } from "./runtime/onnx.browser.js";
export { ThreadEndedError } from "./runtime/thread-errors.js";
export { type Owned, Scope } from "./scope.js";
export type { TextPlace, Tokenizer } from "./text/tokenizer.js";
