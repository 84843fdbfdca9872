/** Bytes from wherever a person points: a web address, a `data:` URL, and a file where the platform reads files. */
import { FlamingoError } from "../errors.js";
import { type Pieces, Turns } from "../turns.js";

/** The file, address or `data:` URL gave no bytes. */
export class MediaSourceError extends FlamingoError {
  readonly code = "MEDIA_SOURCE";
}

/** The source is larger than the caller allows. */
export class MediaTooLargeError extends FlamingoError {
  readonly code = "MEDIA_TOO_LARGE";
  constructor(name: string, found: number | undefined, maxBytes: number) {
    super(
      `${name} is ${found === undefined ? "larger than" : `${found} bytes, more than`} the ${maxBytes} bytes allowed.`,
      "give a smaller file, or raise maxBytes",
    );
  }
}

/** Where bytes are: in a file, at a web address, in a `data:` URL. */
export type SourceKind = "file" | "web" | "data";

/** How bytes are fetched. */
export interface SourceOptions {
  /** Most bytes read; 64 MiB unless told. */
  readonly maxBytes?: number;
  /** Longest wait for a web address, 30 seconds unless told. */
  readonly timeoutMs?: number;
  /** What may be read, all unless told. A server that takes addresses from strangers must leave out `file`. */
  readonly allow?: readonly SourceKind[];
  /** Ends the reading, with its reason, when it fires. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a source to the end.
 *
 * Web addresses of private networks are not told apart from others: a server that must not reach them has to resolve
 * and check the host itself, or not allow `web`.
 *
 * @param fromFile  reads what is no address
 * @throws {MediaSourceError} if there is no such file, the address does not answer, answers with a status other than
 *   200 to 299, the `data:` URL is malformed, or the kind of source is not allowed.
 * @throws {MediaTooLargeError} as soon as more than `maxBytes` are known or read, so memory stays bounded.
 */
export async function bytesAt(
  source: string,
  options: SourceOptions,
  fromFile: (path: string, maxBytes: number) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const { maxBytes = 64 * 1024 * 1024, timeoutMs = 30_000, allow = ["file", "web", "data"] } = options;
  const kind: SourceKind = /^data:/i.test(source) ? "data" : /^(https?:\/\/|blob:)/i.test(source) ? "web" : "file";
  if (!allow.includes(kind)) {
    throw new MediaSourceError(
      `${inShort(source)} is a ${kind} source, and only ${allow.join(" and ") || "none"} may be read here.`,
      "send the bytes themselves, for example as a data: URL, or allow this kind of source",
    );
  }
  options.signal?.throwIfAborted();
  if (kind === "data") return fromDataUrl(source, maxBytes, options.signal);
  return kind === "web" ? fromWeb(source, maxBytes, timeoutMs, options.signal) : fromFile(source, maxBytes);
}

async function fromWeb(
  source: string,
  maxBytes: number,
  timeoutMs: number,
  given: AbortSignal | undefined,
): Promise<Uint8Array> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(source, { signal: given === undefined ? timeout : AbortSignal.any([timeout, given]) });
    if (!response.ok) {
      throw new MediaSourceError(
        `${source} answered with status ${response.status} ${response.statusText}.`.replace(" .", "."),
        "open the address in a browser to see whether it is right and public",
      );
    }
    const announced = Number(response.headers.get("content-length") ?? 0);
    if (announced > maxBytes) throw new MediaTooLargeError(source, announced, maxBytes);
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const part of chunksOf(response)) {
      length += part.length;
      if (length > maxBytes) throw new MediaTooLargeError(source, undefined, maxBytes);
      parts.push(part);
    }
    return joined(parts, length);
  } catch (cause) {
    if (cause instanceof FlamingoError) throw cause;
    given?.throwIfAborted();
    const late = (cause as Error).name === "TimeoutError";
    throw new MediaSourceError(
      late ? `${source} did not answer within ${timeoutMs} ms.` : `${source} could not be reached: ${reason(cause)}.`,
      late
        ? "try again, or raise timeoutMs"
        : "check the address and the network, or download the file and give its path",
      { cause },
    );
  }
}

async function fromDataUrl(source: string, maxBytes: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const comma = source.indexOf(",");
  const header = source.slice(5, comma);
  const body = source.slice(comma + 1);
  if (comma < 0) {
    throw new MediaSourceError(
      `${inShort(source)} has no comma between its header and its bytes.`,
      "write it as data:image/png;base64,<the bytes in base64>",
    );
  }
  if (!/;base64$/i.test(header)) return limited(new TextEncoder().encode(percentDecoded(body)), maxBytes);
  const bytes = await new Turns().spread(fromBase64(body.includes("%") ? percentDecoded(body) : body), signal);
  if (bytes === undefined) {
    throw new MediaSourceError(
      `${inShort(source)} says it is base64, and has characters that base64 has not.`,
      "encode the bytes with base64 again",
    );
  }
  return limited(bytes, maxBytes);
}

async function* chunksOf({ body }: Response): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  try {
    for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read()) yield next.value;
  } finally {
    await reader?.cancel();
  }
}

/** Characters of base64 in a piece of work: about a millisecond. */
const PIECE = 1 << 16;

/**
 * The bytes that characters of base64 stand for, of either alphabet, in lines or not; what is left over at the end is
 * none. Undefined if there are other characters.
 */
function* fromBase64(base64: string): Pieces<Uint8Array | undefined> {
  const text = base64.trimEnd().replace(/={0,2}$/, "");
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let length = 0;
  let rest = "";
  for (let from = 0; from < text.length; from += PIECE) {
    const characters = rest + text.slice(from, from + PIECE).replaceAll(/\s/g, "");
    if (/[^A-Za-z0-9+/_-]/.test(characters)) return undefined;
    const whole = characters.length - (characters.length % 4);
    rest = characters.slice(whole);
    length = decodeInto(bytes, length, characters.slice(0, whole));
    yield;
  }
  return bytes.subarray(0, rest.length > 1 ? decodeInto(bytes, length, rest) : length);
}

/** @returns where the next bytes go */
function decodeInto(bytes: Uint8Array, at: number, characters: string): number {
  const binary = atob(characters.replaceAll("-", "+").replaceAll("_", "/"));
  for (let i = 0; i < binary.length; i++) bytes[at + i] = binary.charCodeAt(i);
  return at + binary.length;
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function limited(bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (bytes.length > maxBytes) throw new MediaTooLargeError("The data: URL", bytes.length, maxBytes);
  return bytes;
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function reason(cause: unknown): string {
  const inner = (cause as Error).cause as { code?: string; message?: string } | undefined;
  return inner?.code ?? inner?.message ?? (cause as Error).message;
}

function inShort(source: string): string {
  return source.length > 60 ? `${source.slice(0, 57)}...` : source;
}
