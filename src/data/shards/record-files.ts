/** A record as the files of a sample, and back: `KEY.json`, `KEY.0.jpg`, and of a video `KEY.1.000.jpg` and on. */
import { createHash } from "node:crypto";
import { kindInWords, sniff } from "../../media/sniff.js";
import type { DataRecord, MediumFile, RecordMedium } from "../record.js";
import { textOfUtf8 } from "../sources/lines.js";
import { RecordError } from "./errors.js";
import type { Sample } from "./sample.js";

/** What the JSON of a record says. */
interface RecordJson {
  readonly text: string;
  readonly media: readonly {
    readonly at: number;
    readonly kind: "image" | "video";
    readonly files: readonly string[];
  }[];
  readonly about: Readonly<Record<string, unknown>>;
}

/** A fault of one record, which the reader counts. */
export interface RecordFault {
  readonly reason: string;
  readonly found: string;
}

/** The files of a record, its JSON first. @throws {RecordError} if it is no record */
export function filesOfRecord(record: DataRecord): (readonly [name: string, bytes: Uint8Array])[] {
  const fault = faultOf(record);
  if (fault !== undefined)
    throw new RecordError(`Record ${JSON.stringify(record.id)} cannot be written: ${fault}.`, "mend its source");
  const { id, text, media, about } = record;
  const named = media.map(({ at, kind, files }, i) => ({
    at,
    kind,
    files: files.map(({ type }, frame) =>
      kind === "image" ? `${i}.${type}` : `${i}.${String(frame).padStart(3, "0")}.${type}`,
    ),
  }));
  const json: RecordJson = { text, media: named, about };
  return [
    [`${id}.json`, Buffer.from(JSON.stringify(json))],
    ...media.flatMap(({ files }, i) =>
      files.map(({ bytes }, frame) => [`${id}.${named[i]!.files[frame]}`, bytes] as const),
    ),
  ];
}

/** Why a value is no record, or nothing. */
export function faultOf({ id, text, media }: DataRecord): string | undefined {
  if (!/^[\w-]+$/.test(id)) return `the id ${JSON.stringify(id)} has other signs than letters, digits, "-" and "_"`;
  if (/\p{Surrogate}/u.test(text)) return "the text has half of a surrogate pair, which UTF-8 cannot say";
  return faultOfMedia(media, codePoints(text));
}

function faultOfMedia(media: readonly RecordMedium[], length: number): string | undefined {
  let before = 0;
  for (const [i, { at, kind, files }] of media.entries()) {
    if (!Number.isInteger(at) || at < 0 || at > length) return `medium ${i} stands at ${at} of a text of ${length}`;
    if (at < before) return `medium ${i} stands at ${at}, before the one it follows, at ${before}`;
    if (kind !== "image" && kind !== "video") return `medium ${i} is of no kind we know: ${kind}`;
    if (kind === "image" ? files.length !== 1 : files.length === 0)
      return `medium ${i}, ${kind}, has ${files.length} files`;
    before = at;
  }
  return undefined;
}

/** Unicode code points of a text: surrogate pairs count once. */
export function codePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xd800) count--;
  return count;
}

/** How samples of others are read. */
export interface ForeignOptions {
  /** Endings of the files that hold the text, the first that is there is taken; of a `.json` its first of `TEXT_FIELDS`. */
  readonly text?: readonly string[];
}

const TEXT_FILES = ["txt", "text", "caption", "json"];
const TEXT_FIELDS = ["caption", "text", "TEXT", "top_caption"];

/** The record of a sample: one of ours, or one with a text file or a caption in its JSON, and pictures. */
export function recordOfSample(sample: Sample, options: ForeignOptions = {}): DataRecord | RecordFault {
  if (sample.twice !== undefined) return { reason: "two files of one name", found: `${sample.key}.${sample.twice}` };
  const bytes = sample.files.get("json");
  let json: unknown;
  if (bytes !== undefined) {
    const text = textOfUtf8(bytes);
    if (text === undefined) return { reason: "not UTF-8", found: `${sample.key}.json` };
    try {
      json = JSON.parse(text);
    } catch (error) {
      return { reason: "bad JSON", found: `${sample.key}: ${(error as Error).message}` };
    }
  }
  return isOurs(json) ? ownRecord(sample, json) : foreignRecord(sample, json, options.text ?? TEXT_FILES);
}

