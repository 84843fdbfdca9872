/**
 * Image files to pictures, and animated ones to the frames of a video.
 *
 * What is decoded is always 8-bit RGB: upright (the EXIF orientation is applied), transparent parts on white, 16 bits
 * cut to 8, greys and palettes and CMYK converted. Colour profiles inside a file are ignored, as Pillow ignores them:
 * published models were trained on the stored values.
 */

import sharp from "sharp";
import { FlamingoError } from "../errors.js";
import { Turns } from "../turns.js";
import { isWholeGif } from "./gif.js";
import {
  type DecodeOptions,
  kindOfImage,
  MAXIMUM_PIXELS,
  nameOf,
  OversizedImageError,
  UndecodableImageError,
} from "./image-file.js";
import { onWhite } from "./on-white.js";
import type { Picture } from "./pixels.js";
import { kindInWords } from "./sniff.js";
import { fetchOrRead } from "./source.node.js";

/** The frames of an animated file, and how long each is shown. */
export interface Frames {
  readonly frames: readonly Picture[];
  /** One for each frame; zero where the file does not say. */
  readonly durationsMs: readonly number[];
}

/**
 * The picture in a PNG, JPEG, WebP or GIF file; of an animated one, the first frame.
 *
 * The bytes decide, not the name: a JPEG called `.png` is decoded, a web page called `.jpg` is an error.
 *
 * @param source  the bytes, or where they are: a path, a web address, a `data:` URL.
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
  const name = nameOf(source, options);
  const kind = kindOfImage(bytes, name);
  const maxPixels = options.maxPixels ?? MAXIMUM_PIXELS;
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
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    const opaque = info.channels === 4 ? await new Turns().spread(onWhite(data), options.signal) : data;
    return { frames: cut(opaque, info.width, info.height / pages, pages), durationsMs: durations(header.delay, pages) };
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
