import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { httpAnswer } from "../../../src/data/web/http-answer.js";
import { type WarcFault, type WarcRecord, warcRecords } from "../../../src/data/web/warc.js";
import { Random } from "../../../src/random.js";
import { answer, response, warcRecord } from "../../support/warc.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "warc-"));
});
afterAll(() => rm(folder, { recursive: true }));

const SHARED = new URL("../../../../shared/data/warc/", import.meta.url).pathname;
const ONE_MIB = 2 ** 20;

async function read(bytes: Uint8Array | string, limit?: number) {
  const path = typeof bytes === "string" ? bytes : join(folder, "archive");
  if (typeof bytes !== "string") await writeFile(path, bytes);
  const faults: WarcFault[] = [];
  const records: WarcRecord[] = [];
  const options = { onFault: (fault: WarcFault) => void faults.push(fault) };
  for await (const record of warcRecords(path, limit === undefined ? options : { ...options, maxRecordBytes: limit }))
    records.push(record);
  return { records, faults };
}

const page = (n: number, body = `<p>${n}</p>`) => response(`http://a.test/${n}`, answer(200, "text/html", body));
const uris = (records: readonly WarcRecord[]) => records.map(({ fields }) => fields.get("warc-target-uri"));

describe("a web archive", () => {
  const records = [
    warcRecord("warcinfo", {}, "software: test\r\n"),
    page(1),
    page(2, "x".repeat(3 * ONE_MIB)),
    page(3),
  ];

  it("gives the same records plain and as gzip members, each with the byte at which it can be read again", async () => {
    const plain = await read(Buffer.concat(records));
    const packed = await read(Buffer.concat(records.map((record) => gzipSync(record))));
    expect(plain.faults).toEqual([]);
    expect(packed.faults).toEqual([]);
    expect(packed.records.map(({ content }, n) => content.equals(plain.records[n]!.content))).toEqual(
      Array(4).fill(true),
    );
    expect(uris(plain.records)).toEqual([undefined, "http://a.test/1", "http://a.test/2", "http://a.test/3"]);
    const { at } = packed.records[3]!;
    expect(at).toBe(records.slice(0, 3).reduce((sum, record) => sum + gzipSync(record).length, 0));
    for await (const again of warcRecords(join(folder, "archive"), { from: at, onFault: () => {} }))
      expect(again.fields.get("warc-target-uri")).toBe("http://a.test/3");
  });

  it("reads several records of one gzip member, and counts them within it", async () => {
    const { records: found, faults } = await read(gzipSync(Buffer.concat(records)));
    expect(faults).toEqual([]);
    expect(found.map(({ at, within, number }) => [at, within, number])).toEqual([0, 1, 2, 3].map((n) => [0, n, n]));
  });

  it.each(["plain", "gzip"])(
    "tells the byte of a record cut in half in the middle of a %s file, and reads on",
    async (kind) => {
      const packed = records.map((record) => (kind === "gzip" ? gzipSync(record) : record));
      const cut = packed[1]!.subarray(0, packed[1]!.length >> 1);
      const { records: found, faults } = await read(Buffer.concat([packed[0]!, cut, packed[2]!, packed[3]!]));
      expect(uris(found).slice(1)).toEqual(["http://a.test/2", "http://a.test/3"]);
      expect(faults).toHaveLength(1);
      expect(faults[0]).toMatchObject({ at: packed[0]!.length, number: 1 });
    },
  );

  it.each(["plain", "gzip"])("tells the byte of a record cut in half at the end of a %s file", async (kind) => {
    const packed = records.map((record) => (kind === "gzip" ? gzipSync(record) : record));
    const whole = Buffer.concat(packed);
    const { records: found, faults } = await read(whole.subarray(0, whole.length - 40));
    expect(found).toHaveLength(3);
    const at = whole.length - packed[3]!.length;
    expect(faults).toMatchObject([{ reason: "cut short", at, number: 3 }]);
  });

  it("survives every cut: whole records before it are read, and one fault at most is told", async () => {
    const few = [page(1), page(2)];
    for (const whole of [Buffer.concat(few), Buffer.concat(few.map((record) => gzipSync(record)))])
      for (let length = 0; length < whole.length; length += 7) {
        const { records: found, faults } = await read(whole.subarray(0, length));
        expect(faults.length, `${length} bytes`).toBeLessThanOrEqual(1);
        // Of a plain record, only the blank lines after it may be missing.
        expect(found.length + faults.length, `${length} bytes`).toBeLessThanOrEqual(2);
      }
  });

  it("skips a record that is larger than allowed without holding it, and a member that would expand to more", async () => {
    const large = page(2, "y".repeat(ONE_MIB));
    const plain = await read(Buffer.concat([page(1), large, page(3)]), 10_000);
    expect(uris(plain.records)).toEqual(["http://a.test/1", "http://a.test/3"]);
    expect(plain.faults).toMatchObject([{ reason: "too large", number: 1 }]);
    const packed = await read(Buffer.concat([page(1), large, page(3)].map((record) => gzipSync(record))), 10_000);
    expect(uris(packed.records)).toEqual(["http://a.test/1", "http://a.test/3"]);
    expect(packed.faults).toMatchObject([{ reason: "too large", number: 1 }]);
  });

  it("loses one record by a Content-Length that is too long, however long, and none by one that is too short by much", async () => {
    const lying = (size: number | string) =>
      Buffer.from(
        page(2)
          .toString("latin1")
          .replace(/Content-Length: \d+/i, `Content-Length: ${size}`),
        "latin1",
      );
    for (const size of [9, 200, 20_000, 10 ** 12, 2 ** 53, -1, "many"]) {
      const { records: found, faults } = await read(Buffer.concat([page(1), lying(size), page(3), page(4)]), 10_000);
      expect(uris(found), `${size}`).toEqual(["http://a.test/1", "http://a.test/3", "http://a.test/4"]);
      expect(faults, `${size}`).toHaveLength(1);
    }
  });

  it("ends a member that goes on and gives nothing, without holding it", async () => {
    const empty = Buffer.from([0, 0, 0, 0xff, 0xff]);
    const endless = Buffer.concat([gzipSync("").subarray(0, 10), ...Array<Buffer>(3_000_000).fill(empty)]);
    const { records: found, faults } = await read(
      Buffer.concat([gzipSync(page(1)), endless, gzipSync(page(2))]),
      10_000,
    );
    expect(uris(found)).toEqual(["http://a.test/1", "http://a.test/2"]);
    expect(faults).toMatchObject([{ reason: "too large", number: 1 }]);
  });

  it("numbers records the same when it begins at a member in which something is damaged", async () => {
    const inside = Buffer.concat([page(1), page(2).subarray(0, 60), page(3), page(4)]);
    const path = join(folder, "damaged-inside");
    await writeFile(path, Buffer.concat([gzipSync(page(0)), gzipSync(inside), gzipSync(page(5))]));
    const { records: found } = await read(path);
    expect(found.map(({ number, within }) => [number, within])).toEqual([
      [0, 0],
      [1, 0],
      [3, 2],
      [4, 3],
      [5, 0],
    ]);
  });

  it("finds a flipped byte of a member by its checksum", async () => {
    const packed = [page(1), page(2), page(3)].map((record) => gzipSync(record, { level: 0 }));
    packed[1]![packed[1]!.length - 30]! ^= 1;
    const { records: found, faults } = await read(Buffer.concat(packed));
    expect(uris(found)).toEqual(["http://a.test/1", "http://a.test/3"]);
    expect(faults).toMatchObject([{ reason: "damaged", at: packed[0]!.length }]);
  });

  it("comes to an end whatever happened to its bytes, and gives no record that was not there", async () => {
    const random = new Random("damage");
    const small = [1, 2, 3, 4].map((n) => page(n));
    for (const whole of [Buffer.concat(small), Buffer.concat(small.map((record) => gzipSync(record)))])
      for (let tries = 0; tries < 150; tries++) {
        const at = () => random.integer(whole.length);
        const bytes = Buffer.from(whole);
        for (let n = random.integer(8); n >= 0; n--) bytes[at()] = random.integer(256);
        const [from, to] = [at(), at()].sort((a, b) => a - b) as [number, number];
        const left = random.chance(0.5) ? bytes : Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
        const { records: found, faults } = await read(left);
        expect(found.length + faults.length).toBeLessThanOrEqual(2 * small.length + 8);
      }
  });

  it.skipIf(!existsSync(SHARED))("reads the archives of other programs (skipped where ../shared is not)", async () => {
    const told: Record<string, [number, string[]]> = {};
    for (const name of [
      "example.warc",
      "example.warc.gz",
      "example-trunc.warc",
      "example-bad.warc.gz.bad",
      "example-bad-non-chunked.warc.gz",
      "iipc-hello-world.warc.gz",
      "example-iana.org-chunked.warc",
      "example.arc",
    ]) {
      const { records: found, faults } = await read(join(SHARED, name));
      told[name] = [found.length, faults.map(({ reason, at }) => `${reason} at ${at}`)];
    }
    expect(told).toMatchInlineSnapshot(`
      {
        "example-bad-non-chunked.warc.gz": [
          6,
          [],
        ],
        "example-bad.warc.gz.bad": [
          6,
          [],
        ],
        "example-iana.org-chunked.warc": [
          3,
          [],
        ],
        "example-trunc.warc": [
          3,
          [
            "cut short at 1197",
          ],
        ],
        "example.arc": [
          0,
          [
            "not a WARC record at 0",
          ],
        ],
        "example.warc": [
          6,
          [],
        ],
        "example.warc.gz": [
          6,
          [],
        ],
        "iipc-hello-world.warc.gz": [
          6,
          [],
        ],
      }
    `);
  });
});

