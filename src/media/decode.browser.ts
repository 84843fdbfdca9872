/**
 * Image files to pictures in a browser, with its own decoders. What is decoded is 8-bit RGB, upright (the EXIF orientation
 * is applied), transparent parts on white; colour profiles are ignored, as in Node.
 */
import { FlamingoError } from "../errors.js";
import { isWholeGif } from "./gif.js";
import {
  type DecodeOptions,
  kindOfImage,
  MAXIMUM_PIXELS,
  nameOf,
  OversizedImageError,
  UndecodableImageError,
} from "./image-file.js";
import type { Picture } from "./pixels.js";
import { kindInWords } from "./sniff.js";
import { fetchBytes } from "./source.browser.js";

/**
 * The picture in a PNG, JPEG, WebP or GIF file; of an animated one, the first frame.
 *
 * @param source  the bytes, or an address.
 * @throws {NotAnImageError} if the bytes are something else, and says what they look like.
 * @throws {UndecodableImageError} if the browser cannot decode them.
 * @throws {OversizedImageError} once its size is known, which here is after it was decoded.
 * @throws {MediaSourceError} if there is nothing to read at the address.
 */
export async function decodePicture(source: Uint8Array | string, options: DecodeOptions = {}): Promise<Picture> {
  const bytes = typeof source === "string" ? await fetchBytes(source, options) : source;
  const name = nameOf(source, options);
  const kind = kindOfImage(bytes, name);
  const maxPixels = options.maxPixels ?? MAXIMUM_PIXELS;
  try {
    if (kind === "gif" && !isWholeGif(bytes)) throw new Error("a GIF that ends inside a block");
    const bitmap = await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>]), {
      colorSpaceConversion: "none",
      premultiplyAlpha: "none",
      imageOrientation: "from-image",
    });
    try {
      const { width, height } = bitmap;
      if (width * height > maxPixels) throw new OversizedImageError(name, width, height, 1, maxPixels);
      return onWhite(bitmap);
    } finally {
      bitmap.close();
    }
  } catch (cause) {
    if (cause instanceof FlamingoError) throw cause;
    throw new UndecodableImageError(name, kindInWords(kind), bytes.length, (cause as Error).message, cause);
  }
}

function onWhite(bitmap: ImageBitmap): Picture {
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { alpha: false, willReadFrequently: true });
  if (context === null) throw new Error("the browser gives no canvas of this size");
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  const { data: rgba } = context.getImageData(0, 0, width, height);
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < data.length; from += 4) {
    data[to++] = rgba[from]!;
    data[to++] = rgba[from + 1]!;
    data[to++] = rgba[from + 2]!;
  }
  return { width, height, data };
}
