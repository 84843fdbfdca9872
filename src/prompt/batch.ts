/** Sequences of different lengths become the arrays that a model reads. */
import { UsageError } from "../errors.js";
import type { Pixels } from "../media/pixels.js";
import type { Medium } from "./document.js";
import { MediaCountError, PixelShapeError, PromptLimitError } from "./errors.js";
import type { Interleaved } from "./interleave.js";

/** Sequences side by side, padded on the right. */
export interface PromptBatch {
  readonly batch: number;
  /** Tokens of every row, padding included. */
  readonly text: number;
  /** Media of every row, padding included; never 0, so that the arrays always have that axis. */
  readonly media: number;
  /** `[batch, text]` */
  readonly tokens: Int32Array;
  /** `[batch, text]`: 0 none, n the n-th medium of the row. 0 on padding. */
  readonly lastMedia: Int32Array;
  /** `[batch, text]`: 1 where the token is to be predicted. 0 on padding. */
  readonly lossMask: Float32Array;
  /** `[batch]`: tokens of every row without padding. */
  readonly lengths: Int32Array;
  /** The media of every row, without padding. */
  readonly mediaOf: readonly (readonly Medium[])[];
}

/** How a batch is padded. */
export interface AssembleOptions {
  /** The token that fills a row's end. Never learnt. */
  readonly padId: number;
  /** Tokens of a row. The longest one's unless told. */
  readonly length?: number;
  /** Media of a row. The most that a row has unless told. */
  readonly media?: number;
}

/**
 * Puts sequences side by side. A padded medium is one that no token looks at.
 * @throws {PromptLimitError} if a sequence has more tokens or media than there is room for: nothing is cut here.
 * @throws {MediaCountError} if a token looks at a medium that did not come with its sequence.
 */
export function assemble(
  items: readonly Pick<Interleaved, "tokens" | "lastMedia" | "lossMask" | "media">[],
  options: AssembleOptions,
): PromptBatch {
  if (items.length === 0) throw new UsageError("A batch of no sequences was asked for.", "give at least one");
  const text = options.length ?? Math.max(...items.map(({ tokens }) => tokens.length));
  const media = options.media ?? Math.max(1, ...items.map((item) => item.media.length));
  const tokens = new Int32Array(items.length * text).fill(options.padId);
  const lastMedia = new Int32Array(items.length * text);
  const lossMask = new Float32Array(items.length * text);
  items.forEach((item, row) => {
    if (item.tokens.length > text) throw new PromptLimitError("tokens", item.tokens.length, text);
    if (item.media.length > media) throw new PromptLimitError("media", item.media.length, media);
    const looked = item.lastMedia.reduce((most, n) => Math.max(most, n), 0);
    if (looked > item.media.length) throw new MediaCountError(looked, item.media.length);
    tokens.set(item.tokens, row * text);
    lastMedia.set(item.lastMedia, row * text);
    lossMask.set(item.lossMask, row * text);
  });
  const lengths = Int32Array.from(items, (item) => item.tokens.length);
  return { batch: items.length, text, media, tokens, lastMedia, lossMask, lengths, mediaOf: items.map((i) => i.media) };
}

/** The pixels of a batch, padded media black. */
export interface PixelBatch {
  /** `[batch, media, frames, height, width, 3]` */
  readonly shape: readonly [batch: number, media: number, frames: number, height: number, width: number, channels: 3];
  readonly data: Float32Array;
}

/**
 * Packs the pixels of every medium of every row into one array.
 *
 * @param rows  the pixels of each row's media, in the order of `PromptBatch.mediaOf`.
 * @param media  media of a row, padding included: `PromptBatch.media`.
 * @param size  frames, height and width; only needed for a batch without any medium.
 * @throws {PixelShapeError} if media differ in size or number of frames, which one array cannot hold: the resampler
 *   would read the padding as pictures.
 */
export function packPixels(
  rows: readonly (readonly Pixels[])[],
  media: number,
  size?: Pick<Pixels, "frames" | "height" | "width">,
): PixelBatch {
  const model = size ?? rows.flat()[0];
  if (model === undefined)
    throw new PixelShapeError(
      "A batch without any medium has no size to be packed to.",
      "give the size to `packPixels`",
    );
  const { frames, height, width } = model;
  const one = frames * height * width * 3;
  const data = new Float32Array(rows.length * media * one);
  rows.forEach((row, r) => {
    if (row.length > media) throw new PromptLimitError("media", row.length, media);
    row.forEach((pixels, m) => {
      if (pixels.frames !== frames || pixels.height !== height || pixels.width !== width || pixels.data.length !== one)
        throw new PixelShapeError(
          `Medium ${m + 1} of row ${r} is ${sizeOf(pixels)} (${pixels.data.length} numbers), beside one of ${sizeOf(model)}.`,
          "batch media of one size and one number of frames together; sample videos to the same number of frames",
        );
      data.set(pixels.data, (r * media + m) * one);
    });
  });
  return { shape: [rows.length, media, frames, height, width, 3], data };
}

function sizeOf({ frames, height, width }: Pick<Pixels, "frames" | "height" | "width">): string {
  return `${frames} frame${frames === 1 ? "" : "s"} of ${width} x ${height} px`;
}