describe("an HTTP answer of an archive", () => {
  const html = "<p>words</p>".repeat(100);
  const body = (fields: string, bytes: Uint8Array | string) => {
    const found = httpAnswer(
      Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n`), Buffer.from(bytes)]),
      ONE_MIB,
    );
    return "fault" in found ? found.fault : found.body.toString();
  };
  const chunked = (bytes: Uint8Array) =>
    Buffer.concat([
      Buffer.from(`5;name=x\r\n`),
      bytes.subarray(0, 5),
      Buffer.from(`\r\n${(bytes.length - 5).toString(16)}\r\n`),
      bytes.subarray(5),
      Buffer.from("\r\n0\r\n\r\n"),
    ]);

  it("is read in chunks, compressed in every usual way, and both", () => {
    expect(body("Transfer-Encoding: chunked", chunked(Buffer.from(html)))).toBe(html);
    expect(body("Content-Encoding: gzip", gzipSync(html))).toBe(html);
    expect(body("Content-Encoding: gzip", Buffer.concat([gzipSync(html), Buffer.from("\r\n")]))).toBe(html);
    expect(body("Content-Encoding: deflate", deflateSync(html))).toBe(html);
    expect(body("Content-Encoding: deflate", deflateRawSync(html))).toBe(html);
    expect(body("Content-Encoding: br", brotliCompressSync(html))).toBe(html);
    expect(body("Content-Encoding: deflate, gzip", gzipSync(deflateSync(html)))).toBe(html);
    expect(body("Transfer-Encoding: chunked\r\nContent-Encoding: gzip", chunked(gzipSync(html)))).toBe(html);
  });

  it("is taken as it is where the crawler has already undone what its fields say", () => {
    for (const fields of [
      "Transfer-Encoding: chunked",
      ...["gzip", "br", "UTF-8"].map((name) => `Content-Encoding: ${name}`),
    ])
      expect(body(fields, html)).toBe(html);
  });

  it("is a fault when it is cut, damaged, of an unknown encoding, or a small body of a huge one", () => {
    expect(body("Transfer-Encoding: chunked", chunked(Buffer.from(html)).subarray(0, 500))).toBe("chunk cut short");
    expect(body("Content-Encoding: gzip", gzipSync(html).subarray(0, 30))).toBe("body damaged");
    const flipped = Buffer.concat([gzipSync(html, { level: 0 }), Buffer.from("\r\n")]);
    flipped[100]! ^= 1;
    expect(body("Content-Encoding: gzip", flipped)).toBe("body damaged");
    expect(body("Content-Encoding: secret", gzipSync(html))).toBe("unknown encoding");
    expect(body("Content-Encoding: gzip", gzipSync(Buffer.alloc(2 * ONE_MIB)))).toBe("body too large");
    expect(httpAnswer(Buffer.from("<p>"), ONE_MIB)).toMatchObject({ fault: "no HTTP answer" });
  });
});
