import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { paperMixture, type UpdatePart, updates } from "../../../src/data/samples/updates.js";
import { buildPart } from "../../../src/data/shards/build.js";
import { type ReaderState, readShards, type ShardReader } from "../../../src/data/shards/reader.js";
import { UsageError } from "../../../src/errors.js";
import { madeRecords } from "../records.js";

const counting = (name: string, length: number, closed: string[] = []) =>
  async function* (epoch: number): AsyncGenerator<string> {
    try {
      for (let n = 0; n < length; n++) yield `${name}${epoch}.${n}`;
    } finally {
      closed.push(name);
    }
  };
async function steps<N extends string>(
  parts: Record<N, UpdatePart<string>>,
  count: number,
  order?: "accumulate" | "in-turn",
) {
  const found = [];
  for await (const step of updates(parts, order)) {
    found.push(step.map(({ name, weight, epoch, items }) => [name, weight, epoch, items.join(" ")]));
    if (found.length === count) break;
  }
  return found;
}

describe("the updates of a training on several sets", () => {
  it("has the paper's weights", () => {
    expect(Object.values(paperMixture).map(({ weight }) => weight)).toEqual([1, 0.2, 0.2, 0.03]);
  });

  it("takes a batch of every part for each step, and begins a part again that ends", async () => {
    const closed: string[] = [];
    const parts = {
      pages: { weight: 1, batch: 2, open: counting("p", 3, closed) },
      pairs: { weight: 0.2, batch: 1, open: counting("q", 9, closed) },
    };
    expect(await steps(parts, 3)).toEqual([
      [
        ["pages", 1, 0, "p0.0 p0.1"],
        ["pairs", 0.2, 0, "q0.0"],
      ],
      [
        ["pages", 1, 1, "p0.2 p1.0"],
        ["pairs", 0.2, 0, "q0.1"],
      ],
      [
        ["pages", 1, 1, "p1.1 p1.2"],
        ["pairs", 0.2, 0, "q0.2"],
      ],
    ]);
    expect(closed.sort()).toEqual(["p", "p", "q"]);
  });

  it("goes on with the epoch that it is told", async () => {
    const parts = { a: { weight: 1, batch: 2, open: counting("a", 1), epoch: 5 } };
    expect(await steps(parts, 1)).toEqual([[["a", 1, 6, "a5.0 a6.0"]]]);
  });

  it("takes its parts in turn if told to", async () => {
    const parts = {
      a: { weight: 1, batch: 1, open: counting("a", 5) },
      b: { weight: 1, batch: 2, open: counting("b", 5) },
    };
    expect((await steps(parts, 3, "in-turn")).flat().map(([, , , items]) => items)).toEqual([
      "a0.0",
      "b0.0 b0.1",
      "a0.1",
    ]);
  });

  it("refuses a part that is empty, and weights and batches that are none", async () => {
    await expect(steps({ a: { weight: 1, batch: 1, open: counting("a", 0) } }, 1)).rejects.toThrow(UsageError);
    await expect(steps({ a: { weight: 0, batch: 1, open: counting("a", 1) } }, 1)).rejects.toThrow("weight 0");
    await expect(steps({}, 1)).rejects.toThrow("no data sets");
  });

  it("goes on between any two steps exactly as it would have gone on, also where an epoch ends", async () => {
    const folder = await mkdtemp(join(tmpdir(), "flamingo-updates-"));
    type Saved = Record<string, { epoch: number; state: ReaderState }>;
    for (const [name, count] of [
      ["a", 12],
      ["b", 30],
    ] as const)
      await buildPart({
        folder: join(folder, name),
        settings: {},
        source: () => madeRecords(name, count),
        shardRecords: 5,
      });
    const training = async (order: "accumulate" | "in-turn", steps: number, step = 0, saved: Saved = {}) => {
      const readers: Record<string, ShardReader> = {};
      const part = (name: string, batch: number): UpdatePart<string> => ({
        weight: 1,
        batch,
        epoch: saved[name]?.epoch ?? 0,
        open: async function* (epoch) {
          const state = epoch === saved[name]?.epoch ? { state: saved[name].state } : {};
          readers[name] = await readShards(join(folder, name), { seed: epoch, shuffle: 4, ...state });
          for await (const { id } of readers[name]) yield `${epoch}/${id}`;
        },
      });
      const epochs: Record<string, number> = {};
      const taken: string[] = [];
      for await (const batches of updates({ a: part("a", 3), b: part("b", 4) }, order, step)) {
        for (const { name, epoch } of batches) epochs[name] = epoch;
        taken.push(batches.map(({ name, items }) => `${name}: ${items.join(" ")}`).join("; "));
        if (taken.length === steps) break;
      }
      const places = Object.entries(readers).map(([name, reader]) => [
        name,
        { epoch: epochs[name]!, state: JSON.parse(JSON.stringify(reader.state())) as ReaderState },
      ]);
      return { taken, saved: { ...saved, ...(Object.fromEntries(places) as Saved) } };
    };
    for (const order of ["accumulate", "in-turn"] as const) {
      const { taken } = await training(order, 14);
      for (const stop of [1, 2, 4, 5, 7, 8, 9, 13]) {
        const first = await training(order, stop);
        const rest = await training(order, 14 - stop, stop, first.saved);
        expect([...first.taken, ...rest.taken], `${order} ${stop}`).toEqual(taken);
      }
    }
    await rm(folder, { recursive: true });
  });
});
