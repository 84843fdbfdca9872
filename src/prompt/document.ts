/**
 * The interleaved document: the one form that every dataset, prompt, request and example takes.
 */
import type { Picture } from "../media/pixels.js";

/** A still picture or a video: its frames in order. A still picture has one. */
export type Medium = { readonly image: Picture } | { readonly video: readonly Picture[] };

/**
 * Ends a chunk where no medium follows to end it: between the text-only examples of a zero-shot prompt. Before a medium
 * and at the end of a document it says nothing that `interleave` would not do by itself.
 */
export type ChunkEnd = { readonly endOfChunk: true };

/** One piece of a document: text exactly as it is to be tokenised, a medium, or the end of a chunk. */
export type Segment = { readonly text: string } | Medium | ChunkEnd;

/** Text, images and videos in reading order. Neither `<image>` nor `<EOC>` is written in it: `interleave` adds them. */
export type Document = readonly Segment[];

/** Whether a segment is a picture or a video. */
export function isMedium<S extends object>(segment: S): segment is Extract<S, Medium> {
  return "image" in segment || "video" in segment;
}

/** The frames of a medium in order: one for a still picture. */
export function framesOf(medium: Medium): readonly Picture[] {
  return "image" in medium ? [medium.image] : medium.video;
}
