import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DataRecord } from "../../src/data/record.js";
import { buildPart } from "../../src/data/shards/build.js";
import { lineOfRecord, recordOfLine } from "../../src/data/shards/record-line.js";
import { SHEET } from "../../src/data/shards/sheet.js";
import type { ShardStats } from "../../src/data/shards/stats.js";
import { TAR_END, tarFile } from "../../src/data/shards/tar.js";
import { madeRecord, madeRecords, realPicture } from "../data/records.js";
import { command } from "../support/command.js";

let place: string;
let set: string;
const at = (...names: string[]) => join(place, ...names);

/** A page with two pictures and a clip, a pair, and a text that says evil things to pages and terminals. */
async function* people(): AsyncGenerator<DataRecord> {
  const [dog, cat] = [await realPicture("dog"), await realPicture("cat", 60, 20)];
  yield {
    id: "page",
    text: "A 🦩 dog.\nA cat.",
    media: [
      { at: 2, kind: "image", files: [dog] },
      { at: 9, kind: "image", files: [cat] },
      { at: 15, kind: "video", files: [dog, cat, dog] },
    ],
    about: { url: "https://example.org/?a=1&b=2" },
  };
  yield { id: "pair", text: "a dog", media: [{ at: 0, kind: "image", files: [dog] }], about: {} };
  yield {
    id: "evil",
    text: "<script>alert(1)</script>\x1b[31m",
    media: [],
    about: { note: "</pre><img src=x>", constructor: 1 },
  };
}

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-data-"));
  set = at("people");
  await buildPart({ folder: set, settings: { command: "test" }, source: people });
});
afterAll(() => rm(place, { recursive: true }));

async function data(...args: string[]) {
  const { code, out, err } = await command(["data", ...args]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return out;
}

describe("data look", () => {
  it("shows a text with its media where they stand, and commands no terminal", async () => {
    const out = await data("look", set);
    expect(out.split("\n").slice(0, 7)).toEqual([
      "page",
      "A ",
      expect.stringMatching(/^\[image 0: jpg, 32 x 24, [\d,]+ bytes\]$/),
      "🦩 dog.",
      "",
      expect.stringMatching(/^\[image 1: jpg, 60 x 20, [\d,]+ bytes\]$/),
      "A cat.",
    ]);
    expect(out).toMatch(/\[video 2: 3 frames, jpg, 32 x 24, [\d,]+ bytes\]/);
    expect(out).not.toContain("\x1b");
    expect(await data("look", set, "--skip", "1", "--count", "1")).toMatch(/^pair\n/);
    expect(await data("look", set, "--id", "evil")).toMatch(/^evil\n/);
    const lines = (await data("look", set, "--json")).trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as DataRecord).media.length)).toEqual([3, 1, 0]);
  });

  it("writes a page with every picture in it, in which texts stay texts", async () => {
    const { code } = await command(["data", "look", set, "--html", at("look.html")]);
    expect(code).toBe(0);
    const page = await readFile(at("look.html"), "utf8");
    expect(page.match(/<img alt="" src="data:image\/jpeg;base64,[\w+/=]+">/g)!.length).toBe(6);
    expect(page).not.toContain("<script>");
    expect(page).not.toContain("<img src=x>");
    expect(page).toContain("&#60;script&#62;");
  });

  it("tells of an id that no record has, and of faults on its way", async () => {
    expect(await command(["data", "look", set, "--id", "none"])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/No record has the id none/),
    });
    expect(await command(["data", "look", set, "--id", "none", "--html", at("none.html")])).toMatchObject({ code: 2 });
    expect(await readdir(place)).not.toContain("none.html");
    await writeFile(at("bad.tar"), Buffer.concat([...tarFile("a.json", Buffer.from("{")), TAR_END]));
    expect(await command(["data", "look", at("bad.tar")])).toMatchObject({ code: 0, err: /1 {2}broken: bad JSON/ });
  });
});

describe("data stats", () => {
  it("counts what a reader by hand would count", async () => {
    const stats = JSON.parse(await data("stats", set, "--json")) as ShardStats;
    expect(stats).toMatchObject({
      tars: 1,
      records: 3,
      kinds: { document: 1, pair: 1, clip: 0, text: 1 },
      images: 3,
      videos: 1,
      frames: 3,
      types: { jpg: { files: 6 } },
      characters: { least: 5, median: 15, most: 30, mean: 50 / 3 },
      words: { least: 2, most: 5 },
      mediaCounts: { 0: 1, 1: 1, 3: 1 },
      shorterSide: { least: 20, most: 24 },
      longerSide: { least: 32, most: 60 },
      about: { url: 1, note: 1, constructor: 1 },
    });
    expect(await data("stats", set)).toMatch(/^records +3$/m);
  });
});

