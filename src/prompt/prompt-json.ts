/** A prompt as people write it in JSON, and its way to a document. */
import { FlamingoError } from "../errors.js";
import type { Picture } from "../media/pixels.js";
import type { Document } from "./document.js";

/** Where a picture is to be had. */
export type PictureSource =
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "data"; readonly mime: string; readonly bytes: Uint8Array };

/** One piece of a prompt whose pictures are not loaded yet. */
export type SourceSegment =
  | { readonly text: string }
  | { readonly image: PictureSource }
  | { readonly video: readonly PictureSource[] }
  | { readonly endOfChunk: true };

/** Brings one picture. A server's would open neither paths nor addresses; see `accept`. */
export type PictureLoader = (source: PictureSource) => Promise<Picture>;

/** One fault of a prompt, by the segment (0-based) it is in. */
export interface SegmentFault {
  readonly segment: number;
  readonly problem: string;
}

/** A prompt in JSON that is not one, with every fault it has. */
export class PromptJsonError extends FlamingoError {
  readonly code = "PROMPT_JSON";
  readonly faults: readonly SegmentFault[];

  constructor(faults: readonly SegmentFault[], whole?: string, options?: ErrorOptions) {
    super(
      whole ?? faults.map(({ segment, problem }) => `Segment ${segment} of the prompt ${problem}.`).join("\n"),
      'write the prompt as a list such as [{"image": "cat.png"}, {"text": "Output:"}], a video as {"video": ["1.png", "2.png"]}',
      options,
    );
    this.faults = faults;
  }
}

/** What a prompt may bring in. */
export interface ParseOptions {
  /** Kinds of source that are allowed; all unless told. A server that takes prompts from strangers allows `data` only. */
  readonly accept?: readonly PictureSource["kind"][];
}

const KINDS: readonly PictureSource["kind"][] = ["path", "url", "data"];
const FIELDS = ["text", "image", "video", "endOfChunk"];

/**
 * Reads a prompt: a list of `{"text"}`, `{"image"}`, `{"video": [...]}` and `{"endOfChunk": true}`. A picture is a path, an
 * `http(s)` address or a `data:` address.
 * @param json  the parsed JSON, or its text.
 * @throws {PromptJsonError} naming every segment that is wrong, and how.
 */
export function parsePrompt(json: unknown, { accept = KINDS }: ParseOptions = {}): SourceSegment[] {
  const value = typeof json === "string" ? parseText(json) : json;
  if (!Array.isArray(value)) throw new PromptJsonError([], `The prompt is ${nameOf(value)}, not a list of segments.`);
  if (value.length === 0) throw new PromptJsonError([], "The prompt is an empty list.");
  const faults: SegmentFault[] = [];
  const segments = value.map((entry, segment) => {
    const read = readSegment(entry, accept);
    if (typeof read === "string") faults.push({ segment, problem: read });
    return read;
  });
  if (faults.length > 0) throw new PromptJsonError(faults);
  return segments as SourceSegment[];
}

/**
 * Loads the pictures of a prompt, all at once, and gives the document.
 * @throws {PromptJsonError} naming the segment whose picture could not be had, the loader's own error as its cause.
 */
export async function loadDocument(segments: readonly SourceSegment[], load: PictureLoader): Promise<Document> {
  const bring = async (source: PictureSource, segment: number) => {
    try {
      return await load(source);
    } catch (cause) {
      const problem = `has a picture that could not be loaded, ${describe(source)}: ${(cause as Error)?.message ?? cause}`;
      throw new PromptJsonError([{ segment, problem }], undefined, { cause });
    }
  };
  return Promise.all(
    segments.map(async (segment, index) => {
      if ("image" in segment) return { image: await bring(segment.image, index) };
      if ("video" in segment) return { video: await Promise.all(segment.video.map((frame) => bring(frame, index))) };
      return segment;
    }),
  );
}

function parseText(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new PromptJsonError([], `The prompt is not JSON: ${(cause as Error).message}.`, { cause });
  }
}

function readSegment(entry: unknown, accept: readonly PictureSource["kind"][]): SourceSegment | string {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return `is ${nameOf(entry)}, not an object`;
  const names = Object.keys(entry);
  const name = names[0];
  if (names.length !== 1 || !FIELDS.includes(name!))
    return `has the fields [${names.join(", ")}], not exactly one of ${FIELDS.join(", ")}`;
  const value = (entry as Record<string, unknown>)[name!];
  if (name === "text") return typeof value === "string" ? { text: value } : `has a text that is ${nameOf(value)}`;
  if (name === "endOfChunk") return value === true ? { endOfChunk: true } : "has an endOfChunk that is not true";
  if (name === "image") {
    const image = readSource(value, accept);
    return typeof image === "string" ? `has an image that ${image}` : { image };
  }
  if (!Array.isArray(value)) return `has a video that is ${nameOf(value)}, not a list of frames`;
  if (value.length === 0) return "has a video without frames";
  const frames = value.map((frame) => readSource(frame, accept));
  const bad = frames.findIndex((frame) => typeof frame === "string");
  return bad >= 0 ? `has a video whose frame ${bad} ${frames[bad]}` : { video: frames as PictureSource[] };
}

function readSource(value: unknown, accept: readonly PictureSource["kind"][]): PictureSource | string {
  if (typeof value !== "string") return `is ${nameOf(value)}, not a path or an address`;
  if (value === "") return "is an empty string";
  const source = sourceOf(value);
  if (typeof source === "string") return source;
  if (!accept.includes(source.kind)) return `is a ${source.kind}, but only ${accept.join(", ")} is allowed here`;
  return source;
}

function sourceOf(value: string): PictureSource | string {
  if (/^https?:\/\//i.test(value)) return URL.canParse(value) ? { kind: "url", url: value } : "is no valid address";
  if (!/^data:/i.test(value)) return { kind: "path", path: value };
  const comma = value.indexOf(",");
  const [mime = "", ...parameters] = value.slice(5, Math.max(comma, 5)).split(";");
  if (comma < 0 || parameters.at(-1)?.toLowerCase() !== "base64") return "is a data address that is not base64";
  try {
    const bytes = Uint8Array.from(atob(value.slice(comma + 1)), (letter) => letter.charCodeAt(0));
    return bytes.length > 0 ? { kind: "data", mime, bytes } : "is a data address without data";
  } catch {
    return "is a data address whose base64 is broken";
  }
}

function describe(source: PictureSource): string {
  if (source.kind === "path") return source.path;
  return source.kind === "url" ? source.url : `${source.bytes.length} bytes of ${source.mime || "data"}`;
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a list";
  return `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
}
