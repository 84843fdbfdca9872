/** HTTP answers as archives hold them: status, fields, and the body as it was before it was sent. */
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from "node:zlib";
import { fieldsOf, gzipHeadLength } from "./warc.js";

export interface HttpAnswer {
  readonly status: number;
  /** By their names in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  /** Neither in chunks nor compressed. */
  readonly body: Buffer;
}

/** Why an answer cannot be read. */
export interface HttpFault {
  readonly fault: "no HTTP answer" | "chunk cut short" | "body damaged" | "body too large" | "unknown encoding";
  readonly found: string;
}

const HEAD_END = /\r?\n\r?\n/;

/**
 * Reads an answer. Crawlers often take chunks and compression away and leave the fields that speak of them: a body that
 * is clearly not what these say is taken as it is.
 * @param maxBytes  most bytes of the body, however small it is compressed
 */
export function httpAnswer(block: Buffer, maxBytes: number): HttpAnswer | HttpFault {
  const start = block.toString("latin1", 0, Math.min(block.length, 1 << 16));
  const status = /^HTTP\/\d(?:\.\d)? +(\d{3})/.exec(start)?.[1];
  const end = HEAD_END.exec(start);
  if (status === undefined || end === null)
    return { fault: "no HTTP answer", found: JSON.stringify(start.slice(0, 40)) };
  const fields = fieldsOf(start.slice(0, end.index));
  const sent = block.subarray(end.index + end[0].length);
  const whole = /chunked/i.test(fields.get("transfer-encoding") ?? "") ? withoutChunks(sent) : sent;
  if (!Buffer.isBuffer(whole)) return whole;
  const body = decompressed(whole, fields.get("content-encoding"), maxBytes);
  return Buffer.isBuffer(body) ? { status: Number(status), fields, body } : body;
}

function withoutChunks(sent: Buffer): Buffer | HttpFault {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const line = sent.indexOf("\n", at);
    const size = /^([0-9a-f]{1,8})[ \t]*(;.*)?\r?$/i.exec(sent.toString("latin1", at, Math.min(line, at + 256)))?.[1];
    if (line < 0 || size === undefined) {
      if (at === 0) return sent;
      return { fault: "chunk cut short", found: `no chunk begins at byte ${at} of the body` };
    }
    const length = Number.parseInt(size, 16);
    if (length === 0) return Buffer.concat(chunks);
    const chunk = sent.subarray(line + 1, line + 1 + length);
    if (chunk.length < length)
      return { fault: "chunk cut short", found: `${chunk.length} of ${length} bytes of a chunk` };
    chunks.push(chunk);
    at = line + 1 + length;
    if (sent[at] === 0x0d) at++;
    if (sent[at] === 0x0a) at++;
  }
}

const DECODERS: Readonly<Record<string, (body: Buffer, maxOutputLength: number) => Buffer>> = {
  gzip: (body, maxOutputLength) => {
    try {
      return gunzipSync(body, { maxOutputLength });
    } catch (error) {
      // Whole, and followed by something else, as the line's end that a script leaves behind: browsers take no notice of it.
      if ((error as Error).message !== "incorrect header check") throw error;
      return inflateRawSync(body.subarray(gzipHeadLength(body)), { maxOutputLength });
    }
  },
  // The field's name means zlib's format, and many servers send the bare one.
  deflate: (body, maxOutputLength) =>
    (body[0]! & 0x0f) === 8 && body.readUInt16BE(0) % 31 === 0
      ? inflateSync(body, { maxOutputLength })
      : inflateRawSync(body, { maxOutputLength }),
  br: (body, maxOutputLength) => brotliDecompressSync(body, { maxOutputLength }),
};

/**
 * A body before it was compressed.
 * @param encodings  what `Content-Encoding` says, the last of them applied last
 * @param maxBytes  what comes out is never longer, however small the body is
 */
export function decompressed(body: Buffer, encodings: string | undefined, maxBytes: number): Buffer | HttpFault {
  let plain = body;
  for (const named of (encodings ?? "").toLowerCase().split(",").reverse()) {
    const encoding = named.trim().replace(/^x-/, "");
    if (encoding === "" || encoding === "identity" || plain.length === 0) continue;
    const decode = DECODERS[encoding];
    if (decode === undefined) {
      // Some name the encoding of the characters here.
      if (isMarkup(plain)) continue;
      return { fault: "unknown encoding", found: encoding.slice(0, 40) };
    }
    if (encoding === "gzip" && !(plain[0] === 0x1f && plain[1] === 0x8b)) continue;
    try {
      plain = decode(plain, maxBytes);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === "ERR_BUFFER_TOO_LARGE") return { fault: "body too large", found: `more than ${maxBytes} bytes` };
      if (isMarkup(plain)) continue;
      return { fault: "body damaged", found: `${encoding}: ${message}` };
    }
  }
  return plain.length <= maxBytes ? plain : { fault: "body too large", found: `${plain.length} bytes` };
}

/** Whether bytes begin as a page does: they are compressed by nothing. */
function isMarkup(bytes: Buffer): boolean {
  return /^\s*</.test(bytes.toString("latin1", 0, 64));
}
