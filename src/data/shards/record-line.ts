/** A record as a line of JSON, pictures in base64: what goes through pipes. */
import type { DataRecord } from "../record.js";
import { faultOf, mediumFile, type RecordFault } from "./record-files.js";

/** Bytes of a line that are read; the rest of a longer one is lost, and the record with it. */
export const LONGEST_LINE: number = 1 << 28;

/** A record in a line, without the line's end. */
export function lineOfRecord({ id, text, media, about }: DataRecord): string {
  const files = media.map(({ at, kind, files }) => ({
    at,
    kind,
    files: files.map(({ bytes }) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64")),
  }));
  return JSON.stringify({ id, text, media: files, about });
}

/** A record with the sizes of its pictures in place of their bytes. */
export function outlineOf({ id, text, media, about }: DataRecord) {
  const outlined = media.map(({ at, kind, files }) => ({
    at,
    kind,
    files: files.map(({ type, bytes }) => ({ type, bytes: bytes.length })),
  }));
  return { id, text, media: outlined, about };
}

/** The record of a line, or why it is none. */
export function recordOfLine(line: string): DataRecord | RecordFault {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    return { reason: "bad JSON", found: (error as Error).message };
  }
  const { id, text, media = [], about = {} } = (json ?? {}) as Partial<Record<keyof DataRecord, unknown>>;
  if (
    typeof id !== "string" ||
    typeof text !== "string" ||
    !Array.isArray(media) ||
    typeof about !== "object" ||
    !about
  )
    return { reason: "bad record", found: "it needs an id and a text, and may have media and about" };
  const read: DataRecord["media"][number][] = [];
  for (const [i, medium] of (media as unknown[]).entries()) {
    const {
      at = 0,
      kind = "image",
      files,
    } = (medium ?? {}) as { at?: number; kind?: "image" | "video"; files?: unknown };
    if (!Array.isArray(files)) return { reason: "bad record", found: `${id}: medium ${i} has no files` };
    const pictures = files.map((file) => mediumFile(Buffer.from(String(file), "base64")));
    if (pictures.includes(undefined)) return { reason: "not a picture", found: `${id}: medium ${i}` };
    read.push({ at, kind, files: pictures.map((picture) => picture!) });
  }
  const record = { id, text, media: read, about: about as DataRecord["about"] };
  const fault = faultOf(record);
  return fault === undefined ? record : { reason: "bad record", found: `${id}: ${fault}` };
}
