/**
 * Rows of the files that describe data sets (JSON lines, CSV, Parquet, COCO's JSON), each with its place. What is no row is
 * a fault with its place, and the rows after it are read.
 */
import { readFile, stat } from "node:fs/promises";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { UsageError } from "../../errors.js";
import type { Place } from "../tally.js";
import { type Line, linesOf, textOfLine, unreadable } from "./lines.js";

/** A row by its columns. */
export interface Row {
  readonly place: Place;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What stands where a row should. */
export interface RowFault {
  readonly place: Place;
  readonly fault: string;
}

export type Rows = AsyncGenerator<Row | RowFault>;

/** How each kind of file is read, by the ending of its name; `.gz` may follow that of a text file. */
const READERS: readonly (readonly [endings: RegExp, read: (path: string) => Rows])[] = [
  [/\.(jsonl|ndjson)(\.gz)?$/i, jsonRows],
  [/\.csv(\.gz)?$/i, (path) => separatedRows(path, ",")],
  [/\.tsv(\.gz)?$/i, (path) => separatedRows(path, "\t")],
  [/\.parquet$/i, parquetRows],
  [/\.json$/i, cocoRows],
];

/** Whether a path's name ends as that of a file of rows. */
export const isFileOfRows = (path: string): boolean => READERS.some(([endings]) => endings.test(path));

/**
 * The rows of a file, of the kind that its name says.
 * @throws {UsageError} for a name that ends otherwise, for a CSV without a header, and for a `.json` or `.parquet` that is none
 */
export function rowsOf(path: string): Rows {
  const found = READERS.find(([endings]) => endings.test(path));
  if (found === undefined)
    throw new UsageError(
      `${path} is no file of rows by its name.`,
      "give .jsonl, .csv or .tsv (.gz too), .parquet, or COCO's .json",
    );
  return found[1](path);
}

const placeOf = (file: string, { number, byte }: Line, found?: string): Place => ({
  file,
  record: number,
  byte,
  ...(found === undefined ? {} : { found: `line ${number + 1}: ${found}` }),
});

async function* jsonRows(path: string): Rows {
  for await (const line of linesOf(path)) {
    const read = jsonOfLine(line);
    if (read === undefined) continue;
    if ("fault" in read) yield { place: placeOf(path, line, read.found), fault: read.fault };
    else yield { place: placeOf(path, line), fields: read.fields };
  }
}

type ReadLine = { readonly fields: Record<string, unknown> } | { readonly fault: string; readonly found: string };

function jsonOfLine(line: Line): ReadLine | undefined {
  const unread = unreadable(line);
  if (unread !== undefined) return unread;
  const text = textOfLine(line)!;
  if (text.trim() === "") return undefined;
  try {
    const fields = JSON.parse(text) as unknown;
    if (typeof fields === "object" && fields !== null && !Array.isArray(fields))
      return { fields: fields as Record<string, unknown> };
    return { fault: "bad JSON", found: "no object" };
  } catch (error) {
    return { fault: "bad JSON", found: (error as Error).message.slice(0, 120) };
  }
}

/** Lines that one row of a CSV may have in its quotes: a quote that nobody closes takes no more of the file with it. */
const QUOTED_LINES = 1000;

async function* separatedRows(path: string, separator: string): Rows {
  let header: string[] | undefined;
  for await (const { line, text, fault, found } of logicalLines(path)) {
    if (fault !== undefined) {
      yield { place: placeOf(path, line, found), fault };
      continue;
    }
    if (text === "") continue;
    const cells = cellsOf(text!, separator);
    if (header === undefined) {
      header = cells.map((name) => name.trim());
      continue;
    }
    if (cells.length === header.length)
      yield { place: placeOf(path, line), fields: Object.fromEntries(header.map((name, i) => [name, cells[i]])) };
    else
      yield {
        place: placeOf(path, line, `${cells.length} cells under ${header.length} columns`),
        fault: "wrong number of cells",
      };
  }
  if (header === undefined) throw new UsageError(`${path} is empty.`, "give a file whose first line names its columns");
}

interface LogicalLine {
  readonly line: Line;
  readonly text?: string;
  readonly fault?: string;
  readonly found?: string;
}

/** Lines of which those inside quotes are one. The lines after a quote that is not closed are taken one by one again. */
async function* logicalLines(path: string): AsyncGenerator<LogicalLine> {
  const lines = linesOf(path);
  const waiting: Line[] = [];
  for (;;) {
    const first = waiting.shift() ?? (await lines.next()).value;
    if (first === undefined) return;
    const unread = unreadable(first);
    if (unread !== undefined) {
      yield { line: first, ...unread };
      continue;
    }
    let text = textOfLine(first)!;
    const taken: Line[] = [];
    let open = isOpen(text);
    while (open && taken.length < QUOTED_LINES) {
      const next: Line | undefined = waiting.shift() ?? (await lines.next()).value;
      if (next === undefined) break;
      taken.push(next);
      const more = unreadable(next) === undefined ? textOfLine(next) : undefined;
      if (more === undefined) break;
      text += `\n${more}`;
      if (isOpen(more)) open = false;
    }
    if (open) {
      waiting.unshift(...taken);
      yield { line: first, fault: "quote not closed", found: "a quote begins that nothing ends" };
    } else yield { line: first, text };
  }
}

/** Whether an odd number of quotes stands in a text. */
function isOpen(text: string): boolean {
  let odd = false;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) odd = !odd;
  return odd;
}

