/**
 * From pictures to the numbers a vision encoder reads.
 */

import { type Pieces, withoutPause } from "../turns.js";
import type { Picture, Pixels } from "./pixels.js";
import {
  type Centre,
  centreCrop,
  type Filter,
  PictureSizeError,
  resizing,
  withLongEdge,
  withShortEdge,
} from "./resize.js";

/** Red, green and blue. */
export type Colour = readonly [number, number, number];

/** How pictures are fitted to a tower and normalised. */
export interface PixelsOptions {
  /** Width and height of what the encoder reads, in pixels. */
  readonly size: number;
  /** Taken from each channel once it is scaled to 0 to 1. */
  readonly mean: Colour;
  /** What each channel is divided by after that. */
  readonly deviation: Colour;
  /**
   * `pad`: the whole picture, aspect kept, centred, with the mean colour around it, as Flamingo does.
   * `crop`: the shorter edge fills the square and the ends of the longer one are cut off, as CLIP does.
   * `squash`: both edges fill the square, whatever the aspect was, as IDEFICS does.
   */
  readonly fit: "pad" | "crop" | "squash";
  /** For `crop`: pixels of the shorter edge before the crop; `size` unless told. */
  readonly shortEdge?: number;
  /** For `crop`: where the square lies that is not exactly in the middle; `half-even` unless told. */
  readonly centre?: Centre;
  readonly filter?: Filter;
}

/**
 * Fits each frame to a square and normalises it: `(value / 255 - mean) / deviation`.
 *
 * A frame that has the size already is not resampled. Padding is exactly zero, the mean colour after normalisation.
 *
 * @param frames  one picture for a still image, the sampled frames for a video; they may differ in size.
 * @returns  float32 `[frames, size, size, 3]`.
 * @throws {PictureSizeError} if there is no frame, or a frame has no pixels.
 * @source arXiv:2204.14198, training details and model card: 320 pixels, aspect kept, padded with the mean
 */
export function toPixels(frames: readonly Picture[], options: PixelsOptions): Pixels {
  return withoutPause(pixelsInPieces(frames, options));
}

/** As `toPixels`, in pieces: for a thread that others wait for. The frames must not change meanwhile. */
export function* pixelsInPieces(frames: readonly Picture[], options: PixelsOptions): Pieces<Pixels> {
  if (frames.length === 0) {
    throw new PictureSizeError(
      "An image or a video with no frame at all was given.",
      "give one picture, or at least one frame",
    );
  }
  const { size, mean, deviation } = options;
  const levels = new Float32Array(256 * 3);
  for (let i = 0; i < levels.length; i++) {
    levels[i] = (Math.floor(i / 3) / 255 - mean[(i % 3) as 0]!) / deviation[(i % 3) as 0]!;
  }
  const data = new Float32Array(frames.length * size * size * 3);
  for (const [n, frame] of frames.entries()) {
    const fitted = yield* fittingToSquare(frame, options);
    const left = Math.floor((size - fitted.width) / 2);
    const top = Math.floor((size - fitted.height) / 2);
    for (let y = 0; y < fitted.height; y++) {
      const at = ((n * size + top + y) * size + left) * 3;
      const from = y * fitted.width * 3;
      for (let i = 0; i < fitted.width * 3; i++) data[at + i] = levels[fitted.data[from + i]! * 3 + (i % 3)]!;
    }
    yield;
  }
  return { frames: frames.length, height: size, width: size, data };
}

/** A frame as `toPixels` fits it, before the mean colour is put around it and taken out: to change it at its final size. */
export function fitted(frame: Picture, options: PixelsOptions): Picture {
  return withoutPause(fittingToSquare(frame, options));
}

/** No side longer than `size`; but with `pad`, both exactly `size`. */
function* fittingToSquare(frame: Picture, options: PixelsOptions): Pieces<Picture> {
  const { size, fit, filter, shortEdge = size, centre } = options;
  if (frame.width < 1 || frame.height < 1) {
    throw new PictureSizeError(
      `A frame of ${frame.width} x ${frame.height} pixels was given.`,
      "leave out frames without pixels",
    );
  }
  if (fit === "squash") return yield* resizing(frame, size, size, filter);
  const { width, height } = fit === "pad" ? withLongEdge(frame, size) : withShortEdge(frame, shortEdge);
  const resized = yield* resizing(frame, width, height, filter);
  return fit === "pad" ? resized : centreCrop(resized, size, size, centre);
}
