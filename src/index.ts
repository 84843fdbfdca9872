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
export {
  type OnnxFile,
  type OnnxFileOptions,
  readOnnxFile,
  storedWeights,
  writeOnnxFile,
} from "./checkpoints/onnx.node.js";
export { readSafetensors, type SafetensorsOptions, writeSafetensors } from "./checkpoints/safetensors.js";
export { FlamingoError, UsageError } from "./errors.js";
export {
  type Answer,
  type FlamingoModel,
  type GenerateOptions,
  openFlamingo,
  type Ranking,
  type ReadPrompt,
  type Timings,
} from "./generation/flamingo.node.js";
export { type DecodeOptions, decodeFrames, decodePicture, type Frames } from "./media/decode.node.js";
export type { Picture } from "./media/pixels.js";
export type { ChunkEnd, Document, Medium, Segment } from "./prompt/document.js";
export { documentOf, type ImageSource, image, type Prompt, type PromptPiece } from "./prompt/load.node.js";
