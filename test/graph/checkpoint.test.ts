import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  add,
  axes,
  axis,
  checkpoint,
  erf,
  exp,
  gradients,
  graph,
  input,
  matmul,
  mul,
  parameter,
  stopGradient,
  type Value,
} from "../../src/graph/index.js";
import { portable } from "../../src/runtime/contract.js";
import { nodeRuntime } from "../../src/runtime/onnx.node.js";
import { type Feeds, runEngine } from "../support/check.js";
import { fed } from "../support/feeds.js";
import { total } from "../support/loss.js";
import { normalNumbers } from "../support/parameters.js";

const [rows, width] = [axis("rows", 8), axis("width", 16)];
const x = input("x", "float32", axes(rows, width));
const weights = [0, 1, 2].map((i) => parameter(`layer ${i}`, axes(width.size!, width.size!), true));
const feeds: Feeds = new Map([
  ["x", normalNumbers("x", [8, 16])],
  ...weights.map((_, i) => [`layer ${i}`, normalNumbers(`layer ${i}`, [16, 16])] as const),
]);

/** Three layers, each of which is kept or computed again for its gradient. Erf is fused with nothing before it, as Tanh would be. */
function training(keep: (layer: (h: Value) => Value, h: Value) => Value) {
  const layer = (w: Value) => (h: Value) => mul(erf(erf(erf(matmul(h, w, { scale: 0.25 })))), h);
  const last = weights.reduce((h, w) => keep(layer(w), h), x);
  const loss = total(mul(last, last));
  const found = gradients(loss, [x, ...weights]);
  return graph({ loss, ...Object.fromEntries(found.map((g, i) => [`to ${i}`, g])) });
}
const kept = training((layer, h) => layer(h));
const recomputed = training((layer, h) => checkpoint((v) => layer(v), [h]));

/** The types of the ONNX nodes that the engine ran, after all of its rewriting, in order. */
async function ran(built: ReturnType<typeof graph>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "flamingo-profile-"));
  try {
    const program = await nodeRuntime.compile(portable(built, new Map()), { threads: 1, profile: join(folder, "run") });
    await program.run(Object.fromEntries([...built.inputs].map(([name, v]) => [name, fed(feeds.get(name)!, v.dtype)])));
    await program[Symbol.asyncDispose]();
    const events: { name: string; args?: { op_name?: string } }[] = JSON.parse(
      readFileSync(join(folder, readdirSync(folder)[0]!), "utf8"),
    );
    return events.filter(({ name }) => name.endsWith("_kernel_time")).map(({ args }) => args!.op_name!);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("a checkpoint", () => {
  it("has the very same numbers, forwards and backwards", async () => {
    const [wanted, found] = [await runEngine(kept, feeds), await runEngine(recomputed, feeds)];
    expect(Object.keys(found)).toEqual(Object.keys(wanted));
    for (const [name, { data }] of Object.entries(found)) expect([...data], name).toEqual([...wanted[name]!.data]);
  });

  it("is computed again by the engine, which would otherwise take the copy of a node for the node itself", async () => {
    const count = (types: string[], type: string) => types.filter((name) => name === type).length;
    const [once, twice] = [await ran(kept), await ran(recomputed)];
    expect(count(once, "Erf")).toBe(9);
    expect(count(twice, "Erf")).toBe(18);
    const twins = graph({ y: add(erf(exp(x)), erf(exp(x))) });
    expect(count(await ran(twins), "Erf"), "of twins behind no barrier").toBe(1);
  });

  it("is computed again only when its gradient is due, one layer after the other", async () => {
    const order = (await ran(recomputed)).join(" ");
    const erfs = order.split("IsNaN").map((part) => part.split("Erf").length - 1);
    expect(erfs, "before the first gradient arrives, and after each").toEqual([9, 3, 3, 3]);
  });

  it("costs nothing where no gradient is asked for", () => {
    const y = checkpoint((h) => exp(h!), [x]);
    expect(graph({ y }).nodes.map(({ op }) => op.name)).toEqual(["Exp", "Checkpoint"]);
  });

  it("is a block without nodes where nothing depends on its inputs", () => {
    expect(checkpoint(() => x, [weights[0]!])).toBe(x);
  });

  it("stops gradients that are stopped in it", () => {
    const h = parameter("h", axes(width.size!), true);
    const y = checkpoint((v) => mul(stopGradient(v!), weights[0]!), [h]);
    expect(() => gradients(total(y), [h])).toThrow(/does not depend/);
  });
});
