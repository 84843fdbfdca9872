/** The map and the walk in ARCHITECTURE.md are those of the code. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { ROOMS } from "../../src/rooms.js";
import { ROOT, textOf } from "../support/markdown.js";

const folder = mkdtempSync(join(tmpdir(), "flamingo-walk-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const flamingo = async (...args: string[]) =>
  (await promisify(execFile)(process.execPath, ["bin/flamingo.js", ...args], { cwd: ROOT })).stdout;

const page = textOf("ARCHITECTURE.md");

describe("ARCHITECTURE.md", () => {
  it("has a line for every room", () => {
    const rooms = [...page.matchAll(/^\| `(\w+)\/` \|/gm)].map((match) => match[1]);
    expect(rooms).toEqual(Object.keys(ROOMS));
  });

  it("has the stops that `flamingo walk` prints", { timeout: 120_000 }, async () => {
    await flamingo("train", "tiny", "--steps", "1", "--out", folder);
    const model = join(folder, "model");
    const picture = "examples/pictures/lemon.png";
    const stops: { room: string; function: string }[] = JSON.parse(
      await flamingo("walk", picture, "Output:", "--model", model, "--json"),
    );
    const written = [...page.matchAll(/^\| \d+ \| `(\w+)` \| `(\w+)` \|/gm)].map((match) => match.slice(1));
    expect(written).toEqual(stops.map((stop) => [stop.room, stop.function]));
  });
});
