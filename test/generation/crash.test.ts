/** A model whose thread dies under it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LoadedFlamingo } from "../../src/checkpoints/flamingo-file.js";
import { readFlamingo } from "../../src/checkpoints/flamingo-folder.node.js";
import type { Engine } from "../../src/generation/engine.js";
import { FlamingoModel, tokenizerOf } from "../../src/generation/flamingo-model.js";
import { documentOf } from "../../src/prompt/load.node.js";
import { startThread } from "../../src/runtime/thread.node.js";
import { ThreadEndedError } from "../../src/runtime/thread-errors.js";
import { noise, saveTinyModel } from "../support/tiny-model.js";

let folder: string;
let loaded: LoadedFlamingo;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "flamingo-crash-"));
  await saveTinyModel(join(folder, "model"));
  loaded = await readFlamingo(join(folder, "model"));
});
afterAll(() => rm(folder, { recursive: true }));

const module = new URL("../support/dying-engine.worker.mjs", import.meta.url);
const prompt = (name: string) => [{ image: noise(name) }, { text: "Output:" }];

describe("a model whose thread ends in the middle of its work", () => {
  it.each(["look", "read", "extend", "score"] as const)(
    "while it is to %s fails whatever was asked and whatever is asked later, and can be closed",
    async (diesAt) => {
      const init = { folder: join(folder, "model"), diesAt };
      const thread = await startThread<Engine>(module, init, { name: "answering thread" });
      const model = new FlamingoModel({
        config: loaded.config,
        tokenizer: tokenizerOf(loaded, "tiny"),
        thread,
        documentOf,
      });
      const asked = [
        model.rank(prompt("a"), ["a red apple", "a dog"]),
        model.generate(prompt("a"), { maximumTokens: 50 }),
        model.generate(prompt("b"), { beam: 3, maximumTokens: 50 }),
        model.generate(prompt("c"), { temperature: 9, maximumTokens: 50 }),
      ];
      const failed: PromiseSettledResult<unknown>[] = (await Promise.allSettled(asked)).filter(
        ({ status }) => status === "rejected",
      );
      expect(failed.length).toBeGreaterThan(0);
      failed.push(...(await Promise.allSettled([model.generate(prompt("a")), model.rank(prompt("d"), ["yes"])])));
      failed.push(...(await Promise.allSettled([model.read(prompt("e")), model.held()])));
      for (const one of failed) {
        expect(one).toMatchObject({ status: "rejected", reason: expect.any(ThreadEndedError) });
        expect((one as PromiseRejectedResult).reason.message).toMatch(
          /answering thread ended by itself \(exit code 9\)/,
        );
      }
      await model.close();
      await expect(model.generate(prompt("a"))).rejects.toThrow(/The model tiny was closed/);
    },
  );
});
