/** Commands that build shards, killed at random moments: what they come to is what they come to when nobody kills them. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../../src/random.js";
import { grey, writeFiles } from "../data/sources/support.js";
import { command, start } from "../support/command.js";

const NO_FFMPEG = spawnSync("ffmpeg", ["-version"]).error === undefined ? false : "there is no ffmpeg in PATH";
const KILLS = 4;

let place: string;
const at = (...names: string[]) => join(place, ...names);

const lines = (count: number, row: (n: number) => unknown) =>
  Array.from({ length: count }, (_, n) => (n % 10 === 4 ? "{" : JSON.stringify(row(n)))).join("\n");

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-kills-"));
  for (const n of [0, 1, 2]) await writeFiles(at("rows"), { [`${n}.png`]: await grey(n) });
  const pictures = (n: number) => ({
    image_info: [0, 1].map((i) => ({ image_name: `${(n + i) % 4}.png`, matched_text_index: i, matched_sim: 0.5 })),
  });
  await writeFiles(at("rows"), {
    "pairs.jsonl": lines(300, (n) => ({ image: `${n % 4}.png`, caption: `text ${n}` })),
    "mmc4.jsonl": lines(300, (n) => ({ url: `http://example.org/${n}`, text_list: ["One.", "Two."], ...pictures(n) })),
    "obelics.jsonl": lines(300, (n) => ({
      texts: [null, `text ${n}`],
      images: [`${n % 4}.png`, null],
      metadata: "[]",
    })),
  });
  await command(["data", "world", "--videos", "4", "--size", "32", "--out", at("world")]);
  for (let n = 0; n < 3; n++) await cp(at("world", "videos"), at("videos", `${n}`), { recursive: true });
});
afterAll(() => rm(place, { recursive: true }));

async function contents(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith(".")).sort();
  const hashes = names.map(async (name) => {
    const bytes = await readFile(join(folder, name));
    return [name, createHash("sha256").update(bytes).digest("hex")];
  });
  return Object.fromEntries(await Promise.all(hashes));
}

describe("killed at random moments, again and again", () => {
  it.for<[string, number, () => string[]]>([
    ["pairs", 270, () => ["pairs", at("rows", "pairs.jsonl")]],
    ["import mmc4", 270, () => ["import", "mmc4", at("rows", "mmc4.jsonl")]],
    ["import obelics", 270, () => ["import", "obelics", at("rows", "obelics.jsonl")]],
    ["world", 60, () => ["world", "--pairs", "60", "--size", "32", "--as", "shards"]],
    ["video", 12, () => ["video", at("videos")]],
  ])("data %s comes to the same bytes", { timeout: 120_000 }, async ([name, most, args], context) => {
    if (name === "video" && NO_FFMPEG) context.skip(NO_FFMPEG);
    const build = (out: string) => ["data", ...args(), "--out", at(out), "--shard-records", `${Math.ceil(most / 20)}`];
    const folder = (out: string) => (name === "world" ? at(out, "pairs") : at(out));
    const [whole, out] = [`${name}-whole`, `${name}-killed`];
    expect(await command(build(whole))).toMatchObject({ code: 0, err: "" });
    const wanted = await contents(folder(whole));
    expect(Object.keys(wanted).length).toBeGreaterThan(20);

    const random = new Random(name);
    let midway = 0;
    for (let kills = 0; kills < KILLS; ) {
      const before = (await readdir(folder(out)).catch(() => [])).length;
      const run = start(build(out));
      const more = 1 + random.integer(8);
      for (let ended = false; !ended; ) {
        const now = await readdir(folder(out)).catch(() => []);
        if (now.length >= before + more) break;
        ended = await Promise.race([run.ended.then(() => true), new Promise<false>((go) => setTimeout(go, 1, false))]);
      }
      run.process.kill("SIGKILL");
      const { code, err } = await run.ended;
      expect(err).toBe("");
      if (code === null) kills++;
      else {
        expect(await contents(folder(out))).toEqual(wanted);
        await rm(at(out), { recursive: true });
      }
      if (code === null && (await readdir(folder(out))).some((file) => file.endsWith(".partial"))) midway++;
    }
    expect(midway, "kills that left a file half written").toBeGreaterThan(0);
    expect((await start(build(out)).ended).code).toBe(0);
    expect(await contents(folder(out))).toEqual(wanted);
    expect((await readdir(folder(out))).filter((file) => file.endsWith(".partial"))).toEqual([]);
  });
});
