/**
 * Decoded pictures as every room passes them.
 */

/** An 8-bit RGB picture: `data` is `[height, width, 3]`, row by row, sRGB, 0 to 255. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** What the vision encoder reads: float32 `[frames, height, width, 3]`, the encoder's mean and deviation removed. */
export interface Pixels {
  readonly frames: number;
  readonly height: number;
  readonly width: number;
  readonly data: Float32Array;
}
