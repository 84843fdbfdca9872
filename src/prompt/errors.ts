/** What can be wrong with a prompt. Every one of these, let through, would pair text with the wrong picture. */
import { FlamingoError } from "../errors.js";

/** A text holds a mark that only `interleave` may write. */
export class MarkInTextError extends FlamingoError {
  readonly code = "PROMPT_MARK_IN_TEXT";
  readonly segment: number;
  readonly mark: string;

  constructor(segment: number, mark: string) {
    super(
      `The text of segment ${segment} holds the mark ${mark}, so its tags and its media would not agree in number.`,
      "take the mark out of the text, and put a segment of its own in its place: an image, a video or an end of chunk",
    );
    this.segment = segment;
    this.mark = mark;
  }
}

/** The number of `<image>` tags, or the highest medium that a token looks at, is not the number of media. */
export class MediaCountError extends FlamingoError {
  readonly code = "PROMPT_MEDIA_COUNT";
  readonly tags: number;
  readonly media: number;

  constructor(tags: number, media: number) {
    super(
      `The text looks at ${tags} media but ${media} came with it.`,
      tags > media ? `give ${tags - media} more` : `put each of the other ${media - tags} where it belongs in the text`,
    );
    this.tags = tags;
    this.media = media;
  }
}

/** A prompt has more media or tokens than the model was made for. Nothing is cut from a question behind one's back. */
export class PromptLimitError extends FlamingoError {
  readonly code = "PROMPT_LIMIT";
  readonly what: "media" | "tokens";
  readonly found: number;
  readonly allowed: number;

  /** @param atLeast  `at least ` where not all were counted */
  constructor(what: "media" | "tokens", found: number, allowed: number, atLeast = "") {
    super(
      `The prompt has ${atLeast}${found} ${what}, but at most ${allowed} are allowed.`,
      what === "media" ? "give fewer images, for instance fewer examples" : "give fewer examples, or shorter ones",
    );
    this.what = what;
    this.found = found;
    this.allowed = allowed;
  }
}

/** Media that cannot stand in one array: another size or another number of frames, or none. */
export class PixelShapeError extends FlamingoError {
  readonly code = "PROMPT_PIXEL_SHAPE";
}

/** An example or a prompt that no template makes. */
export class TemplateError extends FlamingoError {
  readonly code = "PROMPT_TEMPLATE";
}
