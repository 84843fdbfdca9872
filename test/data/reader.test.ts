import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DataRecord } from "../../src/data/record.js";
import { buildPart } from "../../src/data/shards/build.js";
import { ReaderStateError, ShardError } from "../../src/data/shards/errors.js";
import { type ReaderState, type ReadOptions, readShards } from "../../src/data/shards/reader.js";
import { TAR_END, tarFile } from "../../src/data/shards/tar.js";
import { TooManyFaultsError } from "../../src/data/tally.js";
import { fakePicture, madeRecord, madeRecords } from "./records.js";

const COUNT = 120;

let place: string;
let set: string;
let damaged: string;

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-reader-"));
  set = join(place, "set");
  await buildPart({ folder: set, settings: {}, source: () => madeRecords("a", COUNT), shardRecords: 17 });
  damaged = join(place, "damaged");
  await mkdir(damaged);
  const tars = (await readdir(set)).filter((name) => name.endsWith(".tar"));
  for (const name of tars) await copyFile(join(set, name), join(damaged, name));
  const [first, second, third] = tars;
  const cut = await readFile(join(set, first!));
  await writeFile(join(damaged, first!), cut.subarray(0, cut.length * 0.6));
  const flipped = await readFile(join(set, second!));
  flipped[flipped.indexOf("a-000020.json") + 2]! ^= 1;
  await writeFile(join(damaged, second!), flipped);
  const json = await readFile(join(set, third!));
  json[json.indexOf('{"text"') + 1]! ^= 1;
  await writeFile(join(damaged, third!), json);
});
afterAll(() => rm(place, { recursive: true }));

async function all(folder: string, options: ReadOptions = {}): Promise<DataRecord[]> {
  const records: DataRecord[] = [];
  for await (const record of await readShards(folder, options)) records.push(record);
  return records;
}
/** A record in a line: comparing bytes one by one takes an assertion long. */
const digest = (record: DataRecord) => {
  const hash = createHash("sha256").update(
    JSON.stringify([record.text, record.about, record.media.map(({ at, kind }) => [at, kind])]),
  );
  for (const { files } of record.media) for (const { type, bytes } of files) hash.update(type).update(bytes);
  return `${record.id} ${hash.digest("hex")}`;
};
const made = (number: number) => digest(madeRecord("a", number));
const ids = (records: readonly { readonly id: string }[]) => records.map(({ id }) => id);
const numbers = (records: readonly DataRecord[]) => records.map(({ about }) => about.number as number);
const EVERY = Array.from({ length: COUNT }, (_, i) => i);
const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);

describe("reading shards", () => {
  it("gives every record once, whole, and without shuffling in the order they were written in", async () => {
    expect((await all(set, { shuffle: 0 })).map(digest)).toEqual(EVERY.map(made));
    const shuffled = await all(set, { shuffle: 20, seed: 3 });
    expect(sorted(numbers(shuffled))).toEqual(EVERY);
    expect(shuffled.map(digest)).toEqual(numbers(shuffled).map(made));
  });

  it("has one order for a seed, another for another seed and for another epoch", async () => {
    const once = numbers(await all(set, { seed: 3, shuffle: 20 }));
    expect(numbers(await all(set, { seed: 3, shuffle: 20 }))).toEqual(once);
    expect(numbers(await all(set, { seed: 4, shuffle: 20 }))).not.toEqual(once);
    const twice = numbers(await all(set, { seed: 3, shuffle: 20, epochs: 2 }));
    expect(twice.slice(0, COUNT)).toEqual(once);
    expect(sorted(twice.slice(COUNT))).toEqual(EVERY);
    expect(twice.slice(COUNT)).not.toEqual(once);
  });

  it("mixes far enough: neighbours on the disk are apart by about the buffer and by tars", async () => {
    const order = numbers(await all(set, { seed: 1, shuffle: 40 }));
    const apart = order.slice(1).map((number, i) => Math.abs(number - order[i]!));
    expect(apart.filter((distance) => distance === 1).length).toBeLessThan(12);
  });

  it("goes to each record from exactly one of the processes and workers, whether there are more tars or more of them", async () => {
    for (const [parts, workers] of [
      [1, 1],
      [2, 1],
      [3, 2],
      [5, 3],
    ] as const) {
      const read: number[] = [];
      for (let part = 0; part < parts; part++)
        for (let worker = 0; worker < workers; worker++) {
          const mine = await all(set, {
            seed: 7,
            shuffle: 10,
            part: { index: part, of: parts },
            worker: { index: worker, of: workers },
          });
          expect(mine.length, `${part}/${parts} ${worker}/${workers}`).toBeGreaterThan(0);
          read.push(...numbers(mine));
        }
      expect(sorted(read), `${parts} x ${workers}`).toEqual(EVERY);
    }
  });
});

