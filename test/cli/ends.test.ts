/** Commands whose threads die under them, and commands that are told to stop: they end, say why, and never hang. */
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { start, untilLines } from "../support/command.js";
import { saveTinyModel } from "../support/tiny-model.js";

let place: string;
const at = (name: string) => join(place, name);
const train = (out: string) => ["train", "tiny", "--out", at(out), "--threads", "1"];
/** Busy for as long as a test takes. */
const evaluate = () => ["evaluate", "nano-suite", "--model", at("model"), "--threads", "1", "--episodes", "100000"];

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-ends-"));
  await saveTinyModel(at("model"));
});
afterAll(() => rm(place, { recursive: true }));

describe("a command whose thread dies", { timeout: 60_000 }, () => {
  const commands: [string, () => string[], string][] = [
    ["train", () => train(`torn-${Math.random()}`), "training thread"],
    ["evaluate", evaluate, "answering thread"],
  ];

  it.each(commands)("%s ends with code 1, and says of what it died and how to mend it", async (_, args, name) => {
    const { code, err } = await start(args(), { sabotage: "throw" }).ended;
    expect(err).toMatch(new RegExp(`The ${name} ended by itself \\(exit code 1\\): torn away\\.\nTo mend it: open it`));
    expect(err).toMatch(/Caused by: TypeError: torn away\n +at .*saboteur\.mjs/);
    expect(code).toBe(1);
  });

  it.each(commands)("%s says the exit code of a thread that left without a word", async (_, args, name) => {
    const { code, err } = await start(args(), { sabotage: "exit" }).ended;
    expect(err).toMatch(new RegExp(`The ${name} ended by itself \\(exit code 3\\)\\.\nTo mend it: .*process\\.exit`));
    expect(code).toBe(1);
  });
});

describe("a command that is told to stop", { timeout: 60_000 }, () => {
  it.each(["SIGINT", "SIGTERM"] as const)("by %s ends by it, in the middle of an answer", async (signal) => {
    const { process, ended } = start(evaluate());
    await new Promise((resolve) => setTimeout(resolve, 2000));
    process.kill(signal);
    const { code, err } = await ended;
    expect(process.signalCode).toBe(signal);
    expect(code).toBeNull();
    expect(err).not.toMatch(/terminate|abort/i);
  });

  it.each([1, 2, 3])("twice stops in the middle of a step (%i)", async (time) => {
    const { process, ended } = start(train(`twice-${time}`));
    await untilLines(join(at(`twice-${time}`), "log.jsonl"), 3 * time);
    process.kill("SIGINT");
    await once(process.stderr!, "data");
    process.kill("SIGINT");
    const { err } = await ended;
    expect([process.signalCode, process.exitCode]).toEqual(["SIGINT", null]);
    expect(err).not.toMatch(/terminate|abort/i);
    expect(await readdir(at(`twice-${time}`))).toContain("log.jsonl");
  });
});
