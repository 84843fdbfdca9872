/** Web archives that tests write. */

const BREAK = "\r\n";

/** One record, with the blank lines after it. */
export function warcRecord(type: string, fields: Readonly<Record<string, string>>, block: Uint8Array | string): Buffer {
  const bytes = Buffer.from(block);
  const all = { "WARC-Type": type, "Content-Length": String(bytes.length), ...fields };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}${BREAK}`);
  return Buffer.concat([Buffer.from(`WARC/1.0${BREAK}${head.join("")}${BREAK}`), bytes, Buffer.from(BREAK + BREAK)]);
}

/** What a server answered to a request for an address. */
export function response(uri: string, block: Uint8Array): Buffer {
  const fields = {
    "WARC-Target-URI": uri,
    "WARC-Date": "2026-01-01T00:00:00Z",
    "Content-Type": "application/http; msgtype=response",
  };
  return warcRecord("response", fields, block);
}

/** An HTTP answer. */
export function answer(status: number, type: string, body: Uint8Array | string, fields = ""): Buffer {
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status} X${BREAK}Content-Type: ${type}${BREAK}${fields}${BREAK}`),
    Buffer.from(body),
  ]);
}
