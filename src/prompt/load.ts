/** A prompt as a program writes it: a document whose pictures may still be files, addresses or bytes. */
import { UsageError } from "../errors.js";
import type { Picture } from "../media/pixels.js";
import type { ChunkEnd, Document, Segment } from "./document.js";

/** A picture that is decoded already, or where it is to be had: a path, an address, the bytes of an image file. */
export type ImageSource = Picture | Uint8Array | string | URL;

/** One piece of a prompt. A bare string is text; a file is named with `image("cat.png")`. */
export type PromptPiece =
  | string
  | { readonly text: string }
  | { readonly image: ImageSource }
  | { readonly video: readonly ImageSource[] }
  | ChunkEnd;

/** Text and pictures in reading order. Every `Document` is one. */
export type Prompt = readonly PromptPiece[];

/**
 * A picture in a prompt. It is read and decoded when the prompt is.
 * @param source  a path from the working folder, an `http(s):`, `file:` or `data:` address, the bytes of a PNG, JPEG,
 *   WebP or GIF, or a decoded picture.
 */
export function image(source: ImageSource): { readonly image: ImageSource } {
  return { image: source };
}

/** Brings a picture from where it is to be had. @param name  what errors call bytes, which have no name of their own */
export type Decode = (source: Uint8Array | string, name: string | undefined) => Promise<Picture>;

/**
 * Brings the pictures of a prompt, all at once.
 * @throws {UsageError} for a piece that is none, naming its place (0-based).
 * @throws whatever `decode` throws
 */
export async function documentWith(prompt: Prompt, decode: Decode): Promise<Document> {
  if (!Array.isArray(prompt))
    throw new UsageError("The prompt is not a list.", 'give a list such as [image("cat.png"), "Output:"]');
  const bring = (source: ImageSource, place: number): Promise<Picture> | Picture => {
    if (source instanceof URL) return decode(source.href, undefined);
    if (typeof source === "string") return decode(source, undefined);
    if (source instanceof Uint8Array) return decode(source, `The image in piece ${place} of the prompt`);
    if (source?.data instanceof Uint8Array) return source;
    throw strange(place, source);
  };
  return Promise.all(
    prompt.map(async (piece, place): Promise<Segment> => {
      if (typeof piece === "string") return { text: piece };
      if (typeof piece !== "object" || piece === null) throw strange(place, piece);
      if ("image" in piece) return { image: await bring(piece.image, place) };
      if ("video" in piece)
        return { video: await Promise.all(piece.video.map((frame: ImageSource) => bring(frame, place))) };
      if ("endOfChunk" in piece || typeof piece.text === "string") return piece;
      throw strange(place, piece);
    }),
  );
}

function strange(place: number, found: unknown): UsageError {
  const what = typeof found === "object" && found !== null ? `{ ${Object.keys(found).join(", ")} }` : String(found);
  return new UsageError(
    `Piece ${place} of the prompt is ${what}, neither text nor a picture.`,
    'give text as a string, and a picture as image("cat.png")',
  );
}
