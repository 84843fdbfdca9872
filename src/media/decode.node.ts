/**
 * Image files to pictures, and animated ones to the frames of a video.
 *
 * What is decoded is always 8-bit RGB: upright (the EXIF orientation is applied), transparent parts on white, 16 bits
 * cut to 8, greys and palettes and CMYK converted. Colour profiles inside a file are ignored, as Pillow ignores them:
 * published models were trained on the stored values.
 */

import { basename } from "node:path";
import sharp from "sharp";
import { FlamingoError } from "../errors.js";
import { isWholeGif } from "./gif.js";
import type { Picture } from "./pixels.js";
import { kindInWords, sniff } from "./sniff.js";
import { fetchOrRead, type SourceOptions } from "./source.node.js";

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

export interface DecodeOptions extends SourceOptions {
  /** What errors call the picture; its path or "the image" unless told. */
  readonly name?: string;
  /** Most pixels decoded, all frames together: 64 million unless told. */
  readonly maxPixels?: number;
}

/** The frames of an animated file, and how long each is shown. */
export interface Frames {
  readonly frames: readonly Picture[];
  /** One for each frame; zero where the file does not say. */
  readonly durationsMs: readonly number[];
}

const READ = ["png", "jpeg", "webp", "gif"];

/**
 * The picture in a PNG, JPEG, WebP or GIF file; of an animated one, the first frame.
 *
 * The bytes decide, not the name: a JPEG called `.png` is decoded, a web page called `.jpg` is an error.
 *
 * @param source  the bytes, or what `fetchOrRead` takes: a path, a web address, a `data:` URL.
 * @throws {NotAnImageError} if the bytes are something else, and says what they look like.
 * @throws {UndecodableImageError} if any part of the image is missing: half a picture would be described as a whole one.
 * @throws {OversizedImageError} before any pixel is decoded.
 * @throws {MediaSourceError} if there is nothing to read at the path or address.
 */
export async function decodePicture(source: Uint8Array | string, options: DecodeOptions = {}): Promise<Picture> {
  return (await decode(source, options, false)).frames[0]!;
}

/** All frames of an animated GIF or WebP, in order; of a still image, one. Errors as for `decodePicture`. */
export async function decodeFrames(source: Uint8Array | string, options: DecodeOptions = {}): Promise<Frames> {
  return decode(source, options, true);
}

/** An image if the file holds one frame, a video if it holds more: a medium of a document. Errors as for `decodePicture`. */
export async function decodeMedium(
  source: Uint8Array | string,
  options: DecodeOptions = {},
): Promise<{ readonly image: Picture } | { readonly video: readonly Picture[] }> {
  const { frames } = await decode(source, options, true);
  return frames.length === 1 ? { image: frames[0]! } : { video: frames };
}

async function decode(source: Uint8Array | string, options: DecodeOptions, animated: boolean): Promise<Frames> {
  const bytes = typeof source === "string" ? await fetchOrRead(source, options) : source;
  const name = options.name ?? (typeof source === "string" && !/^data:/i.test(source) ? source : "The image");
  const kind = sniff(bytes);
  if (!READ.includes(kind)) throw notAnImage(name, kind);
  const maxPixels = options.maxPixels ?? 64_000_000;
  try {
    if (kind === "gif" && !isWholeGif(bytes)) throw new Error("a GIF that ends inside a block");
    const open = { failOn: "error", animated, limitInputPixels: false, ignoreIcc: true, sequentialRead: true } as const;
    const header = await sharp(bytes, open).metadata();
    const pages = animated ? (header.pages ?? 1) : 1;
    const height = header.pageHeight ?? header.height;
    if (header.width * height * pages > maxPixels) {
      throw new OversizedImageError(name, header.width, height, pages, maxPixels);
    }
    const { data, info } = await sharp(bytes, open)
      .autoOrient()
      .flatten({ background: "#ffffff" })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { frames: cut(data, info.width, info.height / pages, pages), durationsMs: durations(header.delay, pages) };
  } catch (cause) {
    if (cause instanceof FlamingoError) throw cause;
    const detail = (cause as Error).message.split("\n")[0]!.replace("Input buffer has corrupt header: ", "");
    throw new UndecodableImageError(name, kindInWords(kind), bytes.length, detail, cause);
  }
}

/** Frames lie below one another in what the decoder gives. */
function cut(data: Uint8Array, width: number, height: number, pages: number): Picture[] {
  const length = width * height * 3;
  return Array.from({ length: pages }, (_, n) => ({
    width,
    height,
    // Views: a copy of a photograph would hold up the thread for longer than a frame of a film.
    data: new Uint8Array(data.buffer, data.byteOffset + n * length, length),
  }));
}

function durations(delays: readonly number[] | undefined, pages: number): number[] {
  return Array.from({ length: pages }, (_, n) => delays?.[n] ?? 0);
}

function notAnImage(name: string, kind: ReturnType<typeof sniff>): NotAnImageError {
  const extension = /\.(\w{2,5})$/.exec(basename(name))?.[1];
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
