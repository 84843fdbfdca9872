import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { parquetWriteFile } from "hyparquet-writer";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { linesOf } from "../../../src/data/sources/lines.js";
import { rowsOf } from "../../../src/data/sources/rows.js";
import { UsageError } from "../../../src/errors.js";
import { collect } from "../../support/collect.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "flamingo-rows-"));
});
afterEach(() => rm(folder, { recursive: true }));
const file = async (name: string, content: string | Uint8Array) => {
  await writeFile(join(folder, name), content);
  return join(folder, name);
};
const fieldsOf = async (path: string) =>
  (await collect(rowsOf(path))).map((row) => ("fault" in row ? row.fault : row.fields));

describe("lines of JSON", () => {
  it("skip line 40,213 of a file with its place, and no other", async () => {
    const lines = Array.from({ length: 50_000 }, (_, n) => JSON.stringify({ n }));
    lines[40_212] = '{"n": 40212, "caption": "cut';
    const path = await file("a.jsonl", lines.join("\n"));
    const rows = await collect(rowsOf(path));
    expect(rows.length).toBe(50_000);
    const faults = rows.filter((row) => "fault" in row);
    const byte = lines.slice(0, 40_212).reduce((sum, line) => sum + line.length + 1, 0);
    expect(faults).toEqual([
      { fault: "bad JSON", place: { file: path, record: 40_212, byte, found: expect.stringMatching(/^line 40213: /) } },
    ]);
  });

  it("may be compressed, end in any way, begin with a byte order mark and have empty lines", async () => {
    const text = '\ufeff{"a": 1}\r\n\n{"a": "é"}';
    expect(await fieldsOf(await file("a.jsonl", text))).toEqual([{ a: 1 }, { a: "é" }]);
    expect(await fieldsOf(await file("a.ndjson.gz", gzipSync(text)))).toEqual([{ a: 1 }, { a: "é" }]);
  });

  it("that are no UTF-8, no object, or compressed and cut off are faults", async () => {
    const bytes = Buffer.concat([Buffer.from('[1]\n{"a": "'), Buffer.from([0xff]), Buffer.from('"}\n{"a": 2}\n')]);
    expect(await fieldsOf(await file("a.jsonl", bytes))).toEqual(["bad JSON", "not UTF-8", { a: 2 }]);
    const noise = Array.from({ length: 4000 }, (_, n) => `{"a": ${Math.sin(n)}}\n`).join("");
    const cut = gzipSync(noise).subarray(0, 20_000);
    const rows = await fieldsOf(await file("cut.jsonl.gz", cut));
    expect(rows.at(-1)).toBe("damaged compression");
    expect(rows.length).toBeGreaterThan(100);
  });

  it("longer than allowed are cut, and the next line is read", async () => {
    const path = await file("long", `${"x".repeat(700_000)}\nshort\n`);
    const lines = await collect(linesOf(path, 1000));
    expect(lines.map(({ bytes, cut, byte }) => [bytes.length, cut, byte])).toEqual([
      [1000, true, 0],
      [5, false, 700_001],
    ]);
  });
});

