import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMANDS } from "../../src/cli/commands.js";
import { PAGE_OPTIONS } from "../../src/cli/train.js";
import { RUNS } from "../../src/training/runs/index.js";
import { command, start, untilLines } from "../support/command.js";

let place: string;
const at = (name: string) => join(place, name);
const STEPS = 40;
const train = (out: string, ...more: string[]) => ["train", "tiny", "--out", at(out), "--threads", "1", ...more];

/** All that a log says but the times. */
async function learnt(out: string): Promise<unknown[]> {
  const text = await readFile(join(at(out), "log.jsonl"), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const { milliseconds, ...rest } = JSON.parse(line) as { milliseconds: number };
      return rest;
    });
}

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-train-"));
  const { code, err } = await command(train("whole", "--steps", `${STEPS}`));
  expect({ code, last: err.split("\n").at(-2) }).toEqual({
    code: 0,
    last: `Trained ${STEPS} steps; the model is in ${join(at("whole"), "model")}.`,
  });
}, 60_000);
afterAll(() => rm(place, { recursive: true }));

describe("a training", () => {
  it("goes through every part: a model that answers comes out, and its gates are open", async () => {
    const { out } = await command(["inspect", join(at("whole"), "model"), "--json"]);
    const gates: { attention: { value: number } }[] = JSON.parse(out).gates;
    expect(gates).toHaveLength(2);
    for (const { attention } of gates) expect(attention.value).not.toBe(0);
    const log = (await learnt("whole")) as { loss: number }[];
    expect(log).toHaveLength(STEPS);
    expect(log.at(-1)!.loss).toBeLessThan(log[0]!.loss / 2);
  });

  it("that was killed goes on with exactly the losses of one that was not", async () => {
    const { process, ended } = start(train("killed", "--steps", `${STEPS}`, "--checkpoint-every", "0.1"));
    const log = join(at("killed"), "log.jsonl");
    await untilLines(log, 12, join(at("killed"), "checkpoint.safetensors"));
    process.kill("SIGKILL");
    expect((await ended).code).toBeNull();
    expect((await learnt("killed")).length).toBeLessThan(STEPS);
    await appendFile(log, '{"step":99,"objectives":{"pairs":{"loss":1}');
    const { code, err } = await command(train("killed", "--steps", `${STEPS}`, "--resume"));
    expect(err).toMatch(/Going on after step \d+\./);
    expect(code).toBe(0);
    expect(await learnt("killed")).toEqual(await learnt("whole"));
  });

  it.each(["SIGINT", "SIGTERM"] as const)(
    "that gets a %s ends its step, keeps it, and says how to go on",
    async (signal) => {
      const { process, ended } = start(train(signal));
      await untilLines(join(at(signal), "log.jsonl"), 5);
      process.kill(signal);
      const { code, out, err } = await ended;
      expect(err).toMatch(/Finishing this step/);
      expect(err).toContain(`  flamingo train tiny --out ${at(signal)} --threads 1 --resume\n`);
      expect({ code, out }).toEqual({ code: 130, out: "" });
      expect((await readdir(at(signal))).sort()).toEqual(["checkpoint.safetensors", "log.jsonl"]);
      const stopped = (await learnt(signal)) as { loss: number }[];
      expect(stopped).toEqual((await learnt("whole")).slice(0, stopped.length));
      const resumed = await command(train(signal, "--steps", `${stopped.length + 3}`, "--resume"));
      expect(resumed.err).toContain(`Going on after step ${stopped.length}.`);
      expect(await learnt(signal)).toEqual((await learnt("whole")).slice(0, stopped.length + 3));
    },
  );

  it("is not overwritten by another one", async () => {
    const before = await readFile(join(at("whole"), "log.jsonl"), "utf8");
    const { code, err } = await command(train("whole"));
    expect(code).toBe(1);
    expect(err).toMatch(/holds a training that reached step 40\.\nTo mend it: go on from there with --resume/);
    expect(await readFile(join(at("whole"), "log.jsonl"), "utf8")).toBe(before);
  });

  it("that has nowhere to be written ends before it begins", async () => {
    await writeFile(at("file"), "not a folder");
    for (const out of [at("file"), at("file/below"), "/proc/training/below"]) {
      const { code, err } = await command(["train", "tiny", "--out", out]);
      expect(code).toBe(1);
      expect(err).toMatch(/(cannot be written: .*|file is no folder\.)\nTo mend it: choose /);
      expect(err).not.toMatch(/\n {4}at /);
    }
    expect(await readFile(at("file"), "utf8")).toBe("not a folder");
  });

  it("tells its loss, its speed and the time left", async () => {
    const { err } = await command(train("told", "--steps", "21"));
    const lines = err.split("\n").filter((line) => line.startsWith("step "));
    expect(lines.map((line) => line.split("  ")[0])).toEqual(["step 1/21", "step 20/21", "step 21/21"]);
    for (const line of lines)
      expect(line).toMatch(/^step \d+\/21 {2}loss \d+\.\d{4} {2}[\d,]+ tokens\/s {2}\d+ ms a step {2}\d+ s left$/);
  });
});

describe("the run pages", () => {
  it("are listed with what each accepts", async () => {
    const { code, out } = await command(["train", "--list"]);
    expect(code).toBe(0);
    for (const { name, accepts = {} } of RUNS) {
      expect(out).toMatch(new RegExp(`^${name} `, "m"));
      for (const key of Object.keys(accepts)) expect(out).toContain(key);
    }
  });

  it("have options of the command for what is direct, and --set for the rest", () => {
    const flags = COMMANDS.find(({ usage }) => usage.startsWith("train"))!.options.map((option) => option.flags);
    for (const key of PAGE_OPTIONS) expect(flags.some((flag) => flag.startsWith(`--${key} `))).toBe(true);
  });

  it.each([
    [["train"], /There is no run page to train\.\nTo mend it: name one of nano-language/],
    [["train", "huge"], /There is no run page huge/],
    [["train", "tiny"], /name a folder with --out/],
    [["train", "tiny", "--out", "x", "--omniglot", "y"], /The run page tiny has no option omniglot/],
    [["train", "nano", "--out", "x", "--set", "depth=3"], /no option depth\.\nTo mend it: leave it out; the page has/],
    [["train", "tiny", "--out", "x", "--set", "depth"], /key=value/],
    [["train", "tiny", "--out", "x", "--steps", "0"], /--steps .*whole number, 1 or more/],
  ])("refuse %j as asked wrongly", async (args, wanted) => {
    const { code, out, err } = await command(args);
    expect(err).toMatch(wanted);
    expect({ code, out }).toEqual({ code: 2, out: "" });
  });
});
