/** A record's text and media as pieces in reading order, and back. */
import { FlamingoError } from "../errors.js";
import type { DataRecord, RecordMedium } from "./record.js";

/** A stretch of text, never empty, or a medium. */
export type RecordSegment = { readonly text: string } | { readonly medium: RecordMedium };

/** A record whose media stand in no order, or beyond its text: which text belongs to which picture cannot be told. */
export class MediaPlaceError extends FlamingoError {
  readonly code = "DATA_MEDIA_PLACE";
}

/**
 * The pieces of a record in reading order.
 * @throws {MediaPlaceError} if the media's places fall, or lie outside the text.
 */
export function segmentsOf({ id, text, media }: Pick<DataRecord, "id" | "text" | "media">): RecordSegment[] {
  const segments: RecordSegment[] = [];
  let [characters, units] = [0, 0];
  const write = (from: number, to: number) => {
    if (to > from) segments.push({ text: text.slice(from, to) });
  };
  for (const [n, medium] of media.entries()) {
    const from = units;
    for (; characters < medium.at && units < text.length; characters++)
      units += text.codePointAt(units)! > 0xffff ? 2 : 1;
    if (medium.at !== characters)
      throw new MediaPlaceError(
        `Medium ${n + 1} of record ${id} stands after ${medium.at} characters, the one before it after ${media[n - 1]?.at ?? 0}, and the text has ${[...text].length}.`,
        "put media in reading order, each at the number of Unicode code points before it",
      );
    write(from, units);
    segments.push({ medium });
  }
  write(units, text.length);
  return segments;
}

/** Pieces as the text and the media of a record. */
export function textAndMedia(
  segments: readonly ({ readonly text: string } | { readonly medium: Omit<RecordMedium, "at"> })[],
): Pick<DataRecord, "text" | "media"> {
  let text = "";
  let at = 0;
  const media: RecordMedium[] = [];
  for (const segment of segments) {
    if ("text" in segment) {
      text += segment.text;
      at += [...segment.text].length;
    } else media.push({ ...segment.medium, at });
  }
  return { text, media };
}
