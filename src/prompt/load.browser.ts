/** Prompts in a browser: pictures from addresses, and from files that a person chose. */
import { decodePicture } from "../media/decode.browser.js";
import type { DecodeOptions } from "../media/image-file.js";
import type { Document } from "./document.js";
import { documentWith, type Prompt } from "./load.js";

/**
 * Brings the pictures of a prompt, all at once.
 * @throws {UsageError} for a piece that is none, naming its place (0-based).
 * @throws {MediaSourceError | NotAnImageError | UndecodableImageError | OversizedImageError} as `decodePicture`
 */
export function documentOf(prompt: Prompt, options: Omit<DecodeOptions, "name"> = {}): Promise<Document> {
  return documentWith(prompt, (source, name) =>
    decodePicture(source, name === undefined ? options : { ...options, name }),
  );
}
