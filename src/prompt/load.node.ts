/** Prompts in Node: pictures from files, addresses and bytes. */
import { decodePicture } from "../media/decode.node.js";
import type { DecodeOptions } from "../media/image-file.js";
import type { Document } from "./document.js";
import { documentWith, type Prompt } from "./load.js";

/**
 * Brings the pictures of a prompt, all at once.
 * @param options  what may be read, and how much of it. A server that takes prompts from strangers must leave out files.
 * @throws {UsageError} for a piece that is none, naming its place (0-based).
 * @throws {MediaSourceError | NotAnImageError | UndecodableImageError | OversizedImageError} as `decodePicture`
 */
export function documentOf(prompt: Prompt, options: Omit<DecodeOptions, "name"> = {}): Promise<Document> {
  return documentWith(prompt, (source, name) =>
    decodePicture(source, name === undefined ? options : { ...options, name }),
  );
}
