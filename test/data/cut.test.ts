import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readShards } from "../../src/data/shards/reader.js";
import { TAR_END, tarFile } from "../../src/data/shards/tar.js";
import { verifyShards } from "../../src/data/shards/verify.js";
import { collect } from "../support/collect.js";
import { realPicture } from "./records.js";

let place: string;
let picture: Uint8Array;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-cut-"));
  picture = (await realPicture("x")).bytes;
});
afterAll(() => rm(place, { recursive: true }));

type Files = readonly (readonly [ending: string, bytes: () => Uint8Array])[];
const json = (value: unknown) => () => Buffer.from(JSON.stringify(value));
const media = [0, 1].map((at) => ({ at, kind: "image", files: [`${at}.jpg`] }));

/** Blocks of a record's files, each with whether it is one of a header. */
const blocksOf = (key: string, files: Files) =>
  files.flatMap(([ending, bytes]) => {
    const file = Buffer.concat(tarFile(`${key}.${ending}`, bytes()));
    return Array.from({ length: file.length / 512 }, (_, n) => ({
      block: file.subarray(512 * n, 512 * (n + 1)),
      header: n === 0,
    }));
  });

describe.each<[string, Files]>([
  [
    "ours",
    [
      ["json", json({ text: "ab", media, about: {} })],
      ["0.jpg", () => picture],
      ["1.jpg", () => picture],
    ],
  ],
  [
    "of others",
    [
      ["jpg", () => picture],
      ["json", json({ url: "" })],
      ["txt", () => Buffer.from("a dog")],
    ],
  ],
  [
    "of others, the text first",
    [
      ["txt", () => Buffer.from("a dog")],
      ["0.jpg", () => picture],
    ],
  ],
])("a tar of records that are %s", (_, files) => {
  it("has one fault where it is cut off, and no record of which a file was cut", async () => {
    const [first, second] = ["a", "b"].map((key) => blocksOf(key, files));
    const blocks = [...first!, ...second!];
    const path = join(place, "cut.tar");
    for (let kept = first!.length; kept < blocks.length; kept++) {
      await writeFile(
        path,
        Buffer.concat([...blocks.slice(0, kept).map(({ block }) => block), blocks[kept]!.block.subarray(0, 77)]),
      );
      const reader = await readShards(path, { shuffle: 0 });
      const ids = (await collect(reader)).map(({ id }) => id);
      const counts = Object.entries(reader.tally.read!.faults).map(([reason, { count }]) => `${count} ${reason}`);
      expect(counts, `${kept} blocks`).toEqual(["1 cut off"]);
      if (!blocks[kept]!.header) expect(ids).toEqual(kept === first!.length ? ["a", "b"] : ["a"]);
      const told: string[] = [];
      await verifyShards(path, ({ reason }) => told.push(reason));
      expect(told).toEqual(["cut off"]);
    }
    await writeFile(path, Buffer.concat(blocks.map(({ block }) => block)));
    const unmarked = await readShards(path, { shuffle: 0 });
    expect((await collect(unmarked)).length, "without an end mark").toBe(2);
    expect(unmarked.tally.read!.faults["cut off"]!.count).toBe(1);
  });
});

describe("a tar that is compressed", () => {
  it("has one fault where its gzip is cut off", async () => {
    const path = join(place, "cut.tgz");
    const tar = ["a", "b"].flatMap((key) => [
      ...tarFile(`${key}.txt`, Buffer.from("a dog")),
      ...tarFile(`${key}.jpg`, picture),
    ]);
    const gzip = gzipSync(Buffer.concat([...tar, TAR_END]));
    await writeFile(path, gzip.subarray(0, gzip.length - 20));
    const reader = await readShards(path, { shuffle: 0 });
    expect((await collect(reader)).map(({ id }) => id)).toEqual(["a"]);
    expect(Object.keys(reader.tally.read!.faults)).toEqual(["cut off"]);
  });

  it.each([
    ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
    ["bzip2", [0x42, 0x5a, 0x68, 0x39]],
    ["xz", [0xfd, 0x37, 0x7a, 0x58]],
  ])("by %s is one fault, which says so", async (name, begins) => {
    const path = join(place, `${name}.tar`);
    await writeFile(path, Buffer.concat([Buffer.from(begins), Buffer.alloc(5000, 1)]));
    const reader = await readShards(path, { shuffle: 0 });
    expect(await collect(reader)).toEqual([]);
    expect(reader.tally.read!.faults).toMatchObject({
      "unknown compression": { count: 1, first: [{ found: `${name}; tars are read plain or by gzip` }] },
    });
  });
});
