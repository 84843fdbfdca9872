import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { ReleasedError } from "../../src/errors.js";
import { startThread, type ThreadOptions } from "../../src/runtime/thread.node.js";
import { ThreadEndedError, ThreadError } from "../../src/runtime/thread-errors.js";
import { ROOT } from "../support/markdown.js";

type Counter = {
  add(by: number): number;
  addLater(by: number): Promise<number>;
  addBlocking(by: number, gate: Int32Array): number;
  fill(numbers: Float32Array): Float32Array;
  fail(): void;
  break(): void;
  throwNothing(): void;
  giveFunction(): unknown;
  die(): void;
  dieLater(): Promise<void>;
  rejectAlone(): Promise<void>;
  hoard(): void;
};
const module = new URL("../support/counter.worker.mjs", import.meta.url);
const open = (
  init: { start?: number; refuse?: string; openingMs?: number } = { start: 0 },
  options: ThreadOptions = { name: "counting thread" },
) => startThread<Counter>(module, init, options);

/** Threads and ports that would keep this process alive. */
const alive = () => process.getActiveResourcesInfo().filter((name) => /MessagePort|Worker/.test(name)).length;

/** Runs a script in a process of its own. */
async function script(code: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const before = `
    import { startThread } from "./dist/runtime/thread.node.js";
    const base = ${JSON.stringify(pathToFileURL(`${ROOT}/`).href)};
    const module = new URL("./test/support/counter.worker.mjs", base);
  `;
  const started = spawn(process.execPath, ["--input-type=module", "--eval", before + code], { cwd: ROOT });
  const [stdout, stderr, [ended]] = await Promise.all([
    text(started.stdout),
    text(started.stderr),
    once(started, "close") as Promise<[number | null]>,
  ]);
  return { code: ended, stdout, stderr };
}

/** Keeps a thread busy until it is opened. */
function makeGate() {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const openGate = () => {
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
  };
  return { gate, openGate };
}

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
    expect((error as ThreadError).cause).toMatchObject({
      name: "UsageError",
      stack: expect.stringContaining("counter.worker.mjs"),
      cause: { name: "TypeError", message: "not a count" },
    });
    await expect(thread.remote.break()).rejects.toMatchObject({ name: "TypeError", problem: "not a count" });
    await expect(thread.remote.throwNothing()).rejects.toMatchObject({ code: "THREAD" });
    expect(await thread.remote.add(1)).toBe(1);
  });

  it("ends after the calls it was given, never within one, and fails every call after", async () => {
    await using thread = await open();
    const given = [thread.remote.addLater(1), thread.remote.add(10)];
    await thread[Symbol.asyncDispose]();
    expect(await Promise.all(given)).toEqual([1, 11]);
    await expect(thread.remote.add(1)).rejects.toThrow(/counting thread was closed[\s\S]*To mend it: open it again/);
    await expect(thread.remote.add(1)).rejects.toThrow(ReleasedError);
    await thread[Symbol.asyncDispose]();
  });

  it("that could not be made leaves no thread behind", async () => {
    const before = alive();
    await expect(open({ refuse: "too much" })).rejects.toMatchObject({ code: "USAGE", problem: "too much" });
    expect(alive()).toBe(before);
  });

  it("takes arrays that are handed over without a copy: they are empty here afterwards", async () => {
    await using thread = await open();
    const numbers = new Float32Array(3);
    const filled = await thread.call("fill", [numbers], { handedOver: [numbers.buffer] });
    expect([...filled]).toEqual([7, 7, 7]);
    expect(numbers).toHaveLength(0);
  });

  it("does not keep a process alive that has forgotten it", async () => {
    const { stdout } = await script(`
      const thread = await startThread(module, { start: 1 });
      console.log(await thread.remote.addLater(1));
    `);
    expect(stdout).toBe("2\n");
  });

  it.each([
    ["process.exit", "process.exit(7)", 7, /^$/],
    ["an error that nobody awaits", 'throw new Error("over")', 1, /over/],
  ])("lets a process end by %s in the middle of a native call", async (_, end, code, said) => {
    const ended = await script(`
      const { axes, graph, input, matmul } = await import("./dist/graph/index.js");
      const { portable } = await import("./dist/runtime/contract.js");
      const pixels = input("pixels", "float32", axes(1024, 1024));
      const features = Array(8).fill(pixels).reduce((left, right) => matmul(left, right));
      const init = { graph: portable(graph({ features }), new Map()) };
      const thread = await startThread(new URL("./dist/training/eye.worker.js", base), init);
      setTimeout(() => { ${end} }, 50);
      for (;;) await thread.remote.look(new Float32Array(1024 * 1024), [1024, 1024]);
    `);
    expect(ended.code).toBe(code);
    expect(ended.stderr).toMatch(said);
    expect(ended.stderr).not.toMatch(/terminate|what\(\)/);
  });
});

