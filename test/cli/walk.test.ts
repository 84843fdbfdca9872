import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toPng } from "../../src/cli/pictures.js";
import type { Stop } from "../../src/cli/walk.js";
import { visionGrid } from "../../src/model/vision/tower.js";
import { command } from "../support/command.js";
import { noise, saveTinyModel, TINY_FILE } from "../support/tiny-model.js";

let place: string;
let model: string;
const at = (name: string) => join(place, name);

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-walk-"));
  model = at("model");
  await saveTinyModel(model);
  await writeFile(at("a.png"), await toPng(noise("a", 40, 30)));
  await writeFile(at("b.png"), await toPng(noise("b", 16, 16)));
});
afterAll(() => rm(place, { recursive: true }));

describe("flamingo walk", () => {
  const pieces = () => [at("a.png"), "Output: a dog", at("b.png"), "Output:"];
  const walked = async () => {
    const { code, out, err } = await command(["walk", ...pieces(), "--model", model, "--json"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    return JSON.parse(out) as Stop[];
  };

  it("stops at exported functions of the files that it names", async () => {
    for (const stop of await walked()) {
      const path = resolve(import.meta.dirname, "../..", stop.file);
      expect(existsSync(path)).toBe(true);
      expect(stop.file.startsWith(`src/${stop.room}/`)).toBe(true);
      expect(await import(path)).toHaveProperty(stop.function);
    }
  });

  it("tells the shapes that the configuration asks for", async () => {
    const { vision, language, resampler, gated } = TINY_FILE;
    const grid = visionGrid(vision);
    const stops = await walked();
    const now = (name: string) => stops.find((stop) => stop.function === name)!.now.join("\n");
    const [tokens, lastMedia] = now("interleave").split("\n");
    const length = Number(/\[text (\d+)\]/.exec(tokens!)![1]);
    expect(lastMedia!.split(": ")[1]!.split(" ")).toHaveLength(length);
    expect(now("decodePicture")).toContain("image 1: uint8 [height 30, width 40, 3]");
    expect(now("toPixels")).toContain(`image 2: float32 [frames 1, ${vision.size}, ${vision.size}, 3]`);
    expect(now("visionTower")).toMatch(
      new RegExp(`features float32 \\[pictures 2, patches ${grid.patches}, (visualWidth )?${grid.width}\\]`),
    );
    expect(now("perceiverResampler")).toContain(`[media 2, latents ${resampler.latents}, ${language.width}]`);
    for (let i = 0; i < gated.before.length; i++)
      expect(now("gatedCrossAttention")).toContain(
        `gated.${i} text float32 [batch 1, text ${length}, ${language.width}]`,
      );
    expect(now("nodeRuntime")).toContain(`logits float32 [batch 1, text ${length}, ${language.vocabulary}]`);
  });

  it("comes out where generate does", async () => {
    const { out } = await command(["generate", ...pieces(), "--model", model, "--json"]);
    const stops = await walked();
    expect(JSON.parse(stops.at(-1)!.now[0]!)).toBe(JSON.parse(out).text);
  });

  it("says in its table what it says in JSON", async () => {
    const { out } = await command(["walk", ...pieces(), "--model", model]);
    for (const { function: name, file } of await walked()) {
      expect(out).toContain(name);
      expect(out).toContain(file);
    }
  });

  it("needs a picture to follow", async () => {
    const { code, err } = await command(["walk", "Output:", "--model", model]);
    expect(code).toBe(2);
    expect(err).toMatch(/no picture to follow\.\nTo mend it: put one/);
  });
});
