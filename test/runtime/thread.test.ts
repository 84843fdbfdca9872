import { describe, expect, it } from "vitest";
import { ThreadError } from "../../src/runtime/thread.js";
import { startThread } from "../../src/runtime/thread.node.js";

type Counter = {
  add(by: number): number;
  addLater(by: number): Promise<number>;
  fill(numbers: Float32Array): Float32Array;
  fail(): void;
  break(): void;
  die(): void;
};
const module = new URL("../support/counter.worker.mjs", import.meta.url);
const open = (init: { start?: number; refuse?: string } = { start: 0 }) => startThread<Counter>(module, init);

describe("an object in a thread", () => {
  it("is made of what the thread was started with, and keeps its state between calls", async () => {
    await using thread = await open({ start: 40 });
    expect(await thread.remote.add(1)).toBe(41);
    expect(await thread.remote.add(1)).toBe(42);
  });

  it("answers calls one after another, in the order they were made", async () => {
    await using thread = await open();
    const { remote } = thread;
    expect(await Promise.all([remote.addLater(1), remote.add(10), remote.addLater(100)])).toEqual([1, 11, 111]);
  });

  it("is given copies, and gives copies: nobody else's arrays change", async () => {
    await using thread = await open();
    const numbers = new Float32Array(3);
    expect([...(await thread.remote.fill(numbers))]).toEqual([7, 7, 7]);
    expect([...numbers]).toEqual([0, 0, 0]);
  });

  it("throws what it threw there, with its code and how to mend it, and goes on", async () => {
    await using thread = await open();
    const error = await thread.remote.fail().catch((error: unknown) => error as ThreadError);
    expect(error).toBeInstanceOf(ThreadError);
    expect(error).toMatchObject({ name: "UsageError", code: "USAGE", problem: "no such count", mend: "count from 0" });
    await expect(thread.remote.break()).rejects.toMatchObject({ name: "TypeError", problem: "not a count" });
    expect(await thread.remote.add(1)).toBe(1);
  });

  it("ends after the calls it was given, never within one, and fails every call after", async () => {
    await using thread = await open();
    const given = [thread.remote.addLater(1), thread.remote.add(10)];
    await thread[Symbol.asyncDispose]();
    expect(await Promise.all(given)).toEqual([1, 11]);
    await expect(thread.remote.add(1)).rejects.toThrow(/the thread ended/);
  });

  it("fails calls when the thread goes by itself", async () => {
    await using thread = await open();
    const waiting = [thread.remote.die(), thread.remote.add(1)];
    for (const call of await Promise.allSettled(waiting))
      expect(call).toMatchObject({ status: "rejected", reason: { problem: "the thread ended (3)" } });
  });

  it("that could not be made leaves no thread behind", async () => {
    const threads = () =>
      process.getActiveResourcesInfo().filter((name) => name === "MessagePort" || name === "Worker").length;
    const before = threads();
    await expect(open({ refuse: "too much" })).rejects.toMatchObject({ code: "USAGE", problem: "too much" });
    expect(threads()).toBe(before);
  });
});
