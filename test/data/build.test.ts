import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DataRecord } from "../../src/data/record.js";
import { type Build, buildPart } from "../../src/data/shards/build.js";
import { BuildConflictError, RecordError, ShardError } from "../../src/data/shards/errors.js";
import { readIndex } from "../../src/data/shards/index-file.js";
import { inputsOf, readPart } from "../../src/data/shards/part.js";
import { recordOfSample } from "../../src/data/shards/record-files.js";
import { Grouping, type Sample } from "../../src/data/shards/sample.js";
import { readTarFile } from "../../src/data/shards/tar-file.js";
import { type Tally, TooManyFaultsError } from "../../src/data/tally.js";
import { OutputError } from "../../src/errors.js";
import { madeRecord, madeRecords } from "./records.js";

let place: string;
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-build-"));
});
afterEach(() => rm(place, { recursive: true }));

const settings = { command: "test", seed: 1 };
const build = (folder: string, more: Partial<Build> = {}): Build => ({
  folder: join(place, folder),
  settings,
  source: () => madeRecords("a", 100),
  shardRecords: 17,
  ...more,
});

/** Every file of a folder and the hash of its bytes. */
async function contents(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(join(place, folder))).sort();
  const hashes = names.map(async (name) => {
    const bytes = await readFile(join(place, folder, name));
    return [name, createHash("sha256").update(bytes).digest("hex")];
  });
  return Object.fromEntries(await Promise.all(hashes));
}

async function samplesOf(path: string): Promise<Sample[]> {
  const grouping = new Grouping();
  const samples: Sample[] = [];
  for await (const items of readTarFile(path)) samples.push(...([...grouping.push(items)] as Sample[]));
  return [...samples, ...grouping.end()];
}