describe("data sheet", () => {
  it("has the seven sections and every question, what the shards tell, and answers where they are asked", async () => {
    await writeFile(at("answers.json"), JSON.stringify({ purpose: "To test the sheet.", licence: "CC0" }));
    await data("sheet", set, "--name", "People", "--answers", at("answers.json"), "--out", at("SHEET.md"));
    const sheet = await readFile(at("SHEET.md"), "utf8");
    expect(sheet.match(/^## .*$/gm)).toEqual(Object.keys(SHEET).map((section) => `## ${section}`));
    expect(Object.keys(SHEET).length).toBe(7);
    for (const { asks } of Object.values(SHEET).flat()) expect(sheet).toContain(`**${asks}**`);
    expect(sheet).toContain("Records: 3. Images: 3. Videos: 1, of 3 frames. Tars: 1, of");
    expect(sheet).toContain("(`purpose`)\n\nTo test the sheet.");
    expect(sheet).toContain('"command": "test"');
    expect(sheet).toContain("(`funding`)\n\n*Not answered.*");
    await writeFile(at("wrong.json"), JSON.stringify({ porpoise: "whale" }));
    expect(await command(["data", "sheet", set, "--answers", at("wrong.json")])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/Nothing asks for porpoise/),
    });
  });
});

describe("data verify", () => {
  const tar = (part: number, number: number) => `part-0000${part}-of-00002-0000${number}.tar`;
  let count = 0;

  /** Two parts of ten records each, two tars a part, changed by `change`; what verify says of them. */
  async function verified(change: (folder: string) => Promise<unknown>, ...flags: string[]): Promise<string[]> {
    const folder = at(`set-${count++}`);
    for (const index of [0, 1]) {
      const source = () => madeRecords(`p${index}`, 10);
      await buildPart({ folder, part: { index, of: 2 }, settings: { a: 1 }, source, shardRecords: 6 });
    }
    await change(folder);
    const { code, out } = await command(["data", "verify", folder, "--json", ...flags]);
    const { faults } = JSON.parse(out) as {
      faults: { reason: string; file: string; record?: number; found?: string }[];
    };
    expect(code).toBe(faults.length === 0 ? 0 : 1);
    return faults.map(({ reason, file, record }) =>
      [reason, file.slice(folder.length + 1), ...(record === undefined ? [] : [record])].join(" "),
    );
  }

  it("finds nothing wrong with what was built", async () => {
    expect(await verified(async () => {})).toEqual([]);
    expect(await data("verify", set, "--decode")).toBe("3 records in 1 tar, 0 faults\n");
  });

  const edit = async (path: string, change: (bytes: Buffer) => Buffer) => writeFile(path, change(await readFile(path)));

  it.each<[string, (folder: string) => Promise<unknown>, string[]]>([
    [
      "a manifest that is not there",
      (f) => rm(join(f, "part-00001-of-00002.json")),
      ["unfinished part part-00001-of-00002.json"],
    ],
    [
      "a manifest that is cut off",
      (f) => edit(join(f, "part-00000-of-00002.json"), (b) => b.subarray(0, 50)),
      ["unreadable part-00000-of-00002.json"],
    ],
    ["an index that is not there", (f) => rm(join(f, `${tar(0, 1)}.index.json`)), [`no index ${tar(0, 1)}`]],
    ["a tar that is not there", (f) => rm(join(f, tar(1, 0))), ["tar missing part-00001-of-00002.json"]],
    [
      "a tar more",
      (f) => rename(join(f, tar(0, 1)), join(f, tar(0, 2))),
      ["tar missing part-00000-of-00002.json", `stray tar ${tar(0, 2)}`, `no index ${tar(0, 2)}`],
    ],
    [
      "a tar that is longer",
      (f) => appendFile(join(f, tar(0, 1)), Buffer.alloc(512)),
      [`size differs ${tar(0, 1)}`, `sha256 differs ${tar(0, 1)}`],
    ],
    [
      "a changed byte of a picture",
      (f) =>
        edit(join(f, tar(0, 0)), (b) =>
          b.fill(9, b.indexOf("\x89PNG", 0, "latin1") + 8, b.indexOf("\x89PNG", 0, "latin1") + 9),
        ),
      [`sha256 differs ${tar(0, 0)}`],
    ],
    [
      "a tar of another set",
      async (f) => writeFile(join(f, "more.tar"), await readFile(join(f, tar(0, 1)))),
      [6, 7, 8, 9].map((_, i) => `id twice ${tar(0, 1)} ${i}`),
    ],
  ])("names %s", async (_, change, faults) => {
    expect(await verified(change)).toEqual(faults);
  });

  it.each<[string, string, unknown]>([
    ["an index", `${tar(0, 0)}.index.json`, { records: 5 }],
    ["an index", `${tar(0, 0)}.index.json`, { records: [7] }],
    ["an index", `${tar(0, 0)}.index.json`, { after: null }],
    ["a manifest", "part-00000-of-00002.json", { shards: 5 }],
    ["a manifest", "part-00000-of-00002.json", { shards: [null] }],
    ["a manifest", "part-00000-of-00002.json", { tally: { read: null } }],
  ])("names %s with other things in it than should be: %s %j", async (_, name, wrong) => {
    let path = "";
    const faults = await verified(async (folder) => {
      path = join(folder, name);
      await edit(path, (bytes) =>
        Buffer.from(JSON.stringify({ ...JSON.parse(bytes.toString()), ...(wrong as object) })),
      );
    });
    expect(faults).toContain(`unreadable ${name}`);
    expect((await command(["data", "sheet", join(path, "..")])).code).toBe(
      name.startsWith("part-00000-of-00002.json") ? 1 : 0,
    );
  });

  it("names every record that a cut leaves out, and where", async () => {
    const faults = await verified((f) => edit(join(f, tar(1, 1)), (bytes) => bytes.subarray(0, bytes.length * 0.6)));
    expect(faults).toEqual(
      expect.arrayContaining([
        `size differs ${tar(1, 1)}`,
        `sha256 differs ${tar(1, 1)}`,
        `records missing ${tar(1, 1)}`,
      ]),
    );
    expect(faults.some((fault) => fault.startsWith(`cut off ${tar(1, 1)} `))).toBe(true);
  });

  it("names pictures that cannot be decoded, if it is to decode them", async () => {
    const faults = await verified(async () => {}, "--decode");
    expect(faults.length).toBeGreaterThan(5);
    expect(new Set(faults.map((fault) => fault.split(" part-")[0]))).toEqual(new Set(["picture not decodable"]));
  });

  it("names parts of two jobs in one folder", async () => {
    const faults = await verified(async (folder) => {
      await buildPart({ folder, part: { index: 0, of: 1 }, settings: { a: 1 }, source: () => madeRecords("other", 2) });
    });
    expect(faults).toEqual(["parts of several jobs "]);
  });
});

