/** Answers that are given up, at every point where something is waited for. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LoadedFlamingo } from "../../src/checkpoints/flamingo-file.js";
import { readFlamingo } from "../../src/checkpoints/flamingo-folder.node.js";
import type { Engine } from "../../src/generation/engine.js";
import { startEngine } from "../../src/generation/engine.node.js";
import { openFlamingo } from "../../src/generation/flamingo.node.js";
import { type AskOptions, FlamingoModel, tokenizerOf } from "../../src/generation/flamingo-model.js";
import type { Picture } from "../../src/media/pixels.js";
import { documentOf } from "../../src/prompt/load.node.js";
import type { Thread } from "../../src/runtime/thread.js";
import { noise, saveTinyModel } from "../support/tiny-model.js";

let folder: string;
let loaded: LoadedFlamingo;
let thread: Thread<Engine>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "flamingo-abort-"));
  await saveTinyModel(join(folder, "model"));
  loaded = await readFlamingo(join(folder, "model"));
  thread = await startEngine(loaded, { threads: 1 });
});
afterAll(async () => {
  await thread[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

type Method = keyof Engine;
const stopped = new Error("no longer wanted");

/** A model over this test's thread that tells of each call it makes there. */
function watched(onCall: (method: Method, args: readonly unknown[]) => void = () => undefined) {
  const call: Thread<Engine>["call"] = (method, args, options) => {
    const answer = thread.call(method, args, options);
    onCall(method, args);
    return answer;
  };
  return new FlamingoModel({
    config: loaded.config,
    tokenizer: tokenizerOf(loaded, "tiny"),
    thread: { ...thread, call },
    documentOf,
  });
}

let count = 0;
/** A prompt with a picture that nobody has seen. */
const fresh = () => [{ image: noise(`fresh ${count++}`) }, { text: "Output:" }];

type Ask = (model: FlamingoModel, options: AskOptions) => Promise<unknown>;
const ASKS: Readonly<Record<string, { readonly ask: Ask; readonly calls: readonly (readonly [Method, number])[] }>> = {
  "a greedy answer": {
    ask: (model, options) => model.generate(fresh(), { ...options, maximumTokens: 8 }),
    calls: [
      ["look", 1],
      ["read", 1],
      ["extend", 1],
      ["extend", 3],
    ],
  },
  "a sampled answer": {
    ask: (model, options) => model.generate(fresh(), { ...options, maximumTokens: 8, temperature: 5 }),
    calls: [
      ["look", 1],
      ["read", 1],
      ["extend", 2],
    ],
  },
  "a beam search": {
    ask: (model, options) => model.generate(fresh(), { ...options, maximumTokens: 8, beam: 3 }),
    calls: [
      ["look", 1],
      ["read", 1],
      ["extend", 1],
      ["extend", 3],
    ],
  },
  "a ranking": {
    ask: (model, options) => model.rank(fresh(), ["a red apple", "a dog", "yes no yes"], options),
    calls: [
      ["look", 1],
      ["read", 1],
      ["score", 1],
      ["score", 3],
    ],
  },
  "reading a prompt": {
    ask: (model, options) => model.read(fresh(), options),
    calls: [
      ["look", 1],
      ["read", 1],
    ],
  },
};
const points = Object.entries(ASKS).flatMap(([name, { ask, calls }]) =>
  calls.map(([method, nth]) => [name, method, nth, ask] as const),
);

