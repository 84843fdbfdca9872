import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetWriteFile } from "hyparquet-writer";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TAR_END, tarFile } from "../../../src/data/shards/tar.js";
import { pairsOf } from "../../../src/data/sources/pairs.js";
import { Tally } from "../../../src/data/tally.js";
import { UsageError } from "../../../src/errors.js";
import { collect } from "../../support/collect.js";
import { grey, levelOf, writeFiles } from "./support.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "flamingo-pairs-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Texts of the pairs with the greys of their pictures. */
async function read(name: string, more: Partial<Parameters<typeof pairsOf>[0]> = {}) {
  const tally = new Tally();
  const records = await collect(await pairsOf({ inputs: [join(folder, name)], tally, ...more }));
  const pairs = await Promise.all(
    records.map(async ({ text, media }) => [text, await levelOf(media[0]!.files[0]!.bytes)]),
  );
  const { pairs: stage } = tally.toJSON();
  const lost = { ...stage?.dropped, ...stage?.faults };
  return {
    records,
    pairs,
    lost: Object.fromEntries(Object.entries(lost).map(([why, { count }]) => [why, count])),
    tally,
  };
}

describe("captioned pictures", () => {
  it("come from a folder with a caption beside each", async () => {
    await writeFiles(folder, {
      "a.png": await grey(1),
      "a.txt": " a cat \n",
      "deep/b.png": await grey(2),
      "deep/b.txt": "a dog",
      "c.png": await grey(3),
      "d.png": "no picture",
      "d.txt": "what",
      "e.png": await grey(5),
      "e.txt": "  ",
    });
    const { pairs, lost, records } = await read("");
    expect(pairs).toEqual([
      ["a cat", 1],
      ["a dog", 2],
    ]);
    expect(lost).toEqual({ "no caption beside it": 1, "not a picture": 1, "empty text": 1 });
    expect(new Set(records.map(({ id }) => id)).size).toBe(2);
  });

  it("of a folder are counted where they cannot be used, whatever stands there", async () => {
    await writeFiles(folder, {
      "a.bmp": "BM",
      "a.txt": "a bitmap",
      "b.png": await grey(2),
      "b.txt": Buffer.from("\ufeffwith a mark\r\n"),
      "c.png": await grey(3),
      "c.txt": Buffer.from("Müll", "latin1"),
      "d.png": await grey(4),
      "d.txt/e": "a folder is no caption",
      "f.png/g": "a folder is no picture",
      "sub/h.png": await grey(8),
      "sub/h.txt": "once",
    });
    await symlink("b.png", join(folder, "i.png"));
    await symlink("b.txt", join(folder, "i.txt"));
    await symlink("nowhere", join(folder, "j.png"));
    await symlink("b.txt", join(folder, "j.txt"));
    await symlink(".", join(folder, "sub", "circle"));
    const { pairs, lost } = await read("");
    expect(pairs).toEqual([
      ["with a mark", 2],
      ["with a mark", 2],
      ["once", 8],
    ]);
    expect(lost).toEqual({
      "not a picture": 1,
      "caption not UTF-8": 1,
      "no caption beside it": 1,
      "missing file": 1,
    });
  });

  it.skipIf(process.platform === "win32")("of a row that names a pipe do not wait for it", async () => {
    execFileSync("mkfifo", [join(folder, "a.png")]);
    await writeFiles(folder, { "rows.jsonl": '{"image": "a.png", "caption": "a cat"}' });
    expect((await read("rows.jsonl")).lost).toEqual({ "missing file": 1 });
  });

  it("come from rows with paths, data URLs and addresses", async () => {
    const url = `data:image/png;base64,${(await grey(3)).toString("base64")}`;
    const rows = [
      { image: "pics/a.png", caption: "a cat" },
      { image: "../../etc/passwd", caption: "outside" },
      { image: "missing.png", caption: "missing" },
      { image: url, caption: "inline" },
      { url: "https://example.org/p.png", caption: "from afar" },
      { caption: "nothing" },
    ];
    await writeFiles(folder, {
      "pics/a.png": await grey(1),
      "rows.jsonl": rows.map((row) => JSON.stringify(row)).join("\n"),
    });
    const alone = await read("rows.jsonl");
    expect(alone.pairs).toEqual([
      ["a cat", 1],
      ["inline", 3],
    ]);
    expect(alone.lost).toEqual({ "outside the folder": 1, "missing file": 1, "not fetched": 1, "no medium column": 1 });
    const fetched = await read("rows.jsonl", { fetch: async () => grey(9) });
    expect(fetched.pairs).toContainEqual(["from afar", 9]);
  });

  it("come from COCO, CSV and Parquet with bytes", async () => {
    const coco = { images: [{ id: 1, file_name: "a.png" }], annotations: [{ image_id: 1, caption: "a cat" }] };
    await writeFiles(folder, {
      "a.png": await grey(1),
      "coco.json": JSON.stringify(coco),
      "rows.csv": "photo,words\na.png,a cat\n",
    });
    parquetWriteFile({
      filename: join(folder, "rows.parquet"),
      columnData: [
        { name: "image", data: [await grey(4)], type: "BYTE_ARRAY" },
        { name: "caption", data: ["a fox"], type: "STRING" },
      ],
    });
    expect((await read("coco.json")).pairs).toEqual([["a cat", 1]]);
    expect((await read("rows.csv", { columns: { text: ["words"], medium: ["photo"] } })).pairs).toEqual([["a cat", 1]]);
    expect((await read("rows.parquet")).pairs).toEqual([["a fox", 4]]);
  });

  it("come from Parquet as Hugging Face writes it, each caption of a list a pair", async () => {
    const file = await readFile("test/fixtures/parquet/huggingface.parquet");
    await writeFiles(folder, { "hf.parquet": file, "3.png": await grey(3) });
    const { pairs, lost, records } = await read("hf.parquet");
    expect(pairs).toEqual([
      ["a cat", 1],
      ["the cat", 1],
      ["é 漢 😀", 2],
      ["from a path", 3],
    ]);
    expect(lost).toEqual({ "no medium column": 1 });
    expect(records.map(({ about }) => about.hash)).toEqual(["1152921504606846977", "1152921504606846977", 2, -3]);
    expect(new Set(records.map(({ id }) => id)).size).toBe(4);
  });

  it("with several captions fetch their picture once, in the same part, and go on between two of them", async () => {
    const rows = [1, 2, 3].map((n) =>
      JSON.stringify({ url: `https://example.org/${n}.png`, caption: ["a", "b", null] }),
    );
    await writeFiles(folder, { "rows.jsonl": rows.join("\n") });
    const inputs = [join(folder, "rows.jsonl")];
    const asked: string[] = [];
    const fetch = async (address: string) => {
      asked.push(address);
      return grey(9);
    };
    const whole = await read("", { inputs, fetch });
    expect(whole.pairs.map(([text]) => text)).toEqual(["a", "b", "a", "b", "a", "b"]);
    expect(whole.lost).toEqual({ "empty text": 3 });
    expect(asked.length).toBe(3);
    const source = await pairsOf({ inputs, fetch, tally: new Tally() });
    const first = [];
    for await (const record of source) if (first.push(record) === 3) break;
    const rest = await collect(await pairsOf({ inputs, fetch, tally: new Tally(), from: source.cursor }));
    expect([...first, ...rest]).toEqual(whole.records);
    const part = await read("", { inputs, fetch, part: { index: 1, of: 2 } });
    expect(part.records).toEqual(whole.records.slice(2, 4));
  });

  it("have different ids, whatever their files are called", async () => {
    const row = '{"image": "a.png", "caption": "a cat"}';
    await writeFiles(folder, { "a.png": await grey(1), "x/a.jsonl": row, "y/a.jsonl": row, "x/a-0.jsonl": row });
    const inputs = ["x/a.jsonl", "y/a.jsonl", "x/a-0.jsonl"].map((name) => join(folder, name));
    const { records } = await read("", { inputs, images: folder });
    expect(records.length).toBe(3);
    expect(new Set(records.map(({ id }) => id)).size).toBe(records.length);
  });

  it("come from WebDataset's tars", async () => {
    const files = [
      ["one.png", await grey(1)],
      ["one.txt", Buffer.from("a cat")],
      ["two.json", Buffer.from('{"caption": "a dog", "width": 8}')],
      ["two.png", await grey(2)],
      ["three.json", Buffer.from("{")],
      ["four.png", await grey(4)],
      ["four.txt", Buffer.from("Müll", "latin1")],
    ] as const;
    const bytes = Buffer.concat([...files.flatMap(([name, content]) => [...tarFile(name, content)]), TAR_END]);
    await writeFiles(folder, { "set.tar": bytes, "cut.tar": bytes.subarray(0, bytes.length - 2000) });
    const { pairs, lost, records } = await read("set.tar");
    expect(pairs).toEqual([
      ["a cat", 1],
      ["a dog", 2],
    ]);
    expect(lost).toEqual({ "bad JSON": 1, "caption not UTF-8": 1 });
    expect(records[1]!.about).toMatchObject({ width: 8, key: "two" });
    expect(Object.keys((await read("cut.tar")).lost).length).toBeGreaterThan(0);
  });

  it("are read on from a cursor, and split into parts, without a pair lost or twice", async () => {
    const rows = Array.from({ length: 23 }, (_, n) =>
      JSON.stringify({ image: n % 7 === 3 ? "none" : "a.png", caption: `text ${n}` }),
    );
    await writeFiles(folder, { "a.png": await grey(1), "x.jsonl": rows.join("\n"), "y.jsonl": rows.join("\n") });
    const inputs = [join(folder, "x.jsonl"), join(folder, "y.jsonl")];
    const whole = (await read("", { inputs })).records;
    expect(whole.length).toBe(40);
    for (const stop of [1, 17, 20, 21, 39]) {
      const tally = new Tally();
      const source = await pairsOf({ inputs, tally });
      const first = [];
      for await (const record of source) if (first.push(record) === stop) break;
      const rest = await collect(await pairsOf({ inputs, tally, from: source.cursor }));
      expect([...first, ...rest]).toEqual(whole);
      expect(tally.toJSON().pairs!.faults["missing file"]!.count).toBe(6);
    }
    const parts = await Promise.all(
      [0, 1, 2].map(async (index) => (await read("", { inputs, part: { index, of: 3 } })).records),
    );
    expect(
      parts
        .flat()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(whole.map(({ id }) => id).sort());
  });

  it("cannot come from what is not there, or of no kind we read", async () => {
    await writeFiles(folder, { "a.doc": "" });
    await expect(read("a.doc")).rejects.toThrow(UsageError);
    await expect(read("b.csv")).rejects.toThrow(UsageError);
  });
});
