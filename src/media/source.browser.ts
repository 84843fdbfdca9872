/** Bytes from wherever a page points. */
import { bytesAt, MediaSourceError, type SourceOptions } from "./source.js";

/**
 * Reads an address, one relative to the page's too, or a `data:` or `blob:` URL, to the end. Errors as for `bytesAt`; a
 * server of another origin must allow it (CORS).
 */
export function fetchBytes(source: string, options: SourceOptions = {}): Promise<Uint8Array> {
  return bytesAt(new URL(source, location.href).href, options, async (path) => {
    throw new MediaSourceError(
      `${path} is no address that a browser fetches.`,
      "give an http(s):, data: or blob: address, or the bytes of a file that a person chose",
    );
  });
}
