/** Bytes from wherever a person points: a web address, a `data:` URL, and a file where the platform reads files. */
import { FlamingoError } from "../errors.js";

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
  if (kind === "data") return fromDataUrl(source, maxBytes);
  return kind === "web" ? fromWeb(source, maxBytes, timeoutMs) : fromFile(source, maxBytes);
}

async function fromWeb(source: string, maxBytes: number, timeoutMs: number): Promise<Uint8Array> {
  try {
    const response = await fetch(source, { signal: AbortSignal.timeout(timeoutMs) });
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

function fromDataUrl(source: string, maxBytes: number): Uint8Array {
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
  const base64 = percentDecoded(body).replace(/\s/g, "");
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(base64)) {
    throw new MediaSourceError(
      `${inShort(source)} says it is base64, and has characters that base64 has not.`,
      "encode the bytes with base64 again",
    );
  }
  return limited(fromBase64(base64), maxBytes);
}

async function* chunksOf({ body }: Response): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  try {
    for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read()) yield next.value;
  } finally {
    await reader?.cancel();
  }
}

/** The bytes that characters of base64 stand for, of either alphabet; what is left over at the end is none. */
function fromBase64(base64: string): Uint8Array {
  const plain = base64.replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "");
  const binary = atob(plain.length % 4 === 1 ? plain.slice(0, -1) : plain);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
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
