/** What an image file may be, and how it may fail, whoever decodes it. */
import { FlamingoError } from "../errors.js";
import { type Kind, kindInWords, sniff } from "./sniff.js";
import type { SourceOptions } from "./source.js";

/** The bytes are no image, or an image of a kind we do not read. */
export class NotAnImageError extends FlamingoError {
  readonly code = "MEDIA_NOT_AN_IMAGE";
}

/** The bytes begin as an image, and are cut short or damaged. */
export class UndecodableImageError extends FlamingoError {
  readonly code = "MEDIA_UNDECODABLE";
  constructor(name: string, kind: string, bytes: number, detail: string, cause: unknown) {
    super(
      `${name} begins as ${kind} of ${bytes} bytes and cannot be decoded: it is cut short or damaged (${detail}).`,
      "download or export the picture again; if a viewer opens it, save it anew from there as PNG",
      { cause },
    );
  }
}

/** The image would take more memory than the caller allows. */
export class OversizedImageError extends FlamingoError {
  readonly code = "MEDIA_OVERSIZED";
  constructor(name: string, width: number, height: number, frames: number, maxPixels: number) {
    const each = `${width} x ${height}`;
    const size =
      frames === 1 ? `${each} = ${width * height}` : `${frames} frames of ${each} = ${frames * width * height}`;
    super(`${name} is ${size} pixels, more than the ${maxPixels} allowed.`, "make it smaller, or raise maxPixels");
  }
}

/** How a picture is read and decoded. */
export interface DecodeOptions extends SourceOptions {
  /** What errors call the picture; its path or "the image" unless told. */
  readonly name?: string;
  /** Most pixels decoded, all frames together: 64 million unless told. */
  readonly maxPixels?: number;
}

/** Most pixels decoded, unless told. */
export const MAXIMUM_PIXELS = 64_000_000;

const READ: readonly Kind[] = ["png", "jpeg", "webp", "gif"];

/** What errors call a picture. @param source  where it is from */
export function nameOf(source: Uint8Array | string, { name }: DecodeOptions): string {
  return name ?? (typeof source === "string" && !/^data:/i.test(source) ? source : "The image");
}

/**
 * The kind of an image file, which its bytes decide and not its name.
 * @throws {NotAnImageError} if the bytes are something else, and says what they look like.
 */
export function kindOfImage(bytes: Uint8Array, name: string): Kind {
  const kind = sniff(bytes);
  if (!READ.includes(kind)) throw notAnImage(name, kind);
  return kind;
}

function notAnImage(name: string, kind: Kind): NotAnImageError {
  const extension = /\.(\w{2,5})$/.exec(name)?.[1];
  const called = extension === undefined ? "" : `, though it is called .${extension}`;
  const mend = {
    html: "the address gave a page about the picture, or an error page: find the picture's own address",
    mp4: "decode it as a video",
    webm: "decode it as a video",
    empty: "download or export the picture again",
  }[kind as string];
  return new NotAnImageError(
    `${name} holds ${kindInWords(kind)}${called}; PNG, JPEG, WebP and GIF images are read.`,
    mend ?? "give a PNG, JPEG, WebP or GIF image, or convert this one",
  );
}
