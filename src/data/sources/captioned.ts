/** Pairs of a text and a picture or a video, from whatever a data set is kept in: the parts that all of them share. */
import { basename } from "node:path";
import { kindInWords, sniff } from "../../media/sniff.js";
import type { DataRecord, MediumFile, RecordMedium } from "../record.js";
import { type Part, WHOLE } from "../shards/part.js";
import { idOfKey, mediumFile } from "../shards/record-files.js";
import type { Tally } from "../tally.js";
import type { NotBrought } from "./bytes.js";
import type { Row, RowFault } from "./row.js";

/** Which columns hold what. The first that a row has is taken. */
export interface Columns {
  readonly text: readonly string[];
  readonly medium: readonly string[];
}

/** Columns as data sets call them. */
export const PICTURE_COLUMNS: Columns = {
  text: ["caption", "text", "TEXT", "alt_text", "title"],
  medium: ["image", "jpg", "png", "file_name", "filename", "image_path", "path", "url", "URL", "image_url"],
};
export const VIDEO_COLUMNS: Columns = {
  text: PICTURE_COLUMNS.text,
  medium: ["video", "mp4", "file_name", "filename", "video_path", "path"],
};

/** A place among the inputs, after which reading goes on. */
export interface SourceCursor {
  /** Number of the input, from 0. */
  readonly input: number;
  /** Number of its last row that is done with. */
  readonly row: number;
}

/** Makes the medium of a row. */
export type MediumOf = (value: unknown) => Promise<Omit<RecordMedium, "at"> | NotBrought>;

/** How rows become records. */
export interface CaptionedOptions {
  readonly columns: Columns;
  readonly part?: Part;
  readonly tally: Tally;
  /** Names the stage in the tally. */
  readonly stage: string;
  readonly from?: SourceCursor | undefined;
}

/** One file or folder of rows. */
export interface RowsInput {
  readonly path: string;
  readonly rows: () => AsyncIterable<Row | RowFault>;
  readonly medium: MediumOf;
}

/** Rows of several inputs as records, in their order; `cursor` is the place after the one given last. */
export class Captioned {
  cursor: SourceCursor;
  readonly #inputs: readonly RowsInput[];
  readonly #options: CaptionedOptions;

  constructor(inputs: readonly RowsInput[], options: CaptionedOptions) {
    this.#inputs = inputs;
    this.#options = options;
    this.cursor = options.from ?? { input: 0, row: -1 };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<DataRecord> {
    const { part = WHOLE } = this.#options;
    const names = namesOf(this.#inputs.map(({ path }) => path));
    for (let input = this.cursor.input; input < this.#inputs.length; input++) {
      const after = input === this.cursor.input ? this.cursor.row : -1;
      const { rows } = this.#inputs[input]!;
      const medium = oncePerRun(this.#inputs[input]!.medium);
      let [row, read] = [-1, -1];
      for await (const whole of rows()) {
        read++;
        for (const one of this.#captionsOf(whole)) {
          row++;
          if (row <= after || read % part.of !== part.index) continue;
          const record = await this.#recordOf(one, `${names[input]}-${String(row).padStart(9, "0")}`, medium);
          if (record === undefined) continue;
          this.cursor = { input, row };
          yield record;
        }
      }
    }
  }

  /** A row with a list of captions as rows with one each, as COCO has an annotation for each. */
  #captionsOf(one: Row | RowFault): readonly (Row | RowFault)[] {
    if ("fault" in one) return [one];
    const column = this.#textColumn(one.fields);
    const texts = column === undefined ? undefined : one.fields[column];
    if (!Array.isArray(texts) || texts.length === 0) return [one];
    return texts.map((text: unknown) => ({ place: one.place, fields: { ...one.fields, [column!]: text } }));
  }

  #textColumn(fields: Row["fields"]): string | undefined {
    const { text } = this.#options.columns;
    return text.find((name) => (fields[name] ?? undefined) !== undefined) ?? text.find((name) => name in fields);
  }

  async #recordOf(one: Row | RowFault, id: string, mediumOf: MediumOf): Promise<DataRecord | undefined> {
    const { tally, stage, columns } = this.#options;
    const { place } = one;
    if ("fault" in one) {
      tally.fault(stage, one.fault, place);
      return undefined;
    }
    const { fields } = one;
    const textColumn = this.#textColumn(fields);
    const mediumColumn = columns.medium.find((name) => fields[name] !== undefined && fields[name] !== null);
    if (textColumn === undefined || mediumColumn === undefined) {
      const found = `columns ${Object.keys(fields).slice(0, 12).join(", ")}`;
      tally.fault(stage, textColumn === undefined ? "no text column" : "no medium column", { ...place, found });
      return undefined;
    }
    const text = textOf(fields[textColumn]);
    if (text === "") {
      tally.drop(stage, "empty text", place);
      return undefined;
    }
    const medium = await mediumOf(fields[mediumColumn]);
    if ("fault" in medium) {
      tally.fault(stage, medium.fault, { ...place, found: medium.found });
      return undefined;
    }
    tally.pass(stage);
    const about = {
      file: place.file,
      ...aboutOf(fields, [textColumn, mediumColumn]),
      ...addressOf(fields[mediumColumn]),
    };
    return { id, text, media: [{ at: 0, ...medium }], about };
  }
}

/** Brings a medium once for all the captions of it that follow one another. */
function oncePerRun(mediumOf: MediumOf): MediumOf {
  let last: { readonly value: unknown; readonly medium: Awaited<ReturnType<MediumOf>> } | undefined;
  return async (value) => {
    if (last?.value !== value) last = { value, medium: await mediumOf(value) };
    return last!.medium;
  };
}

/** A text without the spaces at its ends, and without halves of characters. */
function textOf(value: unknown): string {
  return typeof value === "string" ? value.trim().replaceAll(/\p{Surrogate}/gu, "�") : "";
}

/** The columns that are plain values: what is known of a record besides its text and its medium. */
function aboutOf(fields: Row["fields"], without: readonly string[]): Record<string, unknown> {
  const plain = Object.entries(fields).filter(
    ([name, value]) => !without.includes(name) && ["string", "number", "boolean", "bigint"].includes(typeof value),
  );
  return Object.fromEntries(plain.map(([name, value]) => [name, typeof value === "bigint" ? ofBigint(value) : value]));
}

/** A number where it is exact: the hashes and ids of Parquet files are longer than a double. */
const ofBigint = (value: bigint): number | string =>
  Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();

/** Where a medium is from, if its column says: a path or an address, not bytes. */
function addressOf(value: unknown): Record<string, unknown> {
  return typeof value === "string" && !value.startsWith("data:") ? { medium: value } : {};
}

/** A picture file as the medium of a record; a fault if its bytes are those of no picture. */
export function imageMedium(bytes: Uint8Array | NotBrought): Omit<RecordMedium, "at"> | NotBrought {
  if (!(bytes instanceof Uint8Array)) return bytes;
  const file: MediumFile | undefined = mediumFile(bytes);
  if (file === undefined) return { fault: "not a picture", found: kindInWords(sniff(bytes)) };
  return { kind: "image", files: [file] };
}

/** Names for ids: each input's own, and where any two have one name, all with their numbers. */
function namesOf(paths: readonly string[]): string[] {
  const names = paths.map((path) => idOfKey(basename(path).replace(/(\.\w{1,7}){1,2}$/, "") || "rows"));
  return new Set(names).size === names.length ? names : names.map((name, i) => `${name}-${i}`);
}