function isOurs(json: unknown): json is RecordJson {
  const { text, media, about } = (json ?? {}) as Partial<RecordJson>;
  return typeof text === "string" && Array.isArray(media) && typeof about === "object" && about !== null;
}

function ownRecord({ key, files }: Sample, { text, media, about }: RecordJson): DataRecord | RecordFault {
  const read: RecordMedium[] = [];
  for (const [i, medium] of media.entries()) {
    const { at, kind, files: names } = (medium ?? {}) as Partial<RecordJson["media"][number]>;
    if (!Array.isArray(names)) return { reason: "bad record", found: `${key}: medium ${i} names no files` };
    const found: MediumFile[] = [];
    for (const name of names) {
      const bytes = files.get(name);
      if (bytes === undefined) return { reason: "missing picture", found: `${key}.${name}` };
      const file = mediumFile(bytes);
      if (file === undefined) return notAPicture(`${key}.${name}`, bytes);
      found.push(file);
    }
    read.push({ at: at!, kind: kind!, files: found });
  }
  const record: DataRecord = { id: key.slice(key.lastIndexOf("/") + 1), text, media: read, about };
  const fault = faultOf(record);
  return fault === undefined ? record : { reason: "bad record", found: `${key}: ${fault}` };
}

const PICTURES = /(^|\.)(jpe?g|png|webp|gif|avif)$/;

function foreignRecord({ key, files }: Sample, json: unknown, texts: readonly string[]): DataRecord | RecordFault {
  const fields = (typeof json === "object" && json !== null && !Array.isArray(json) ? json : {}) as Record<
    string,
    unknown
  >;
  let text: string | undefined;
  for (const ending of texts) {
    if (ending === "json")
      text = TEXT_FIELDS.map((name) => fields[name]).find((field) => typeof field === "string") as string;
    else {
      const bytes = files.get(ending);
      text = bytes && textOfUtf8(bytes);
      if (bytes !== undefined && text === undefined) return { reason: "not UTF-8", found: `${key}.${ending}` };
    }
    if (text !== undefined) break;
  }
  if (text === undefined) return { reason: "no text", found: `${key} has ${[...files.keys()].join(", ")}` };
  const media: RecordMedium[] = [];
  const pictures = [...files].filter(([ending]) => PICTURES.test(ending));
  for (const [ending, bytes] of pictures.sort(([a], [b]) => (inOrder(a) < inOrder(b) ? -1 : 1))) {
    const file = mediumFile(bytes);
    if (file === undefined) return notAPicture(`${key}.${ending}`, bytes);
    media.push({ at: 0, kind: "image", files: [file] });
  }
  if (media.length === 0) return { reason: "missing picture", found: `${key} has ${[...files.keys()].join(", ")}` };
  return { id: idOfKey(key), text: Buffer.from(text.trim()).toString(), media, about: { key, ...fields } };
}

/** An ending by which others sort as people count: `2.jpg` before `10.jpg`. */
const inOrder = (ending: string): string => ending.replaceAll(/\d+/g, (digits) => digits.padStart(12, "0"));

const TYPES: Readonly<Record<string, MediumFile["type"]>> = {
  jpeg: "jpg",
  png: "png",
  webp: "webp",
  gif: "gif",
};

/** A picture file by its first bytes; nothing if they are those of no picture, or of one that training does not decode. */
export function mediumFile(bytes: Uint8Array): MediumFile | undefined {
  const type = TYPES[sniff(bytes)];
  return type === undefined ? undefined : { type, bytes };
}

function notAPicture(name: string, bytes: Uint8Array): RecordFault {
  return { reason: "not a picture", found: `${name} is ${kindInWords(sniff(bytes))}` };
}

/** A key as an id: its own letters where all may stand in one, and else a hash beside those that may. */
export function idOfKey(key: string): string {
  if (/^[\w-]+$/.test(key)) return key;
  const hash = createHash("sha256").update(key).digest("hex").slice(0, 12);
  return `${key.replaceAll(/[^\w-]+/g, "-").slice(0, 60)}-${hash}`;
}
