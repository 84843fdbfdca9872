import { describe, expect, it } from "vitest";
import { paperMixture, type UpdatePart, updates } from "../../../src/data/samples/updates.js";
import { UsageError } from "../../../src/errors.js";

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
});
