import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { parquetWriteFile } from "hyparquet-writer";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DataRecord } from "../../../src/data/record.js";
import { paperSamples } from "../../../src/data/samples/rules.js";
import { sampleOf } from "../../../src/data/samples/sample.js";
import { segmentsOf } from "../../../src/data/segments.js";
import { assign } from "../../../src/data/sources/assignment.js";
import { type Imported, ImportedDocuments, type ImportOptions } from "../../../src/data/sources/imports.js";
import { Tally } from "../../../src/data/tally.js";
import { plainPictures } from "../../../src/media/augment.js";
import { framesOf } from "../../../src/prompt/document.js";
import { Random } from "../../../src/random.js";
import { trainBpe } from "../../../src/text/bpe-trainer.js";
import { openTokenizer } from "../../../src/text/hub-tokenizer.js";
import { collect } from "../../support/collect.js";
import { grey, levelOf, writeFiles } from "./support.js";

const SAMPLE = "../shared/data/mmc4_sample/sample.jsonl";
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "flamingo-import-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function read(kind: Imported, name: string, more: Partial<ImportOptions> = {}) {
  const tally = new Tally();
  const options = { inputs: [join(folder, name)], bring: { folder: join(folder, "images") }, tally, ...more };
  const records = await collect(new ImportedDocuments(kind, options));
  return { records, tally: tally.toJSON() };
}
/** Texts, and pictures as their greys. */
const pieces = (record: DataRecord) =>
  Promise.all(segmentsOf(record).map((one) => ("text" in one ? one.text : levelOf(one.medium.files[0]!.bytes))));

describe("the assignment of pictures to sentences", () => {
  it("has the greatest sum of all", () => {
    const sum = (likeness: number[][], columns: number[]) =>
      columns.reduce((total, column, row) => total + (column < 0 ? 0 : likeness[row]![column]!), 0);
    const best = (likeness: number[][], row = 0, taken: number[] = []): number => {
      if (row === likeness.length) return 0;
      const free = likeness[row]!.map((_, column) => column).filter((column) => !taken.includes(column));
      const skip = likeness.length - row > free.length ? best(likeness, row + 1, taken) : Number.NEGATIVE_INFINITY;
      return Math.max(
        skip,
        ...free.map((column) => likeness[row]![column]! + best(likeness, row + 1, [...taken, column])),
      );
    };
    const matrix = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })).chain(([rows, columns]) =>
      fc.array(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: columns, maxLength: columns }), {
        minLength: rows,
        maxLength: rows,
      }),
    );
    fc.assert(
      fc.property(matrix, (likeness) => {
        const columns = assign(likeness);
        const used = columns.filter((column) => column >= 0);
        expect(new Set(used).size).toBe(used.length);
        expect(used.length).toBe(Math.min(likeness.length, likeness[0]!.length));
        expect(sum(likeness, columns)).toBe(best(likeness));
      }),
    );
  });

  it.skipIf(!existsSync(SAMPLE))("is the one that MMC4 published with its example", () => {
    const { similarity_matrix, image_info } = JSON.parse(readFileSync(SAMPLE, "utf8"));
    expect(assign(similarity_matrix)).toEqual(
      image_info.map((info: { matched_text_index: number }) => info.matched_text_index),
    );
  });
});

/** Four sentences; pictures 10, 20, 30 belong before sentences 2, 1 and 3, the last hardly. */
const mmc4 = {
  url: "http://example.org/",
  text_list: ["Zero. ", "One.", " Two.", "Three."],
  image_info: [
    { image_name: "10.png", raw_url: "http://example.org/10.png", matched_text_index: 2, matched_sim: 0.3 },
    { image_name: "20.png", raw_url: "http://example.org/20.png", matched_text_index: 1, matched_sim: 0.4 },
    { image_name: "30.png", raw_url: "http://example.org/30.png", matched_text_index: 3, matched_sim: 0.1 },
  ],
  similarity_matrix: [
    [0.1, 0.2, 0.3, 0.2],
    [0.1, 0.4, 0.2, 0.3],
    [0.0, 0.1, 0.2, 0.1],
  ],
};

