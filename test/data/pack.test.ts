import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DataRecord } from "../../src/data/record.js";
import { buildPart } from "../../src/data/shards/build.js";
import { packPart } from "../../src/data/shards/pack.js";
import { readShards } from "../../src/data/shards/reader.js";
import { lineOfRecord } from "../../src/data/shards/record-line.js";
import { UsageError } from "../../src/errors.js";
import { collect } from "../support/collect.js";
import { start } from "../support/command.js";
import { madeRecord, madeRecords } from "./records.js";

let place: string;
const at = (...names: string[]) => join(place, ...names);
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-pack-"));
});
afterEach(() => rm(place, { recursive: true }));

const read = async (folder: string): Promise<DataRecord[]> => collect(await readShards(folder, { shuffle: 0 }));
const contents = async (folder: string) => {
  const names = (await readdir(folder)).sort();
  return Promise.all(names.map(async (name) => [name, (await readFile(join(folder, name))).toString("base64")]));
};

describe("packing", () => {
  /** Two tars and two files of lines, each with a record that is broken. */
  async function inputs(): Promise<string[]> {
    await buildPart({ folder: at("tars"), settings: {}, source: () => madeRecords("t", 40), shardRecords: 20 });
    const tars = (await readdir(at("tars"))).filter((name) => name.endsWith(".tar")).map((name) => at("tars", name));
    for (const tar of tars) {
      const bytes = await readFile(tar);
      bytes[bytes.indexOf('{"text"') + 1]! ^= 1;
      await writeFile(tar, bytes);
    }
    const lines = (name: string) =>
      Array.from({ length: 20 }, (_, n) => (n === 3 ? "{" : lineOfRecord(madeRecord(name, n)))).join("\n");
    await writeFile(at("a.jsonl"), lines("a"));
    await writeFile(at("b.jsonl.gz"), gzipSync(lines("b")));
    return [tars[0]!, at("a.jsonl"), tars[1]!, at("b.jsonl.gz")];
  }

  it("goes on after each of its tars without reading again what is in them, to the same bytes", async () => {
    const files = await inputs();
    const pack = (out: string, signal?: AbortSignal, progress?: (soFar: { readonly records: number }) => void) =>
      packPart({
        inputs: files,
        folder: at(out),
        shardRecords: 7,
        ...(signal && { signal }),
        ...(progress && { progress }),
      });
    const whole = await pack("whole");
    expect(whole).toMatchObject({ records: 76, tally: { read: { passed: 76, faults: { "bad JSON": { count: 4 } } } } });
    const expected = await contents(at("whole"));
    for (let stop = 1; stop < 76; stop += 5) {
      const stopped = new AbortController();
      const folder = `stopped-${stop}`;
      await expect(
        pack(folder, stopped.signal, ({ records }) => records === stop && stopped.abort(new Error("killed"))),
      ).rejects.toThrow("killed");
      const seen: number[] = [];
      await pack(folder, undefined, ({ records }) => seen.push(records));
      expect(seen[0]).toBe(stop - (stop % 7) + 1);
      expect(await contents(at(folder))).toEqual(expected);
    }
    // The first file is no longer there: nothing needs it.
    const stopped = new AbortController();
    await expect(
      pack("gone", stopped.signal, ({ records }) => records === 30 && stopped.abort(new Error("killed"))),
    ).rejects.toThrow("killed");
    await writeFile(files[0]!, "");
    await pack("gone");
    expect(await contents(at("gone"))).toEqual(expected);
  });

  it("refuses to write beside what it reads, which it would read when it is started again", async () => {
    await buildPart({ folder: at("set"), settings: {}, source: () => madeRecords("t", 4) });
    await rm(at("set", "part-00000-of-00001.json"));
    await expect(packPart({ inputs: [at("set")], folder: `${at("set")}/.` })).rejects.toThrow(UsageError);
    await writeFile(at("lines.jsonl"), lineOfRecord(madeRecord("a", 1)));
    expect(await packPart({ inputs: [at("lines.jsonl")], folder: place })).toMatchObject({ records: 1 });
  });
});

describe("lines of records", () => {
  const odd = { ...madeRecord("a", 1), text: "one\u2028two\u2029three\u0085four\x0bfive", media: [] };
  // JSON takes a carriage return for a space.
  const line = `${lineOfRecord(odd).replace(',"text"', ',\r"text"')}\r\n`;

  it("end at line feeds alone, whatever a text has in it that ends lines elsewhere", async () => {
    await writeFile(at("odd.jsonl"), line + line.replace(odd.id, "a-other"));
    await packPart({ inputs: [at("odd.jsonl")], folder: at("out") });
    expect((await read(at("out"))).map(({ text }) => text)).toEqual([odd.text, odd.text]);
    const { code, out, err } = await start(["data", "map", "check"], { input: line }).ended;
    expect({ code, out, err }).toEqual({ code: 0, out: `${lineOfRecord(odd)}\n`, err: "" });
  });
});
