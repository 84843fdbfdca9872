/**
 * Flamingo in a browser: `flamingo-ts/browser`. As in Node, but that a model comes from an address.
 *
 *     import { image, openFlamingo } from "flamingo-ts/browser";
 *
 *     const flamingo = await openFlamingo("/models/nano/");
 *     const { text } = await flamingo.generate([image(await file.bytes()), "Output:"]);
 */
export { FlamingoError, ReleasedError, UsageError } from "./errors.js";
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
export { decodePicture } from "./media/decode.browser.js";
export type { DecodeOptions } from "./media/image-file.js";
export type { Picture } from "./media/pixels.js";
export type { ChunkEnd, Document, Medium, Segment } from "./prompt/document.js";
export { documentOf } from "./prompt/load.browser.js";
export { type ImageSource, image, type Prompt, type PromptPiece } from "./prompt/load.js";
export { ThreadEndedError } from "./runtime/thread-errors.js";
export { Scope } from "./scope.js";
