/** Programs are given back: by hand, by their scope, and in any number. */
import { describe, expect, it } from "vitest";
import { ReleasedError } from "../../src/errors.js";
import { axes, graph, input, mul, scalar } from "../../src/graph/index.js";
import { portable } from "../../src/runtime/contract.js";
import { nodeRuntime } from "../../src/runtime/onnx.node.js";
import { Scope } from "../../src/scope.js";
import { growthOverAThird } from "../support/memory.js";

const doubled = portable(graph({ y: mul(input("x", "float32", axes(3)), scalar(2)) }), new Map());
const x = Float32Array.of(1, 2, 3);
const compile = () => nodeRuntime.compile(doubled, { threads: 1 });

describe("a program", () => {
  it("closed twice is closed once, and run after that says so", async () => {
    const program = await compile();
    await Promise.all([program[Symbol.asyncDispose](), program[Symbol.asyncDispose]()]);
    await program[Symbol.asyncDispose]();
    await expect(program.run({ x })).rejects.toThrow(/run after it was closed[\s\S]*To mend it: close it later/);
    await expect(program.run({ x })).rejects.toThrow(ReleasedError);
  });

  it("closed while it runs ends after its runs", async () => {
    const program = await compile();
    const runs = [program.run({ x }), program.run({ x })];
    await program[Symbol.asyncDispose]();
    for (const { y } of await Promise.all(runs)) expect([...y!.data]).toEqual([2, 4, 6]);
  });

  it("ends with the scope that owns it", async () => {
    const scope = new Scope();
    const program = scope.own(await compile());
    await scope[Symbol.asyncDispose]();
    await expect(program.run({ x })).rejects.toThrow(ReleasedError);
  });

  it("that nobody wants any more is not compiled, or closed as soon as it is", async () => {
    const reason = new Error("no longer wanted");
    await expect(nodeRuntime.compile(doubled, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const compiling = nodeRuntime.compile(doubled, { signal: controller.signal });
    controller.abort(reason);
    await expect(compiling).rejects.toBe(reason);
  });

  // One that is kept takes more than 100 KiB: 300 MiB for a third of these.
  it("leaves memory flat over 10,000 compiled, run and closed", { timeout: 300_000 }, async () => {
    const growth = await growthOverAThird(10_000, async (i) => {
      await using program = await compile();
      const { y } = await program.run({ x: Float32Array.of(i, 2, 3) });
      if (y!.data[0] !== 2 * i) throw new Error(`${y!.data[0]} is not twice ${i}`);
    });
    expect(growth).toBeLessThan(50);
  });
});
