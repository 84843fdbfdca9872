import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { command } from "../support/command.js";
import { saveTinyModel } from "../support/tiny-model.js";

let place: string;
let model: string;

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-evaluate-"));
  model = join(place, "model");
  await saveTinyModel(model);
  await writeFile(join(place, "file"), "not a folder");
});
afterAll(() => rm(place, { recursive: true }));

describe("flamingo evaluate", () => {
  it("prints one report with --json, and its progress beside it", async () => {
    const { code, out, err } = await command([
      ...["evaluate", "nano-suite", "--model", model, "--json"],
      ...["--episodes", "2", "--only", "caption-known,question-yesno"],
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      model: "tiny",
      measures: [
        { name: "caption-known", episodes: 2 },
        { name: "question-yesno", episodes: 2 },
      ],
    });
    expect(err.split("\n").map((line) => line.split("  ")[0])).toEqual(["caption-known", "question-yesno", ""]);
  });

  it("refuses a measure that the suite has not", async () => {
    const { code, out, err } = await command(["evaluate", "nano-suite", "--model", model, "--only", "chess"]);
    expect(err).toMatch(/has no measure "chess"\.\nTo mend it: choose of caption-known/);
    expect({ code, out }).toEqual({ code: 2, out: "" });
  });
});

describe("flamingo demo", () => {
  it("says that its pictures cannot be kept where there is no folder to be", async () => {
    const { code, out, err } = await command(["demo", "--model", model, "--json", "--save", join(place, "file", "x")]);
    expect(err).toMatch(/file is no folder\.\nTo mend it: choose another place/);
    expect({ code, out }).toEqual({ code: 1, out: "" });
  });
});
