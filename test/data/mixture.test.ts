import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildPart } from "../../src/data/shards/build.js";
import { ReaderStateError } from "../../src/data/shards/errors.js";
import { mix } from "../../src/data/shards/mixture.js";
import { readShards } from "../../src/data/shards/reader.js";
import { madeRecords } from "./records.js";

const COUNT = 120;

let place: string;
let set: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-mixture-"));
  set = join(place, "set");
  await buildPart({ folder: set, settings: {}, source: () => madeRecords("a", COUNT), shardRecords: 17 });
});
afterAll(() => rm(place, { recursive: true }));

describe("a mixture", () => {
  it("may have numbers for names", async () => {
    const open = async () => [
      { name: "10", weight: 1, reader: await readShards(set, { shuffle: 5 }) },
      { name: "2", weight: 1, reader: await readShards(set, { shuffle: 5, seed: 1 }) },
    ];
    const state = JSON.parse(JSON.stringify(mix(await open()).state()));
    expect(mix(await open(), { state }).state()).toEqual(state);
    const others = (await open()).reverse();
    expect(() => mix(others, { state })).toThrow(ReaderStateError);
  });

  it("draws by weight, goes on when a set ends, and resumes at the exact record", async () => {
    const other = join(place, "other");
    await buildPart({ folder: other, settings: {}, source: () => madeRecords("b", 50), shardRecords: 20 });
    const open = async (state?: ReturnType<ReturnType<typeof mix>["state"]>) => {
      const [a, b] = ["a", "b"].map((name) => ({ shuffle: 10, ...(state && { state: state.sets[name]! }) }));
      const sets = [
        { name: "a", weight: 1, reader: await readShards(set, { ...a, epochs: 3 }) },
        { name: "b", weight: 3, reader: await readShards(other, b) },
      ];
      return mix(sets, { seed: 2, ...(state && { state }) });
    };
    const whole: string[] = [];
    for await (const { set: name, record } of await open()) whole.push(`${name} ${record.id}`);
    expect(whole.length).toBe(3 * COUNT + 50);
    const early = whole.slice(0, 60).filter((line) => line.startsWith("b")).length;
    expect(early).toBeGreaterThan(35);
    expect(early).toBeLessThan(56);
    for (const stop of [1, 30, 100, 300]) {
      const again: string[] = [];
      const first = await open();
      for await (const { set: name, record } of first) if (again.push(`${name} ${record.id}`) === stop) break;
      for await (const { set: name, record } of await open(first.state())) again.push(`${name} ${record.id}`);
      expect(again).toEqual(whole);
    }
  });
});
