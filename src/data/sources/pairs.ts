/** Captioned pictures: a folder, COCO's JSON, CSV, lines of JSON, Parquet with addresses or bytes, WebDataset's tars. */
import { readdir, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { UsageError } from "../../errors.js";
import { samplesIn } from "../shards/find.js";
import type { Part } from "../shards/part.js";
import type { Damage, Sample } from "../shards/sample.js";
import type { Tally } from "../tally.js";
import { bringBytes, type FetchBytes, type NotBrought, readFileOf } from "./bytes.js";
import {
  Captioned,
  type Columns,
  imageMedium,
  type MediumOf,
  PICTURE_COLUMNS,
  type RowsInput,
  type SourceCursor,
} from "./captioned.js";
import { textOfUtf8 } from "./lines.js";
import type { Row, RowFault } from "./row.js";
import { isFileOfRows, rowsOf } from "./rows.js";

/** Where pairs come from. */
export interface PairsOptions {
  /** Folders, files of rows, tars. */
  readonly inputs: readonly string[];
  /** The folder that rows name pictures in; the one of each file unless told. */
  readonly images?: string;
  readonly columns?: Partial<Columns>;
  /** Fetches pictures of which only the address is known. */
  readonly fetch?: FetchBytes;
  readonly part?: Part;
  readonly tally: Tally;
  readonly from?: SourceCursor;
}

/** The kinds that records can hold, and those that are then counted as what they are. */
const PICTURES = /\.(jpe?g|jpe|jfif|png|webp|gif|avif|bmp|tiff?)$/i;
const TARS = /\.(tar|tgz|tar\.gz)$/i;

/**
 * Pairs of all inputs in their order, one record a row.
 * @throws {UsageError} for an input that is of no kind we read, before anything is read
 */
export async function pairsOf({ inputs, images, columns, fetch, ...options }: PairsOptions): Promise<Captioned> {
  const found: RowsInput[] = [];
  for (const path of inputs) {
    const folder = (await isFolder(path)) ? path : (images ?? dirname(path));
    const bring = { folder, ...(fetch === undefined ? {} : { fetch }) };
    const medium: MediumOf = async (value) => imageMedium(await bringBytes(value, bring));
    if (folder === path) found.push({ path, rows: () => folderRows(path, PICTURES), medium });
    else if (TARS.test(path)) found.push({ path, rows: () => tarRows(path), medium });
    else if (isFileOfRows(path)) found.push({ path, rows: () => rowsOf(path), medium });
    else
      throw new UsageError(
        `${path} holds no pairs by its name.`,
        "give a folder, .jsonl, .csv, .tsv, .parquet, COCO's .json, or .tar",
      );
  }
  return new Captioned(found, { ...options, stage: "pairs", columns: { ...PICTURE_COLUMNS, ...columns } });
}

/** Whether a path is a folder. @throws {UsageError} if there is nothing */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    throw new UsageError(
      `${path} cannot be read: ${(cause as NodeJS.ErrnoException).code}.`,
      "check the spelling of the path",
      { cause },
    );
  }
}

/** Files that may stand beside a medium with its caption. */
const CAPTIONS = [".txt", ".caption"];

/**
 * A row for each medium of a folder and the folders in it, in the order of their names, with the caption beside it. Links
 * to folders are not followed: they may lead in a circle.
 */
export async function* folderRows(folder: string, media: RegExp): AsyncGenerator<Row | RowFault> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() || entry.isSymbolicLink());
  const names = files.map(({ parentPath, name }) => relative(folder, join(parentPath, name))).sort();
  const all = new Set(names);
  let record = 0;
  for (const name of names) {
    if (!media.test(name)) continue;
    const place = { file: join(folder, name), record: record++ };
    const caption = CAPTIONS.map((ending) => name.replace(media, ending)).find((beside) => all.has(beside));
    if (caption === undefined) yield { place, fault: "no caption beside it" };
    else {
      const text = await captionIn(join(folder, caption));
      yield typeof text === "string"
        ? { place, fields: { text, path: name } }
        : { place: { ...place, found: text.found }, fault: text.fault };
    }
  }
}

async function captionIn(path: string): Promise<string | NotBrought> {
  const bytes = await readFileOf(path);
  if (!(bytes instanceof Uint8Array)) return { ...bytes, fault: "no caption beside it" };
  return textOfUtf8(bytes) ?? { fault: "caption not UTF-8", found: path };
}

/** Endings of WebDataset's samples that hold a caption, and fields of their JSON. */
const TEXT_ENDINGS = ["txt", "text", "caption"];

/** A row for each sample of a tar; damage is a fault with its byte. */
async function* tarRows(path: string): AsyncGenerator<Row | RowFault> {
  const rowOf = (one: Sample | Damage): Row | RowFault => {
    if ("reason" in one)
      return { place: { file: path, record: one.number, byte: one.at, found: one.found }, fault: one.reason };
    const place = { file: path, record: one.number, byte: one.at };
    if (one.twice !== undefined)
      return { place: { ...place, found: `${one.key}.${one.twice}` }, fault: "two files of one name" };
    const json = fieldsOf(one.files.get("json"));
    if (json === undefined) return { place: { ...place, found: `${one.key}.json` }, fault: "bad JSON" };
    const written = TEXT_ENDINGS.map((ending) => one.files.get(ending)).find((bytes) => bytes !== undefined);
    const text = written === undefined ? undefined : textOfUtf8(written);
    if (written !== undefined && text === undefined)
      return { place: { ...place, found: one.key }, fault: "caption not UTF-8" };
    const [, picture] = [...one.files].find(([ending]) => PICTURES.test(`.${ending}`)) ?? [];
    return {
      place,
      fields: {
        ...json,
        ...(text === undefined ? {} : { caption: text }),
        ...(picture === undefined ? {} : { image: picture }),
        key: one.key,
      },
    };
  };
  for await (const items of samplesIn(path)) for (const one of items) yield rowOf(one);
}

function fieldsOf(bytes: Buffer | undefined): Record<string, unknown> | undefined {
  if (bytes === undefined) return {};
  try {
    const json = JSON.parse(bytes.toString("utf8")) as unknown;
    return typeof json === "object" && json !== null ? (json as Record<string, unknown>) : {};
  } catch {
    return undefined;
  }
}
