/**
 * Rows of the files that describe data sets (JSON lines, CSV, Parquet, COCO's JSON), each with its place. What is no row is
 * a fault with its place, and the rows after it are read.
 */
import { readFile, stat } from "node:fs/promises";
import { UsageError } from "../../errors.js";
import { type Line, type LineFault, linesOf, readLine, textOfUtf8 } from "./lines.js";
import { parquetRows } from "./parquet.js";
import { placeOfLine, type Rows } from "./row.js";
import { separatedRows } from "./separated.js";

/** How each kind of file is read, by the ending of its name; `.gz` may follow that of a text file. */
const READERS: readonly (readonly [endings: RegExp, read: (path: string) => Rows])[] = [
  [/\.(jsonl|ndjson)(\.gz)?$/i, jsonRows],
  [/\.csv(\.gz)?$/i, (path) => separatedRows(path)],
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

async function* jsonRows(path: string): Rows {
  for await (const line of linesOf(path)) {
    const read = objectOf(line);
    if (read === undefined) continue;
    if ("fault" in read) yield { place: placeOfLine(path, line, read.found), fault: read.fault };
    else yield { place: placeOfLine(path, line), fields: read.fields };
  }
}

/** The object of a line; nothing of an empty one. */
function objectOf(line: Line): { readonly fields: Record<string, unknown> } | LineFault | undefined {
  const read = readLine(line);
  if ("fault" in read) return read;
  if (read.text.trim() === "") return undefined;
  try {
    const fields = JSON.parse(read.text) as unknown;
    if (typeof fields === "object" && fields !== null && !Array.isArray(fields))
      return { fields: fields as Record<string, unknown> };
    return { fault: "bad JSON", found: "no object" };
  } catch (error) {
    return { fault: "bad JSON", found: (error as Error).message.slice(0, 120) };
  }
}

/** A COCO file larger than this is no string that a JavaScript engine can hold. */
const COCO_BYTES = 500_000_000;

/** COCO's captions: a row for each annotation, with `file_name` and the picture's other fields. */
async function* cocoRows(path: string): Rows {
  const { size } = await stat(path);
  if (size > COCO_BYTES)
    throw new UsageError(`${path} has ${size} bytes, more than one JSON text can.`, "write it as lines of JSON");
  const whole = cocoOf(textOfUtf8(await readFile(path)), path);
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

function cocoOf(
  text: string | undefined,
  path: string,
): { images: readonly unknown[]; annotations: readonly unknown[] } {
  const refuse = (why: string, cause?: unknown) =>
    new UsageError(
      `${path} is no COCO file: ${why}.`,
      'give an object with "images" and "annotations"; lines of JSON end in .jsonl',
      { cause },
    );
  if (text === undefined) throw refuse("it is not in UTF-8");
  try {
    const { images, annotations } = JSON.parse(text) as Record<string, unknown>;
    if (Array.isArray(images) && Array.isArray(annotations)) return { images, annotations };
  } catch (error) {
    throw refuse((error as Error).message.slice(0, 120), error);
  }
  throw refuse("it has no lists of images and of annotations");
}
