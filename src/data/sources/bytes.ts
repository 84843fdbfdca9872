/** Bytes of pictures and videos, from wherever a data set keeps them. */
import { readFile, stat } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";

/** Bytes that did not come, and why. */
export interface NotBrought {
  readonly fault: string;
  readonly found: string;
}

/** Fetches an `http:` or `https:` address. */
export type FetchBytes = (address: string) => Promise<Uint8Array | NotBrought>;

/** How bytes are brought. */
export interface Bring {
  /** The folder that paths are taken from, and that none may lead out of. */
  readonly folder: string;
  /** Without it, pictures with addresses are faults. */
  readonly fetch?: FetchBytes;
  /** Most bytes of one file; 50 million unless told. */
  readonly maxBytes?: number;
}

const MAX_BYTES = 50_000_000;

/** Brings what a field of a row holds: bytes, Hugging Face's `{ bytes, path }`, a `data:` URL, an address or a path. */
export async function bringBytes(value: unknown, bring: Bring): Promise<Uint8Array | NotBrought> {
  const { fetch, maxBytes = MAX_BYTES } = bring;
  if (value instanceof Uint8Array) return within(value, maxBytes, "the row");
  if (typeof value === "object" && value !== null) {
    const { bytes, path } = value as { bytes?: unknown; path?: unknown };
    if (bytes instanceof Uint8Array || typeof path === "string") return bringBytes(bytes ?? path, bring);
  }
  if (typeof value !== "string" || value === "")
    return { fault: "no picture", found: `${JSON.stringify(value)}`.slice(0, 200) };
  if (/^data:/i.test(value)) return ofDataUrl(value, maxBytes);
  if (/^https?:/i.test(value))
    return fetch === undefined ? { fault: "not fetched", found: value.slice(0, 200) } : fetch(value);
  const path = pathWithin(value, bring);
  return typeof path === "string" ? readFileOf(path, maxBytes) : path;
}

/** A path inside the folder. */
export function pathWithin(value: string, { folder }: Pick<Bring, "folder">): string | NotBrought {
  const root = resolve(folder);
  const path = resolve(root, value);
  const away = relative(root, path);
  // On Windows what lies on another drive has no relative path.
  if (away === ".." || away.startsWith(`..${sep}`) || isAbsolute(away) || path.includes("\0"))
    return { fault: "outside the folder", found: value.slice(0, 200) };
  return path;
}

/** The size of a file in bytes, if it is one: a pipe would be waited for without end. */
export async function sizeOf(path: string): Promise<number | NotBrought> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : { fault: "missing file", found: `${path} is no file` };
  } catch (error) {
    return { fault: "missing file", found: `${path}: ${(error as NodeJS.ErrnoException).code}` };
  }
}

/** The bytes of a file, if it is one and not too large. */
export async function readFileOf(path: string, maxBytes: number = MAX_BYTES): Promise<Uint8Array | NotBrought> {
  const size = await sizeOf(path);
  if (typeof size !== "number") return size;
  if (size > maxBytes) return { fault: "too large", found: `${path} has ${size} bytes` };
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    return { fault: "missing file", found: `${path}: ${(error as NodeJS.ErrnoException).code}` };
  }
}

function ofDataUrl(url: string, maxBytes: number): Uint8Array | NotBrought {
  const [, base64] = /^data:[^,]*;base64,(.*)$/is.exec(url) ?? [];
  if (base64 === undefined) return { fault: "bad data URL", found: url.slice(0, 60) };
  return within(new Uint8Array(Buffer.from(base64, "base64")), maxBytes, "the data URL");
}

function within(bytes: Uint8Array, maxBytes: number, name: string): Uint8Array | NotBrought {
  return bytes.length > maxBytes ? { fault: "too large", found: `${name} has ${bytes.length} bytes` } : bytes;
}