describe("comma-separated rows", () => {
  it("are read as RFC 4180 writes them", async () => {
    const path = await file(
      "a.csv",
      'image,caption\na.png,"a cat, ""the"" cat\non two lines"\nb.png,plain "quoted" text\n',
    );
    expect(await fieldsOf(path)).toEqual([
      { image: "a.png", caption: 'a cat, "the" cat\non two lines' },
      { image: "b.png", caption: 'plain "quoted" text' },
    ]);
    expect(await fieldsOf(await file("a.tsv", "image\tcaption\na.png\ta, cat\n"))).toEqual([
      { image: "a.png", caption: "a, cat" },
    ]);
  });

  it("are what was written, whatever the cells", async () => {
    const cell = fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", " ", "é") });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell), { maxLength: 8 }), async (rows) => {
        const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const text = ["x,y", ...rows.map((row) => row.map(quoted).join(","))].join("\n");
        expect(await fieldsOf(await file("p.csv", text))).toEqual(rows.map(([x, y]) => ({ x, y })));
      }),
      { numRuns: 60 },
    );
  });

  it("may have any separator that their header has most of", async () => {
    const expected = [
      { image: "a.png", caption: "a cat; two, three" },
      { image: "b.png", caption: "b" },
    ];
    for (const [n, separator] of [",", ";", "\t", "|"].entries()) {
      const rows = [`image${separator}"caption"`, `a.png${separator}"a cat; two, three"`, `b.png${separator}b`];
      expect(await fieldsOf(await file(`${n}.csv`, rows.join("\r\n")))).toEqual(expected);
    }
    expect(await fieldsOf(await file("a.tsv", "image; jpg, png\nx\n"))).toEqual([{ "image; jpg, png": "x" }]);
    expect(await fieldsOf(await file("one.csv", '"a;b"\nx\n'))).toEqual([{ "a;b": "x" }]);
  });

  it("may have quotes that are only characters, however many", async () => {
    const path = await file("inch.csv", 'caption,image\n5" pipe,1.png\nplain,2.png\n6" pipe,3.png\n7" one,4.png\n');
    expect(await fieldsOf(path)).toEqual([
      { caption: '5" pipe', image: "1.png" },
      { caption: "plain", image: "2.png" },
      { caption: '6" pipe', image: "3.png" },
      { caption: '7" one', image: "4.png" },
    ]);
  });

  it("whose header cannot be read are refused: the next line is no header", async () => {
    const utf16 = Buffer.from("\ufeffimage,caption\na.png,b\n", "utf16le");
    const latin1 = Buffer.from("image,légende\na.png,b\n", "latin1");
    for (const [name, bytes] of Object.entries({ "utf16.csv": utf16, "latin1.csv": latin1 }))
      await expect(fieldsOf(await file(name, bytes))).rejects.toThrow(/cannot be read: bytes that are no UTF-8/);
    await expect(fieldsOf(await file("mac.csv", "image,caption\ra.png,b\r"))).rejects.toThrow(/carriage returns/);
    await expect(fieldsOf(await file("empty.csv", "\n\n"))).rejects.toThrow(/is empty/);
  });

  it("with other numbers of cells, or a quote that nothing closes, are faults and take no other row with them", async () => {
    const path = await file("a.csv", 'image,caption\na.png\n"b.png,b\nc.png,c\nd.png,d\n');
    const rows = await collect(rowsOf(path));
    expect(rows.map((row) => ("fault" in row ? [row.fault, row.place.found] : row.fields))).toEqual([
      ["wrong number of cells", "line 2: 1 cells under 2 columns"],
      ["quote not closed", "line 3: a quote begins that nothing ends"],
      { image: "c.png", caption: "c" },
      { image: "d.png", caption: "d" },
    ]);
  });
});

describe("Parquet", () => {
  const write = (name: string) =>
    parquetWriteFile({
      filename: join(folder, name),
      rowGroupSize: 300,
      columnData: [
        { name: "caption", data: Array.from({ length: 700 }, (_, n) => `caption ${n}`), type: "STRING" },
        {
          name: "image",
          data: Array.from({ length: 700 }, (_, n) => Uint8Array.of(n & 255, 0xff, 0xd8)),
          type: "BYTE_ARRAY",
        },
      ],
    });

  it("gives texts as texts and bytes as bytes, row by row over its groups", async () => {
    await write("a.parquet");
    const rows = await fieldsOf(join(folder, "a.parquet"));
    expect(rows.length).toBe(700);
    expect(rows[513]).toEqual({ caption: "caption 513", image: Uint8Array.of(1, 0xff, 0xd8) });
  });

  it("that is damaged in a group loses that group's rows alone, each a fault; one without its end is refused", async () => {
    await write("a.parquet");
    const { readFile } = await import("node:fs/promises");
    const bytes = await readFile(join(folder, "a.parquet"));
    const spoilt = Buffer.from(bytes);
    spoilt.fill(0xff, 4, 60);
    const rows = await fieldsOf(await file("spoilt.parquet", spoilt));
    expect(rows.length).toBe(700);
    expect(rows.filter((row) => row === "damaged row group").length).toBe(300);
    expect(rows.at(-1)).toMatchObject({ caption: "caption 699" });
    await expect(fieldsOf(await file("cut.parquet", bytes.subarray(0, 900)))).rejects.toThrow(UsageError);
  });
});

describe("COCO's captions", () => {
  it("are a row for each annotation, with its picture's name", async () => {
    const coco = {
      images: [{ id: 7, file_name: "7.jpg", height: 3 }],
      annotations: [
        { id: 1, image_id: 7, caption: "a cat" },
        { id: 2, image_id: 8, caption: "lost" },
        { id: 3, image_id: 7, caption: "the cat" },
      ],
    };
    expect(await fieldsOf(await file("captions.json", JSON.stringify(coco)))).toEqual([
      { id: 1, image_id: 7, file_name: "7.jpg", height: 3, caption: "a cat" },
      "annotation without its image",
      { id: 3, image_id: 7, file_name: "7.jpg", height: 3, caption: "the cat" },
    ]);
    expect((await fieldsOf(await file("mark.json", `\ufeff${JSON.stringify(coco)}`))).length).toBe(3);
    await expect(fieldsOf(await file("latin1.json", Buffer.from('{"é": 1}', "latin1")))).rejects.toThrow(/UTF-8/);
    await expect(fieldsOf(await file("b.json", "[]"))).rejects.toThrow(UsageError);
    await expect(fieldsOf(await file("c.json", "{"))).rejects.toThrow(UsageError);
  });
});
