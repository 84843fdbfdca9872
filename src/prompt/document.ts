/**
 * The interleaved document: the one form that every dataset, prompt, request and example takes.
 */
import type { Picture } from "../media/pixels.js";

/** A still picture or a video: its frames in order. A still picture has one. */
export type Medium = { readonly image: Picture } | { readonly video: readonly Picture[] };

/** One piece of a document: text exactly as it is to be tokenised, or a medium. */
export type Segment = { readonly text: string } | Medium;

/** Text, images and videos in reading order. Neither `<image>` nor `<EOC>` is written in it: `interleave` adds them. */
export type Document = readonly Segment[];