describe("MMC4", () => {
  const write = async (...names: string[]) => {
    await writeFiles(folder, { "a.jsonl": `${JSON.stringify(mmc4)}\nbroken\n` });
    for (const name of names) await writeFiles(folder, { [`images/${name}.png`]: await grey(Number(name)) });
  };

  it("has each picture before its own sentence, whatever the order in which pictures are listed", async () => {
    await write("10", "20", "30");
    const { records, tally } = await read("mmc4", "a.jsonl");
    expect(await pieces(records[0]!)).toEqual(["Zero.", 20, "One.", 10, "Two. Three."]);
    expect(tally["mmc4 pictures"]!.dropped).toMatchObject({ "too little alike": { count: 1 } });
    expect(tally.mmc4!.faults["bad JSON"]!.first[0]).toMatchObject({ record: 1 });
  });

  it("keeps the first pictures of the text, not of the list, where a window holds fewer", async () => {
    await write("10", "20", "30");
    const { records } = await read("mmc4", "a.jsonl", { minimumLikeness: 0 });
    const tokenizer = openTokenizer(trainBpe(["One. Two. <image>"], { vocabularySize: 300 }));
    const rules = {
      ...paperSamples,
      page: { maximumMedia: 1, maximumTokens: 256 },
      pixels: { ...paperSamples.pixels, size: 8 },
      pictures: plainPictures,
    };
    const sample = await sampleOf(records[0]!, tokenizer, new Random(1), { kind: "page", rules });
    if ("dropped" in sample) throw new Error(sample.dropped);
    expect(sample.item.media.map((medium) => framesOf(medium)[0]!.data[0])).toEqual([20]);
    expect(tokenizer.decode([...sample.item.tokens])).toContain("One.");
  });

  it("counts pictures that are not there, and can assign those that are again", async () => {
    await write("10", "30");
    const given = await read("mmc4", "a.jsonl", { minimumLikeness: 0 });
    expect(await pieces(given.records[0]!)).toEqual(["Zero. One.", 10, "Two.", 30, "Three."]);
    expect(given.tally["mmc4 pictures"]!.faults).toMatchObject({ "missing file": { count: 1 } });
    // Of two assignments with the greatest sum either will do.
    const again = await read("mmc4", "a.jsonl", { minimumLikeness: 0, assignment: "again" });
    const { likeness } = again.records[0]!.about as { likeness: number[] };
    expect(likeness.reduce((sum, one) => sum + one, 0)).toBeCloseTo(0.4);
  });

  it("is not assigned anew by a matrix of what are no numbers, of which no assignment would ever end", async () => {
    await write("10");
    const spoilt = [
      { ...mmc4, similarity_matrix: [["x", "x", "x", "x"], ...mmc4.similarity_matrix.slice(1)] },
      { ...mmc4, similarity_matrix: mmc4.similarity_matrix.slice(1) },
      { ...mmc4, similarity_matrix: undefined },
    ];
    await writeFiles(folder, { "a.jsonl": spoilt.map((one) => JSON.stringify(one)).join("\n") });
    const { records, tally } = await read("mmc4", "a.jsonl", { assignment: "again" });
    expect(records).toEqual([]);
    expect(tally.mmc4!.faults["no similarity_matrix"]!.count).toBe(3);
  });

  it("fetches a picture that the folder lacks by its address, if it may", async () => {
    await write("10");
    const asked: string[] = [];
    const fetch = async (address: string) => {
      asked.push(address);
      return grey(77);
    };
    const { records } = await read("mmc4", "a.jsonl", { bring: { folder: join(folder, "images"), fetch } });
    // Not 30, which is too little alike to be kept.
    expect(asked).toEqual(["http://example.org/20.png"]);
    expect(await pieces(records[0]!)).toEqual(["Zero.", 77, "One.", 10, "Two. Three."]);
  });

  it("leaves out small files, and documents that lose every picture", async () => {
    await write("10", "20");
    const { records, tally } = await read("mmc4", "a.jsonl", { minimumBytes: 10_000 });
    expect(records).toEqual([]);
    expect(tally["mmc4 pictures"]!.dropped["few bytes"]!.count).toBe(2);
    expect(tally.mmc4!.dropped["no picture left"]!.count).toBe(1);
  });
});

describe("OBELICS", () => {
  it("has its texts and pictures in turn, from Parquet and from lines", async () => {
    const row = {
      texts: ["First.", null, "Second.", "Third."],
      images: [null, "1.png", null, null],
      general_metadata: JSON.stringify({ url: "http://example.org/o" }),
    };
    const lost = { texts: [null, "Text."], images: ["none.png", null] };
    const uneven = { texts: ["a"], images: [] };
    await writeFiles(folder, {
      "images/1.png": await grey(11),
      "o.jsonl": [row, lost, uneven].map((one) => JSON.stringify(one)).join("\n"),
    });
    parquetWriteFile({
      filename: join(folder, "o.parquet"),
      columnData: [
        { name: "texts", data: [JSON.stringify(row.texts)], type: "STRING" },
        { name: "images", data: [JSON.stringify(row.images)], type: "STRING" },
      ],
    });
    const { records, tally } = await read("obelics", "o.jsonl");
    expect(await pieces(records[0]!)).toEqual(["First.", 11, "Second.\n\nThird."]);
    expect(records[0]!.about).toMatchObject({ url: "http://example.org/o" });
    expect(tally.obelics!.dropped["no picture left"]!.count).toBe(1);
    expect(tally.obelics!.faults["no texts and images of one length"]!.count).toBe(1);
    expect(await pieces((await read("obelics", "o.parquet")).records[0]!)).toEqual(["First.", 11, "Second.\n\nThird."]);
  });

  it("comes from Parquet as its publishers write it, with lists of texts", async () => {
    const file = readFileSync("test/fixtures/parquet/obelics.parquet");
    await writeFiles(folder, { "o.parquet": file, "images/1.png": await grey(1), "images/2.png": await grey(2) });
    const { records, tally } = await read("obelics", "o.parquet");
    expect(await pieces(records[0]!)).toEqual(["First.", 1, "Zweitens é 漢 😀.", 2]);
    expect(records.map(({ about }) => about.url)).toEqual(["http://example.org/0"]);
    expect(tally["obelics pictures"]!.faults["missing file"]!.count).toBe(1);
    expect(tally.obelics!.dropped["no picture left"]!.count).toBe(2);
    expect(tally.obelics!.faults["no texts and images of one length"]!.count).toBe(1);
  });
});