describe("a thread that ends while it is needed", () => {
  const small: ThreadOptions = { name: "counting thread", heapMiB: 16 };
  const ways: [string, (remote: Awaited<ReturnType<typeof open>>["remote"]) => Promise<unknown>, RegExp, RegExp?][] = [
    ["by process.exit", (remote) => remote.die(), /exit code 3/],
    ["by an error that nobody awaits", (remote) => remote.dieLater(), /exit code 1.*: thrown by a timer/, /timer/],
    ["by a promise that nobody awaits", (remote) => remote.rejectAlone(), /exit code 1.*: rejected alone/, /alone/],
    ["for want of memory", (remote) => remote.hoard(), /exit code 1.*memory[\s\S]*mend it: give it less/, /memory/],
  ];

  it.each(ways)(
    "%s fails every call, those of later too, with the cause; closing it is no error",
    async (_, die, ...told) => {
      const [message, cause] = told;
      const thread = await open({ start: 0 }, small);
      const calls = [die(thread.remote), thread.remote.add(1), thread.remote.addLater(1)];
      const ended = await Promise.allSettled(calls);
      ended.push(...(await Promise.allSettled([thread.remote.add(1)])));
      for (const call of ended) {
        expect(call.status).toBe("rejected");
        const { reason } = call as PromiseRejectedResult;
        expect(reason).toBeInstanceOf(ThreadEndedError);
        expect(reason.message).toMatch(/^The counting thread ended by itself/);
        expect(reason.message).toMatch(message);
        if (cause !== undefined) expect(reason.cause.message).toMatch(cause);
      }
      await thread[Symbol.asyncDispose]();
    },
  );

  it("before it began, because its module cannot be loaded, says which file is not there", async () => {
    for (const name of ["broken.worker.mjs", "no-such.worker.mjs"]) {
      const before = alive();
      const opening = startThread(new URL(`../support/${name}`, import.meta.url), {});
      await expect(opening).rejects.toThrow(/no-such[\s\S]*install the package anew/);
      expect(alive()).toBe(before);
    }
  });

  it("but a result that cannot be sent fails its own call only, and so does such an argument", async () => {
    await using thread = await open();
    await expect(thread.remote.giveFunction()).rejects.toThrow(
      /result cannot be sent[\s\S]*To mend it: return numbers/,
    );
    await expect(thread.remote.fill((() => 1) as never)).rejects.toThrow(/could not be cloned/);
    expect(await thread.remote.add(1)).toBe(1);
  });
});

describe("a call that is given up", () => {
  const stopped = new Error("no longer wanted");

  it("fails at once with the signal's reason, though the thread is in the middle of it", async () => {
    await using thread = await open();
    const { gate, openGate } = makeGate();
    const controller = new AbortController();
    const late: number[] = [];
    const call = thread.call("addBlocking", [1, gate], {
      signal: controller.signal,
      tooLate: (count) => void late.push(count),
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    controller.abort(stopped);
    await expect(call).rejects.toBe(stopped);
    expect(late).toEqual([]);
    openGate();
    expect(await thread.remote.add(10)).toBe(11);
    expect(late).toEqual([1]);
  });

  it("is never begun if it waits for others; those after it are, in their order", async () => {
    await using thread = await open();
    const { gate, openGate } = makeGate();
    const controller = new AbortController();
    const { signal } = controller;
    const late: number[] = [];
    const before = thread.remote.addBlocking(1, gate);
    const given = [thread.call("add", [10], { signal, tooLate: (count) => void late.push(count) })];
    const after = thread.remote.add(100);
    given.push(thread.call("add", [1000], { signal }));
    controller.abort(stopped);
    for (const call of given) await expect(call).rejects.toBe(stopped);
    openGate();
    expect(await Promise.all([before, after])).toEqual([1, 101]);
    expect(await thread.remote.add(0)).toBe(101);
    expect(late).toEqual([]);
  });

  it("before it is made is not even sent", async () => {
    await using thread = await open();
    const call = thread.call("add", [1], { signal: AbortSignal.abort(stopped) });
    await expect(call).rejects.toBe(stopped);
    expect(await thread.remote.add(0)).toBe(0);
  });

  it("leaves nothing behind on a signal that many calls share", async () => {
    await using thread = await open();
    const { signal } = new AbortController();
    let listening = 0;
    const counted = new Proxy(signal, {
      get: (target, name) => {
        if (name === "addEventListener") listening++;
        if (name === "removeEventListener") listening--;
        const value = Reflect.get(target, name, target) as unknown;
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    await Promise.allSettled([1, 2, 3].map((by) => thread.call("add", [by], { signal: counted })));
    await Promise.allSettled([thread.call("fail", [], { signal: counted })]);
    expect(listening).toBe(0);
  });

  it("while the object is being made ends the thread", async () => {
    const before = alive();
    const controller = new AbortController();
    const opening = open({ start: 0, openingMs: 200 }, { name: "counting thread", signal: controller.signal });
    setTimeout(() => controller.abort(stopped), 20);
    await expect(opening).rejects.toBe(stopped);
    await expect.poll(alive, { timeout: 10_000 }).toBe(before);
  });
});