describe("building a part", () => {
  it("writes records that come back as they were", async () => {
    const manifest = await buildPart(build("a"));
    expect(manifest.shards.map(({ records }) => records)).toEqual([17, 17, 17, 17, 17, 15]);
    const back: unknown[] = [];
    for (const { tar } of manifest.shards) {
      const samples = await samplesOf(join(place, "a", tar));
      const index = await readIndex(join(place, "a", `${tar}.index.json`));
      expect(index!.records).toEqual(samples.map(({ key, at }) => [key, at]));
      back.push(...samples.map((sample) => recordOfSample(sample)));
    }
    expect(back).toEqual(Array.from({ length: 100 }, (_, i) => madeRecord("a", i)));
  });

  it("says in its index what sha256sum says of the tar", async () => {
    const { shards } = await buildPart(build("a"));
    const hashes = await contents("a");
    for (const { tar, sha256 } of shards) expect(sha256).toBe(hashes[tar]);
  });

  it("counts what is dropped after the last record once, also where only the manifest is made again", async () => {
    const counted: Partial<Build> = {
      async *source(tally: Tally, from?: unknown) {
        let at = (from as number | undefined) ?? 0;
        for await (const record of madeRecords("a", 20)) {
          if (Number(record.id.replaceAll(/\D/g, "")) < at) continue;
          at++;
          tally.pass("records");
          yield record;
        }
        tally.drop("records", "last", { file: "a", record: 20 });
      },
      shardRecords: 15,
    };
    const once = await buildPart(build("a", { ...counted, cursor: () => 20 }));
    const before = await contents("a");
    await rm(
      join(place, "a", Object.keys(before).find((name) => /part.*\.json$/.test(name) && !name.includes("index"))!),
    );
    expect((await buildPart(build("a", { ...counted, cursor: () => 20 }))).tally).toEqual(once.tally);
    expect(await contents("a")).toEqual(before);
  });

  it("closes a tar with the record that reaches the bytes", async () => {
    const { shards } = await buildPart(build("a", { shardBytes: 40_000, shardRecords: 1000 }));
    expect(shards.length).toBeGreaterThan(2);
    for (const { bytes } of shards.slice(0, -1)) expect(bytes).toBeGreaterThanOrEqual(40_000);
  });

  it("is the same, byte for byte, wherever it was interrupted, and leaves nothing else behind", async () => {
    await buildPart(build("whole"));
    const whole = await contents("whole");
    for (const stop of [0, 1, 16, 17, 18, 50, 99]) {
      const folder = `stopped-${stop}`;
      const breaking = async function* (): AsyncGenerator<DataRecord> {
        for (let i = 0; i < stop; i++) yield madeRecord("a", i);
        throw new Error("the process is gone");
      };
      await expect(buildPart(build(folder, { source: breaking }))).rejects.toThrow("the process is gone");
      await mkdir(join(place, folder), { recursive: true });
      await writeFile(join(place, folder, ".part-00000-of-00001-00001.tar.01234567.partial"), "left by a kill");
      await buildPart(build(folder));
      expect(await contents(folder)).toEqual(whole);
    }
  });

  it("goes on from the cursor of a source that has one, with what was counted until there", async () => {
    const begun: number[] = [];
    const counting = (stop: number): Partial<Build> => {
      let next = 0;
      return {
        async *source(tally: Tally, from: unknown) {
          next = (from as number | undefined) ?? 0;
          begun.push(next);
          while (next < stop) {
            next++;
            if (next % 3 === 0) tally.drop("count", "multiple of 3", { file: "numbers", record: next });
            else yield madeRecord("a", next);
          }
          if (stop < 100) throw new Error("gone");
        },
        cursor: () => next,
      };
    };
    await buildPart(build("whole", counting(100)));
    await expect(buildPart(build("again", counting(60)))).rejects.toThrow("gone");
    const { tally } = await buildPart(build("again", counting(100)));
    expect(tally.count!.dropped["multiple of 3"]!.count).toBe(33);
    expect(begun).toEqual([0, 0, 50]);
    expect(await contents("again")).toEqual(await contents("whole"));
  });

  it("does nothing for a part that is finished, and refuses one of other settings", async () => {
    const first = await buildPart(build("a"));
    const never = () => {
      throw new Error("asked again");
    };
    expect(await buildPart(build("a", { source: never }))).toEqual(first);
    await expect(buildPart(build("a", { settings: { seed: 2 } }))).rejects.toThrow(BuildConflictError);
    await rm(join(place, "a", "part-00000-of-00001.json"));
    await expect(buildPart(build("a", { settings: { seed: 2 } }))).rejects.toThrow(BuildConflictError);
    await writeFile(join(place, "a", "part-00000-of-00001.json"), "{");
    await expect(buildPart(build("a"))).rejects.toThrow(ShardError);
  });

  it("is left to the process that was started last, and both say so or give the same", async () => {
    await buildPart(build("whole"));
    const whole = await contents("whole");
    let reached: () => void = () => {};
    const midway = new Promise<void>((resolve) => {
      reached = resolve;
    });
    let goOn: () => void = () => {};
    const first = buildPart(
      build("both", {
        async *source() {
          for (let i = 0; i < 100; i++) {
            if (i === 40) {
              reached();
              await new Promise<void>((resolve) => {
                goOn = resolve;
              });
            }
            yield madeRecord("a", i);
          }
        },
      }),
    );
    await midway;
    const second = await buildPart(build("both"));
    goOn();
    await expect(first).rejects.toThrow(BuildConflictError);
    expect(second.records).toBe(100);
    expect(await contents("both")).toEqual(whole);
    const together = await Promise.allSettled([1, 2, 3].map(() => buildPart(build("together"))));
    for (const result of together)
      if (result.status === "rejected") expect(result.reason).toBeInstanceOf(BuildConflictError);
    await buildPart(build("together"));
    expect(await contents("together")).toEqual(whole);
  });

  it("names a place that cannot be written", async () => {
    await writeFile(join(place, "file"), "");
    await expect(buildPart(build("file/inside"))).rejects.toBeInstanceOf(OutputError);
  });

  it("ends when more is broken than was allowed, and what is whole stays", async () => {
    const faulty = async function* (tally: Tally) {
      for (let i = 0; i < 100; i++) {
        if (i % 10 === 9) tally.fault("source", "bad", { file: "x", record: i });
        else yield madeRecord("a", i);
      }
    };
    await expect(buildPart(build("a", { source: faulty, limit: 3 }))).rejects.toThrow(TooManyFaultsError);
    expect(Object.keys(await contents("a"))).toEqual([
      "part-00000-of-00001-00000.tar",
      "part-00000-of-00001-00000.tar.index.json",
      "part-00000-of-00001-00001.tar",
      "part-00000-of-00001-00001.tar.index.json",
    ]);
    const { tally } = await buildPart(build("a", { source: faulty, limit: 10 }));
    expect(tally.source!.faults.bad!.count).toBe(10);
  });

  it.each<[string, (record: DataRecord) => DataRecord]>([
    ["an id that is a path", (record) => ({ ...record, id: "../a" })],
    ["an id with a dot, which would end the key", (record) => ({ ...record, id: "a.b" })],
    ["half of a surrogate pair", (record) => ({ ...record, text: "\ud83e" })],
    ["a medium beyond the text", (record) => ({ ...record, text: "🦩", media: [{ ...medium, at: 2 }] })],
    ["media out of order", (record) => ({ ...record, media: [{ ...medium, at: 1 }, medium] })],
    ["an image of two files", (record) => ({ ...record, media: [{ ...medium, files: [file, file] }] })],
    ["a clip of none", (record) => ({ ...record, media: [{ at: 0, kind: "video", files: [] }] })],
  ])("refuses %s", async (_, change) => {
    const source = async function* () {
      yield change(madeRecord("a", 1));
    };
    await expect(buildPart(build("a", { source }))).rejects.toThrow(RecordError);
    expect(await contents("a")).toEqual({});
  });
});

const file = { type: "png" as const, bytes: Buffer.from("89504e470d0a1a0a", "hex") };
const medium = { at: 0, kind: "image" as const, files: [file] };

describe("--shard", () => {
  it("deals every input to one part", () => {
    const inputs = Array.from({ length: 23 }, (_, i) => i);
    const dealt = [0, 1, 2, 3].map((index) => inputsOf(inputs, readPart(`${index}/4`)));
    expect(dealt.flat().sort((a, b) => a - b)).toEqual(inputs);
    expect(Math.max(...dealt.map(({ length }) => length))).toBe(6);
  });

  it.each(["4/4", "0/0", "-1/4", "1", "a/b", "1/4/2"])("refuses %s", (text) => {
    expect(() => readPart(text)).toThrow("--shard 0/8 to --shard 7/8");
  });
});