describe("records as lines", () => {
  const lines = Array.from({ length: 30 }, (_, i) => `${lineOfRecord(madeRecord("a", i))}\n`).join("");

  it("come back as they were", () => {
    for (let i = 0; i < 30; i++) expect(recordOfLine(lineOfRecord(madeRecord("a", i)))).toEqual(madeRecord("a", i));
  });

  it("are packed into shards and read from them through a pipe, wherever the lines are split", async () => {
    await writeFile(at("records.jsonl"), lines);
    const out = await data("pack", at("records.jsonl"), "--out", at("packed"), "--shard-records", "7");
    expect(out).toContain("30 records in 5 tars");
    const tars = (await readdir(at("packed")))
      .filter((name) => name.endsWith(".tar"))
      .map((name) => `${at("packed", name)}\n`);
    expect((await command(["data", "map", "read"], tars.join(""))).out).toBe(lines);
    const halves = await Promise.all(
      [tars.slice(0, 2), tars.slice(2)].map((some) => command(["data", "map", "read"], some.join(""))),
    );
    expect(halves.map(({ out: half }) => half).join("")).toBe(lines);
    expect((await command(["data", "map", "check"], lines)).out).toBe(lines);
    const outline = (await command(["data", "map", "outline"], lines)).out.trim().split("\n");
    expect(JSON.parse(outline[4]!)).toMatchObject({ id: "a-000004", text: madeRecord("a", 4).text });
  });

  it("that are none are counted, named by their number and left out", async () => {
    const bad = [
      "{",
      "[]",
      '{"id":"a"}',
      '{"id":"a","text":"b","media":[{"files":["PGh0bWw+"]}]}',
      '{"id":"a b","text":""}',
    ];
    const { code, out, err } = await command(["data", "map", "check"], `${lines}${bad.join("\n")}\n`);
    expect({ code, out }).toEqual({ code: 0, out: lines });
    expect(err).toMatch(/3 {2}broken: bad record +input, record 31/);
    expect(err).toMatch(/1 {2}broken: not a picture +input, record 33: a: medium 0/);
    expect(await command(["data", "map", "check", "--max-faults", "2"], bad.join("\n"))).toMatchObject({
      code: 1,
      err: /3 records are broken, and 2 were allowed/,
    });
    expect(await command(["data", "map", "fly"])).toMatchObject({ code: 2, err: /name one of read, check, outline/ });
  });

  it("need a folder to be packed into, and a part that there is", async () => {
    await mkdir(at("some"), { recursive: true });
    await writeFile(at("records.jsonl"), lines);
    expect(await command(["data", "pack", at("records.jsonl")])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--out shards/),
    });
    expect(await command(["data", "pack", at("records.jsonl"), "--out", at("x"), "--shard", "2/2"])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--shard 2\/2 names no part of a job/),
    });
  });
});
