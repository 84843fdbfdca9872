/** What a model leaves of the calling thread to others: turns of the event loop, counted, not timed. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readFlamingo } from "../../src/checkpoints/flamingo-folder.node.js";
import type { Engine } from "../../src/generation/engine.js";
import { startEngine } from "../../src/generation/engine.node.js";
import { FlamingoModel, tokenizerOf } from "../../src/generation/flamingo-model.js";
import { image } from "../../src/prompt/load.js";
import { documentOf } from "../../src/prompt/load.node.js";
import type { Thread } from "../../src/runtime/thread.js";
import { nextTurn } from "../../src/turns.js";
import { noise, saveTinyModel } from "../support/tiny-model.js";

let folder: string;
let thread: Thread<Engine>;
let flamingo: FlamingoModel;
/** Turns of the event loop that others have had so far. */
let turns = 0;
let over = false;
/** Where the count of turns stood when the thread was called, and when it had answered. */
let calls: { method: string; at: number; answeredAt?: number }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "flamingo-turns-"));
  await saveTinyModel(join(folder, "model"));
  const loaded = await readFlamingo(join(folder, "model"));
  thread = await startEngine(loaded, { threads: 1 });
  const call: Thread<Engine>["call"] = (method, args, options) => {
    const made: (typeof calls)[number] = { method, at: turns };
    calls.push(made);
    const answer = thread.call(method, args, options);
    answer.then(
      () => {
        made.answeredAt = turns;
      },
      () => undefined,
    );
    return answer;
  };
  const tokenizer = tokenizerOf(loaded, "tiny");
  flamingo = new FlamingoModel({ config: loaded.config, tokenizer, thread: { ...thread, call }, documentOf });
  void (async () => {
    for (; !over; turns++) await nextTurn();
  })();
});
afterAll(async () => {
  over = true;
  await thread[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

describe("while a model answers", () => {
  // A bicubic kernel makes 12 multiplications for each pixel of the larger picture, and a piece is a million at most.
  it("about large pictures, several at once too, others have a turn for every million multiplications", async () => {
    const photographs = ["a", "b", "c"].map((name) => image(noise(name, 1500, 1000)));
    calls = [];
    const began = turns;
    await Promise.all(photographs.map((photograph) => flamingo.read([photograph, "Output:"])));
    const looks = calls.filter(({ method }) => method === "look");
    expect(looks).toHaveLength(3);
    // Until the last one is looked at, the thread has next to nothing to do: the turns are those of the resizing.
    expect(looks[2]!.at - began).toBeGreaterThanOrEqual((3 * 12 * 1500 * 1000) / 1e6);
  });

  it("with one of many choices, others have a turn for each before the first is scored", async () => {
    const choices = Array.from({ length: 60 }, (_, i) => `apple ${i}`);
    calls = [];
    await flamingo.rank(["Output:"], choices);
    const read = calls.find(({ method }) => method === "read")!;
    const scored = calls.find(({ method }) => method === "score")!;
    expect(scored.at - read.answeredAt!).toBeGreaterThanOrEqual(choices.length);
  });

  it("refuses a book before it makes tokens of it", async () => {
    const book = "Output: a red apple ".repeat(1_000_000);
    const asked = flamingo.generate([book]);
    await expect(asked).rejects.toThrow(/prompt has at least \d+ tokens, but at most 64 are allowed/);
    const short = flamingo.generate(["a dog ".repeat(60)]);
    await expect(short).rejects.toThrow(/prompt has \d+ tokens, but at most 64 are allowed/);
  });
});