/** The cells of a row: RFC 4180. A quote inside a cell that does not begin with one is a character. */
function cellsOf(text: string, separator: string): string[] {
  const cells: string[] = [];
  for (let at = 0; ; ) {
    if (text[at] !== '"') {
      const end = text.indexOf(separator, at);
      cells.push(end < 0 ? text.slice(at) : text.slice(at, end));
      if (end < 0) return cells;
      at = end + separator.length;
      continue;
    }
    let end = at + 1;
    while (end < text.length && (text[end] !== '"' || text[end + 1] === '"')) end += text[end] === '"' ? 2 : 1;
    const next = text.indexOf(separator, end + 1);
    const rest = next < 0 ? text.slice(end + 1) : text.slice(end + 1, next);
    cells.push(text.slice(at + 1, end).replaceAll('""', '"') + rest);
    if (next < 0) return cells;
    at = next + separator.length;
  }
}

/** Rows read at once: columns of pictures are large. */
const ROWS_AT_ONCE = 256;

async function* parquetRows(path: string): Rows {
  const broken = (cause: unknown) =>
    new UsageError(
      `${path} is no Parquet file that can be read: ${(cause as Error).message}.`,
      "fetch it again, or write it anew",
      { cause },
    );
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file).catch((cause: unknown) => {
    throw broken(cause);
  });
  let groupStart = 0;
  for (const [group, { num_rows }] of metadata.row_groups.entries()) {
    const groupEnd = groupStart + Number(num_rows);
    for (let from = groupStart; from < groupEnd; from += ROWS_AT_ONCE) {
      const rowEnd = Math.min(from + ROWS_AT_ONCE, groupEnd);
      try {
        const rows = await parquetReadObjects({ file, metadata, compressors, rowStart: from, rowEnd, utf8: false });
        for (const [i, fields] of rows.entries()) yield { place: { file: path, record: from + i }, fields };
      } catch (error) {
        const found = `row group ${group}, rows ${from} to ${rowEnd - 1}: ${(error as Error).message.slice(0, 120)}`;
        yield { place: { file: path, record: from, found }, fault: "damaged row group" };
      }
    }
    groupStart = groupEnd;
  }
}

/** A COCO file larger than this is no string that a JavaScript engine can hold. */
const COCO_BYTES = 500_000_000;

/** COCO's captions: a row for each annotation, with `file_name` and the picture's other fields. */
async function* cocoRows(path: string): Rows {
  const { size } = await stat(path);
  if (size > COCO_BYTES)
    throw new UsageError(`${path} has ${size} bytes, more than one JSON text can.`, "write it as lines of JSON");
  const whole = cocoOf(await readFile(path, "utf8"), path);
  const images = new Map(whole.images.map((image) => [(image as { id?: unknown } | null)?.id, image]));
  for (const [record, annotation] of whole.annotations.entries()) {
    const own = typeof annotation === "object" && annotation !== null ? (annotation as Record<string, unknown>) : {};
    const image = images.get(own.image_id);
    if (own.image_id === undefined || typeof image !== "object" || image === null) {
      const found = `annotation ${record}: image_id ${JSON.stringify(own.image_id)}`;
      yield { place: { file: path, record, found }, fault: "annotation without its image" };
    } else yield { place: { file: path, record }, fields: { ...image, ...own } };
  }
}

function cocoOf(text: string, path: string): { images: readonly unknown[]; annotations: readonly unknown[] } {
  const refuse = (why: string, cause?: unknown) =>
    new UsageError(
      `${path} is no COCO file: ${why}.`,
      'give an object with "images" and "annotations"; lines of JSON end in .jsonl',
      { cause },
    );
  try {
    const { images, annotations } = JSON.parse(text) as Record<string, unknown>;
    if (Array.isArray(images) && Array.isArray(annotations)) return { images, annotations };
  } catch (error) {
    throw refuse((error as Error).message.slice(0, 120), error);
  }
  throw refuse("it has no lists of images and of annotations");
}