describe("a reader that was interrupted", () => {
  const resumed = async (folder: string, options: ReadOptions, stop: number): Promise<[DataRecord[], ReaderState]> => {
    const records: DataRecord[] = [];
    const first = await readShards(folder, options);
    let state = first.state();
    if (stop > 0)
      for await (const record of first) {
        records.push(record);
        state = first.state();
        if (records.length === stop) break;
      }
    const second = await readShards(folder, { ...options, state: JSON.parse(JSON.stringify(state)) as ReaderState });
    expect(second.state()).toEqual(state);
    for await (const record of second) records.push(record);
    return [records, second.state()];
  };

  it("goes on at the exact record, wherever it stopped, and counts every fault once", async () => {
    const kinds: [string, ReadOptions][] = [
      [set, { shuffle: 0 }],
      [set, { shuffle: 13, seed: 5, epochs: 2 }],
      [damaged, { shuffle: 13, seed: 6, epochs: 2 }],
      [damaged, { shuffle: 0 }],
      [set, { shuffle: 8, part: { index: 3, of: 9 } }],
    ];
    for (const [folder, options] of kinds) {
      const whole = await readShards(folder, options);
      const records: DataRecord[] = [];
      for await (const record of whole) records.push(record);
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 0, max: records.length - 1 }), async (stop) => {
          const [again, state] = await resumed(folder, options, stop);
          expect(again.map(digest)).toEqual(records.map(digest));
          expect(state).toEqual(whole.state());
        }),
        { numRuns: 6 },
      );
    }
  });

  it("keeps its place in little: some bytes for each record of the buffer", async () => {
    const reader = await readShards(set, { shuffle: 50 });
    for await (const _ of reader) break;
    expect(JSON.stringify(reader.state()).length).toBeLessThan(50 * 20 + 300);
  });

  it("refuses a place in other files, of another seed, or in files that have changed", async () => {
    const reader = await readShards(set, { shuffle: 50 });
    for await (const _ of reader) break;
    const state = reader.state();
    await expect(readShards(set, { shuffle: 50, seed: 1, state })).rejects.toThrow(ReaderStateError);
    await expect(readShards(join(set, "part-00000-of-00001-00000.tar"), { shuffle: 50, state })).rejects.toThrow(
      ReaderStateError,
    );
    const emptied = join(place, "emptied");
    await mkdir(emptied);
    for (const name of await readdir(set)) await writeFile(join(emptied, name), TAR_END);
    await expect(all(emptied, { shuffle: 50, state })).rejects.toThrow(/no longer/);
  });
});