describe("what was asked and is given up", () => {
  it.each(points)(
    "%s: during %s %i it fails at once, with the reason, and asks nothing more",
    async (_, method, nth, ask) => {
      const before = await watched().held();
      const controller = new AbortController();
      const calls: Method[] = [];
      const asked = () => calls.filter((one) => !one.startsWith("release"));
      const model = watched((made) => {
        calls.push(made);
        if (made === method && calls.filter((one) => one === method).length === nth) controller.abort(stopped);
      });
      await expect(ask(model, { signal: controller.signal })).rejects.toBe(stopped);
      expect(asked().at(-1)).toBe(method);
      const made = asked().length;
      // The call that was under way gives back what it made, and so does everything that was held for this answer.
      await expect.poll(async () => (await watched().held()).states).toBe(before.states);
      expect(asked()).toHaveLength(made);
      expect((await model.generate(fresh(), { maximumTokens: 2 })).tokens.length).toBeLessThanOrEqual(2);
      expect((await watched().held()).states).toBe(before.states);
    },
  );

  it.each(Object.entries(ASKS))("before it began does no work at all: %s", async (_, { ask }) => {
    const calls: Method[] = [];
    const model = watched((made) => void calls.push(made));
    await expect(ask(model, { signal: AbortSignal.abort(stopped) })).rejects.toBe(stopped);
    expect(calls).toEqual([]);
  });

  it("while its picture is made smaller stops between two pieces", async () => {
    const calls: Method[] = [];
    const model = watched((made) => void calls.push(made));
    const controller = new AbortController();
    const large: Picture = { width: 4000, height: 1000, data: new Uint8Array(12_000_000) };
    const asked = model.generate([{ image: large }, { text: "Output:" }], { signal: controller.signal });
    setImmediate(() => setImmediate(() => controller.abort(stopped)));
    await expect(asked).rejects.toBe(stopped);
    expect(calls).toEqual([]);
  });

  it("while a picture is on its way ends the connection", async () => {
    let closed: (() => void) | undefined;
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const controller = new AbortController();
    const server = createServer((request) => {
      request.on("close", () => closed?.());
      controller.abort(stopped);
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.png`;
    const asked = watched().generate([{ image: address }, "Output:"], { signal: controller.signal });
    await expect(asked).rejects.toBe(stopped);
    await gone;
    server.close();
  });

  it("while it waits for others is never begun: its pictures are not looked at", async () => {
    const model = watched();
    const before = (await model.held()).media;
    const controller = new AbortController();
    const others = Array.from({ length: 4 }, () => model.generate(fresh(), { maximumTokens: 4 }));
    const waiting = Array.from({ length: 8 }, () => model.generate(fresh(), { signal: controller.signal }));
    const ended = Promise.allSettled(waiting);
    await others[0];
    controller.abort(stopped);
    const reasons = (await ended).map((one) => (one.status === "rejected" ? one.reason : "answered"));
    await Promise.all(others);
    const dropped = reasons.filter((reason) => reason === stopped).length;
    expect(dropped).toBe(8);
    expect((await model.held()).media).toBeLessThanOrEqual(before + 4 + 8);
  });

  it("does not take a picture away from others who wait for the same one", async () => {
    const calls: Method[] = [];
    const first = new AbortController();
    const model = watched((made) => {
      calls.push(made);
      if (made === "look") setImmediate(() => first.abort(stopped));
    });
    const prompt = fresh();
    const given = model.read(prompt, { signal: first.signal });
    const kept = model.read(prompt);
    await expect(given).rejects.toBe(stopped);
    using read = await kept;
    expect(read.state.logits.every(Number.isFinite)).toBe(true);
    expect(calls.filter((one) => one === "look")).toHaveLength(1);
    // Whom all have left is looked at anew when it comes again.
    const controller = new AbortController();
    const other = fresh();
    const alone = watched((made) => {
      if (made === "look") controller.abort(stopped);
    });
    await expect(alone.read(other, { signal: controller.signal })).rejects.toBe(stopped);
    using again = await alone.read(other);
    expect(again.state.logits.every(Number.isFinite)).toBe(true);
  });

  it("by one signal for many, all fail, without a word from the platform about listeners", async () => {
    const warnings: string[] = [];
    const warned = ({ name }: Error) => void warnings.push(name);
    process.on("warning", warned);
    const controller = new AbortController();
    const model = watched();
    const asked = Array.from({ length: 30 }, () => model.generate(fresh(), { signal: controller.signal }));
    setTimeout(() => controller.abort(stopped), 3);
    for (const answer of await Promise.allSettled(asked))
      expect(answer).toEqual({ status: "rejected", reason: stopped });
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", warned);
    expect(warnings).toEqual([]);
  });
});

describe("opening a model that is given up", () => {
  it("before it began, or meanwhile, fails with the reason and leaves no thread", async () => {
    const alive = () => process.getActiveResourcesInfo().filter((name) => /MessagePort|Worker/.test(name)).length;
    const before = alive();
    const model = join(folder, "model");
    await expect(openFlamingo(model, { signal: AbortSignal.abort(stopped) })).rejects.toBe(stopped);
    expect(alive()).toBe(before);
    const controller = new AbortController();
    setTimeout(() => controller.abort(stopped), 30);
    await expect(openFlamingo(model, { signal: controller.signal })).rejects.toBe(stopped);
    await expect.poll(alive, { timeout: 20_000 }).toBe(before);
  });
});
