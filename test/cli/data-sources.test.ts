import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DataRecord } from "../../src/data/record.js";
import type { PartManifest } from "../../src/data/shards/index-file.js";
import { readShards } from "../../src/data/shards/reader.js";
import { grey, writeFiles } from "../data/sources/support.js";
import { collect } from "../support/collect.js";
import { command } from "../support/command.js";

const NO_FFMPEG = spawnSync("ffmpeg", ["-version"]).error === undefined ? false : "there is no ffmpeg in PATH";
let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-sources-"));
});
afterAll(() => rm(place, { recursive: true }));
const at = (...names: string[]) => join(place, ...names);

async function data(...args: string[]): Promise<string> {
  const { code, out, err } = await command(["data", ...args]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return out;
}
const records = async (folder: string): Promise<DataRecord[]> => collect(await readShards([folder], { shuffle: 0 }));
/** The files of a folder, as texts. */
async function files(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  const read = names.map(async (name) => [name, (await readFile(join(folder, name))).toString("base64")] as const);
  return Object.fromEntries(await Promise.all(read));
}

describe("data world", () => {
  it("writes files that data pairs and data video read back as what is true of them", async () => {
    const out = await data(
      "world",
      "--pages",
      "3",
      "--pairs",
      "4",
      "--videos",
      "3",
      "--seed",
      "7",
      "--out",
      at("world"),
    );
    expect(out).toContain("3 pages, 4 pairs and 3 clips");
    const truth = (await readFile(at("world", "truth.jsonl"), "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const told = (kind: string) => truth.filter((one) => one.kind === kind).map(({ text }) => text);
    await data("pairs", at("world", "pairs"), "--out", at("pairs"));
    expect((await records(at("pairs"))).map(({ text }) => text)).toEqual(told("pairs"));
    await data("video", at("world", "videos"), "--keep", "png", "--out", at("videos"));
    const clips = await records(at("videos"));
    expect(clips.map(({ text }) => text)).toEqual(told("videos"));
    expect(clips.map(({ media }) => [media[0]!.kind, media[0]!.files.length])).toEqual(Array(3).fill(["video", 8]));
  });

  it("makes the same shards in parts as in one, record by record", async () => {
    const world = (out: string, ...more: string[]) =>
      data("world", "--pairs", "7", "--videos", "2", "--as", "shards", "--out", at(out), ...more);
    await world("whole");
    for (const index of [0, 1, 2]) await world("parts", "--shard", `${index}/3`);
    for (const kind of ["pairs", "videos"]) {
      const sorted = async (out: string) =>
        (await records(at(out, kind)))
          .sort((a, b) => (a.id < b.id ? -1 : 1))
          .map(({ id, text, about }) => ({ id, text, about }));
      expect(await sorted("parts")).toEqual(await sorted("whole"));
    }
  });

  it("asks for a number and a place", async () => {
    expect((await command(["data", "world", "--out", at("none")])).err).toContain("--pages 100");
    expect((await command(["data", "world", "--pages", "1"])).err).toContain("--out");
  });
});

describe("data pairs", () => {
  const rows = async (count: number) => {
    const lines = Array.from({ length: count }, (_, n) =>
      n % 10 === 4 ? "{" : JSON.stringify({ image: `${n % 3}.png`, caption: `text ${n}` }),
    );
    await writeFiles(at("rows"), { "a.jsonl": lines.join("\n") });
    for (const n of [0, 1, 2]) await writeFiles(at("rows"), { [`${n}.png`]: await grey(n) });
    return at("rows", "a.jsonl");
  };

  it("tells every row that is broken with its place, in the report and in the manifest", async () => {
    const path = await rows(40);
    const out = await data("pairs", path, "--out", at("report"));
    expect(out).toContain("36  passed");
    expect(out).toMatch(/4 +broken: bad JSON +.*a\.jsonl, record 4, byte \d+: line 5: /);
    const { tally } = JSON.parse(await data("pairs", path, "--out", at("report"), "--json")) as PartManifest;
    expect(tally.pairs!.faults["bad JSON"]!.first.map(({ record }) => record)).toEqual([4, 14, 24, 34]);
  });

  it("goes on after the last whole tar to the same bytes", async () => {
    const path = await rows(60);
    const build = (out: string) => data("pairs", path, "--shard-records", "10", "--out", at(out));
    await build("once");
    const once = await files(at("once"));
    await cp(at("once"), at("again"), { recursive: true });
    const lost = Object.keys(once).filter((name) => !/-0000[01]\.tar/.test(name));
    expect(lost.length).toBeGreaterThan(4);
    for (const name of lost) await rm(at("again", name));
    await build("again");
    expect(await files(at("again"))).toEqual(once);
  });

  it("ends when more is broken than was allowed", async () => {
    const { code, err } = await command(["data", "pairs", await rows(40), "--max-faults", "2", "--out", at("limit")]);
    expect(code).toBe(1);
    expect(err).toContain("3 records are broken, and 2 were allowed");
  });
});

describe("data import", () => {
  it("knows the sets that it imports", async () => {
    const { code, err } = await command(["data", "import", "laion", "a.jsonl", "--out", at("x")]);
    expect(code).toBe(2);
    expect(err).toContain("mmc4, obelics");
  });

  it("looks whether all files are there, and of a kind it reads, before it reads any", async () => {
    await writeFiles(at("several"), { "a.jsonl": "{}", "b.jsonl.zip": "PK" });
    const told = async (name: string) =>
      (await command(["data", "import", "mmc4", at("several", "a.jsonl"), at("several", name), "--out", at("no")])).err;
    expect(await told("b.jsonl.zip")).toContain("unzipped");
    expect(await told("c.jsonl")).toContain("c.jsonl cannot be read: ENOENT");
    expect(existsSync(at("no"))).toBe(false);
  });

  it("makes shards of MMC4's documents", async () => {
    const document = {
      url: "http://example.org/",
      text_list: ["One.", "Two."],
      image_info: [{ image_name: "5.png", matched_text_index: 1, matched_sim: 0.5 }],
    };
    await writeFiles(at("mmc4"), { "docs.jsonl": JSON.stringify(document), "5.png": await grey(5) });
    await data("import", "mmc4", at("mmc4", "docs.jsonl"), "--out", at("mmc4-shards"));
    expect((await records(at("mmc4-shards"))).map(({ text, media }) => [text, media[0]!.at])).toEqual([
      ["One.Two.", 4],
    ]);
  });
});

describe.skipIf(NO_FFMPEG)(`data video${NO_FFMPEG ? ` (${NO_FFMPEG})` : ""}`, () => {
  it("samples films", async () => {
    await writeFiles(at("films"), { "a.txt": "a test pattern" });
    const made = spawnSync("ffmpeg", [
      "-v",
      "error",
      "-f",
      "lavfi",
      "-i",
      "testsrc=d=12:s=96x64:r=5",
      at("films", "a.mp4"),
    ]);
    expect(made.status).toBe(0);
    await data("video", at("films"), "--frames", "4", "--out", at("film-shards"));
    expect((await records(at("film-shards")))[0]!.media[0]!.files.length).toBe(4);
  });
});
