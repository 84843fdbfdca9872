/**
 * Flamingo as a library: images and text in, text out.
 *
 *     import { image, openFlamingo } from "flamingo-ts";
 *
 *     const flamingo = await openFlamingo();
 *     const { text } = await flamingo.generate([
 *       image("a.png"), "Output: a red apple",
 *       image("b.png"), "Output: a dog",
 *       image("c.png"), "Output:",
 *     ]);
 *     await flamingo.close();
 *
 * With TypeScript 5.2, or a runtime that has it, `await using flamingo = await openFlamingo()` closes by itself.
 */

export type { FlamingoFile } from "./checkpoints/flamingo-file.js";
export {
  type OnnxFile,
  type OnnxFileOptions,
  readOnnxFile,
  storedWeights,
  writeOnnxFile,
} from "./checkpoints/onnx.node.js";
export { readSafetensors, type Tensor } from "./checkpoints/safetensors.js";
export { type SafetensorsOptions, type SavedDtype, writeSafetensors } from "./checkpoints/safetensors-write.js";
export { FlamingoError, ReleasedError, UsageError } from "./errors.js";
export type { EngineOptions } from "./generation/engine.js";
export type { HeldEngineOptions } from "./generation/engine.node.js";
export { type OpenOptions, openFlamingo } from "./generation/flamingo.node.js";
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
export { decodeFrames, decodePicture, type Frames } from "./media/decode.node.js";
export type { DecodeOptions } from "./media/image-file.js";
export type { Picture } from "./media/pixels.js";
export type { SourceKind, SourceOptions } from "./media/source.js";
export type { ChunkEnd, Document, Medium, Segment } from "./prompt/document.js";
export { type ImageSource, image, type Prompt, type PromptPiece } from "./prompt/load.js";
export { documentOf } from "./prompt/load.node.js";
export { ThreadEndedError } from "./runtime/thread-errors.js";
export { type Owned, Scope } from "./scope.js";
export type { TextPlace, Tokenizer } from "./text/tokenizer.js";