describe("damaged shards", () => {
  it("are read as far as they are whole; what is lost is counted and named with its place", async () => {
    const reader = await readShards(damaged, { shuffle: 0 });
    const read: DataRecord[] = [];
    for await (const record of reader) read.push(record);
    expect(read.map(digest)).toEqual(numbers(read).map(made));
    const { passed, faults } = reader.tally.read!;
    expect(passed).toBe(read.length);
    expect(Object.keys(faults).sort()).toEqual(expect.arrayContaining(["bad JSON", "cut off", "damaged header"]));
    expect(faults["cut off"]!.first[0]).toMatchObject({
      file: join(damaged, "part-00000-of-00001-00000.tar"),
      byte: expect.any(Number),
      found: expect.stringMatching(/the tar ends \d+ bytes early/),
    });
    expect(faults["bad JSON"]!.first[0]).toMatchObject({
      record: 0,
      byte: 0,
      found: expect.stringContaining("a-000034"),
    });
    expect(numbers(read)).not.toContain(20);
    expect(numbers(read)).not.toContain(34);
    expect(numbers(read)).toEqual(expect.arrayContaining([19, 21, 35, 119]));
  });

  it("end the reading when more is broken than was allowed", async () => {
    const faults = Object.values((await readThrough(damaged)).faults).reduce((sum, { count }) => sum + count, 0);
    await expect(all(damaged, { limit: faults - 1 })).rejects.toThrow(TooManyFaultsError);
    await expect(all(damaged, { limit: faults })).resolves.toBeInstanceOf(Array);
  });

  async function readThrough(folder: string) {
    const reader = await readShards(folder, { shuffle: 0 });
    for await (const _ of reader);
    return reader.tally.read!;
  }

  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const good = { text: "ab", media: [{ at: 1, kind: "image", files: ["0.png"] }], about: {} };
  const picture = fakePicture(1).bytes as Buffer;
  it.each<[string, string, [string, Buffer][]]>([
    ["a picture that is not there", "missing picture", [["a.json", json(good)]]],
    [
      "a picture that is a page",
      "not a picture",
      [
        ["a.json", json(good)],
        ["a.0.png", Buffer.from("<html>")],
      ],
    ],
    [
      "a picture that nothing here decodes",
      "not a picture",
      [
        ["a.json", json(good)],
        ["a.0.png", Buffer.from("\0\0\0\x1cftypavif\0\0\0\0", "latin1")],
      ],
    ],
    [
      "an empty picture",
      "not a picture",
      [
        ["a.json", json(good)],
        ["a.0.png", Buffer.alloc(0)],
      ],
    ],
    [
      "a position that is no integer",
      "bad record",
      [
        ["a.json", json({ ...good, media: [{ ...good.media[0], at: 0.5 }] })],
        ["a.0.png", picture],
      ],
    ],
    [
      "a position beyond the text",
      "bad record",
      [
        ["a.json", json({ ...good, text: "" })],
        ["a.0.png", picture],
      ],
    ],
    ["media that name no files", "bad record", [["a.json", json({ ...good, media: [null] })]]],
    [
      "two files of one name",
      "two files of one name",
      [
        ["a.json", json(good)],
        ["a.0.png", picture],
        ["a.0.png", picture],
      ],
    ],
    [
      "neither text nor caption",
      "no text",
      [
        ["a.png", picture],
        ["a.cls", Buffer.from("7")],
      ],
    ],
    [
      "a caption of another encoding",
      "not UTF-8",
      [
        ["a.png", picture],
        ["a.txt", Buffer.from("caf\xe9", "latin1")],
      ],
    ],
    ["a text of another encoding", "not UTF-8", [["a.json", Buffer.from('{"text":"caf\xe9"}', "latin1")]]],
    ["a caption without a picture", "missing picture", [["a.txt", Buffer.from("a dog")]]],
  ])("have a record with %s: it is skipped, and the next is read", async (_, reason, files) => {
    const path = join(place, "one.tar");
    const next = [
      ["b.txt", Buffer.from("next")],
      ["b.png", picture],
    ] as [string, Buffer][];
    await writeFile(
      path,
      Buffer.concat([...[...files, ...next].flatMap(([name, bytes]) => tarFile(name, bytes)), TAR_END]),
    );
    const reader = await readShards(path);
    const read: DataRecord[] = [];
    for await (const record of reader) read.push(record);
    expect(ids(read)).toEqual(["b"]);
    expect(Object.keys(reader.tally.read!.faults)).toEqual([reason]);
    expect(reader.tally.read!.faults[reason]!.first[0]).toMatchObject({ file: path, record: 0, byte: 0 });
  });

  it("that are not there, or no folder of tars, are errors at once", async () => {
    await expect(readShards(join(place, "nothing"))).rejects.toThrow(ShardError);
    await mkdir(join(place, "empty"));
    await expect(readShards(join(place, "empty"))).rejects.toThrow(/holds no tar/);
  });
});
