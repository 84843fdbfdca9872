/** What a model holds for those who ask it, and that all of it is given back. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ReleasedError } from "../../src/errors.js";
import { startEngine } from "../../src/generation/engine.node.js";
import { openFlamingo } from "../../src/generation/flamingo.node.js";
import type { FlamingoModel } from "../../src/generation/flamingo-model.js";
import { ThreadStates } from "../../src/generation/thread-state.js";
import { collectGarbage, growthOverAThird } from "../support/memory.js";
import { noise, saveTinyModel } from "../support/tiny-model.js";

let folder: string;
let flamingo: FlamingoModel;
const at = () => join(folder, "model");
const document = [{ image: noise("first") }, { text: "Output:" }];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "flamingo-lifetime-"));
  await saveTinyModel(at());
  flamingo = await openFlamingo(at(), { threads: 1 });
});
afterAll(async () => {
  await flamingo.close();
  await rm(folder, { recursive: true });
});

const states = async () => (await flamingo.held()).states;

describe("a prompt that was read", () => {
  it("is held until it is released, by hand or by its scope; twice is once", async () => {
    const before = await states();
    {
      using read = await flamingo.read(document);
      expect(await states()).toBe(before + 1);
      using more = await read.state.extend(5);
      expect(await states()).toBe(before + 2);
      more.release();
      more.release();
      expect(await states()).toBe(before + 1);
    }
    expect(await states()).toBe(before);
  });

  it("once released is refused by name, before the thread is asked", async () => {
    const read = await flamingo.read(document);
    read.release();
    const said = /used after its release[\s\S]*To mend it: release it later/;
    await expect(read.state.extend(5)).rejects.toThrow(said);
    await expect(flamingo.write(read)).rejects.toThrow(said);
    await expect(flamingo.write(read, { beam: 2 })).rejects.toThrow(ReleasedError);
  });

  it("leaves what went on from it good", async () => {
    const read = await flamingo.read(document);
    using before = await read.state.extend(5);
    using next = await before.extend(6);
    read.release();
    before.release();
    using again = await next.extend(7);
    expect(again.logits.every(Number.isFinite)).toBe(true);
  });

  it("that was dropped without a word is given back when the garbage collector finds it", async () => {
    const before = await states();
    await Promise.all(Array.from({ length: 40 }, () => flamingo.read(document)));
    expect(await states()).toBe(before + 40);
    await expect.poll(async () => collectGarbage().then(states), { timeout: 20_000 }).toBe(before);
  });

  it("is lost with its model, and says so", async () => {
    const other = await openFlamingo(at(), { threads: 1 });
    const read = await other.read(document);
    await other.close();
    await expect(read.state.extend(5)).rejects.toThrow(/answering thread was closed/);
    read.release();
  });
});

describe("memory stays flat", { timeout: 300_000 }, () => {
  // A third of them, kept, takes 52 MiB.
  it("over 10,000 states made and released", async () => {
    await using thread = await startEngine(at(), { threads: 1 });
    const own = new ThreadStates(thread);
    const growth = await growthOverAThird(500, async (i) => {
      using read = await own.read({ from: null, tokens: [1, 2, 3 + (i % 9)], lastMedia: [0, 0, 0], media: [] });
      const steps = Array.from({ length: 19 }, (_, token) => ({ state: read, token: 5 + token }));
      for (const state of await own.extendMany(steps)) state.release();
    });
    own.tell();
    expect((await thread.remote.held()).states).toBe(0);
    expect(growth).toBeLessThan(20);
  });

  it("over 10,000 prompts given up, begun or not", async () => {
    const before = await flamingo.held();
    let reasons = 0;
    const growth = await growthOverAThird(200, async () => {
      const controller = new AbortController();
      const asked = Array.from({ length: 50 }, () => flamingo.generate(document, { signal: controller.signal }));
      setTimeout(() => controller.abort("enough"), 2);
      for (const { status, reason } of (await Promise.allSettled(asked)) as PromiseRejectedResult[])
        if (status === "rejected" && reason === "enough") reasons++;
    });
    expect(reasons).toBeGreaterThan(9_000);
    await flamingo.generate(document);
    expect(await states()).toBe(before.states);
    expect(growth).toBeLessThan(20);
  });

  // A thread that stayed would hold 27 MiB.
  it("over models opened and closed", async () => {
    const growth = await growthOverAThird(10, async () => {
      await using opened = await openFlamingo(at(), { threads: 1 });
      await opened.generate(document, { maximumTokens: 2 });
    });
    expect(growth).toBeLessThan(40);
  });
});
