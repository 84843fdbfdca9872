import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DataRecord } from "../../src/data/record.js";
import { type ReadOptions, readShards } from "../../src/data/shards/reader.js";
import { TAR_END, tarFile } from "../../src/data/shards/tar.js";
import { collect } from "../support/collect.js";
import { fakePicture, realPicture } from "./records.js";

const SHARED = "../shared/data/webdataset/sample.tgz";

let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-foreign-"));
});
afterAll(() => rm(place, { recursive: true }));

const all = async (path: string, options: ReadOptions): Promise<DataRecord[]> =>
  collect(await readShards(path, options));

describe("shards of others", () => {
  it("give pairs: a caption in .txt or in JSON and a picture, whatever the folders in its key", async () => {
    const { bytes } = await realPicture("x");
    const path = join(place, "foreign.tar");
    const files: [string, Uint8Array][] = [
      ["000/0001.jpg", bytes],
      ["000/0001.txt", Buffer.from("\ufeffa dog\r\n")],
      ["000/0001.json", Buffer.from('{"url": "https://example.org/dog.jpg", "width": 32}')],
      ["0002.JPG", bytes],
      ["0002.json", Buffer.from('{"caption": "a cat"}')],
    ];
    await writeFile(path, Buffer.concat([...files.flatMap(([name, content]) => tarFile(name, content)), TAR_END]));
    const [dog, cat] = await all(path, { shuffle: 0 });
    expect(dog).toMatchObject({
      text: "a dog",
      media: [{ at: 0, kind: "image", files: [{ type: "jpg", bytes }] }],
      about: { key: "000/0001", url: "https://example.org/dog.jpg", width: 32 },
    });
    expect(dog!.id).toMatch(/^000-0001-[0-9a-f]{12}$/);
    expect(cat).toMatchObject({ id: "0002", text: "a cat" });
  });

  it("give several pictures in the order of their numbers", async () => {
    const path = join(place, "several.tar");
    const numbered = [0, 1, 10, 11, 2, 9].map((n) => [`a.${n}.png`, fakePicture(n).bytes] as const);
    const files = [...numbered, ["a.txt", Buffer.from("six")] as const];
    await writeFile(path, Buffer.concat([...files.flatMap(([name, content]) => tarFile(name, content)), TAR_END]));
    const [record] = await all(path, { shuffle: 0 });
    expect(record!.media.map(({ files: [file] }) => Buffer.from(file!.bytes).readUInt32LE(8))).toEqual([
      0, 1, 2, 9, 10, 11,
    ]);
  });

  it("may be compressed: WebDataset's own sample of digits is read with the classes as texts, and resumed", async (context) => {
    const bytes = await readFile(SHARED).catch(() => undefined);
    if (bytes === undefined) return context.skip("../shared/data/webdataset is not there");
    const path = join(place, "digits.tgz");
    await writeFile(path, gzipSync(gunzipSync(bytes)));
    const options = { shuffle: 0, text: ["cls"] };
    const digits = await all(path, options);
    expect(digits.length).toBe(90);
    expect(new Set(digits.map(({ text }) => text)).size).toBe(10);
    const reader = await readShards(path, options);
    let read = 0;
    for await (const _ of reader) if (++read === 50) break;
    expect(await all(path, { ...options, state: reader.state() })).toEqual(digits.slice(50));
  });
});
