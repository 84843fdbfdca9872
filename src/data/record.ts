/** One example of a training set as shards hold it, whatever it came from: a web page, a captioned picture, a clip. */

/** A picture file as it was found or made; nothing decodes it before training does. */
export interface MediumFile {
  /** What the file's first bytes say it is, of what training decodes; the ending of its name in a shard. */
  readonly type: "jpg" | "png" | "webp" | "gif";
  readonly bytes: Uint8Array;
}

/** A medium between the characters of a text. */
export interface RecordMedium {
  /** Unicode code points of the text before it. */
  readonly at: number;
  readonly kind: "image" | "video";
  /** One of an image; of a video its frames in order. */
  readonly files: readonly MediumFile[];
}

/** An example: a text with media between its characters. A pair is a text with one medium at 0. */
export interface DataRecord {
  /** Letters, digits, "-" and "_"; unique in its set, and the same whenever the same input is read again. */
  readonly id: string;
  readonly text: string;
  /** In reading order, `at` never falling. */
  readonly media: readonly RecordMedium[];
  /** What else is known of it, as JSON: its address, its licence, the truth of what was generated. */
  readonly about: Readonly<Record<string, unknown>>;
}
