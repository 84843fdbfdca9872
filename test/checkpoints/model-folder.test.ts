import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeAtomically } from "../../src/atomic.node.js";
import { ModelFolderError, UnsavableError, WeightsMismatchError } from "../../src/checkpoints/errors.js";
import { fill } from "../../src/checkpoints/fill.js";
import { readModelFolder, requireModelPlace, saveModelFolder } from "../../src/checkpoints/model-folder.node.js";
import { OutputError } from "../../src/errors.js";
import type { Parameter } from "../../src/nn/parameters.js";

const parameter = (shape: number[], value: number): Parameter => ({
  shape,
  data: new Float32Array(shape.reduce((size, axis) => size * axis, 1)).fill(value),
  trained: true,
  decay: false,
});
const tree = (value: number) => ({
  blocks: [{ weight: parameter([2, 3], value), offset: parameter([3], value) }],
  gate: parameter([], value),
});
const saved = (value = 1, more = {}) => ({
  config: { width: 3 },
  tokenizer: { kind: "toy" },
  params: tree(value),
  ...more,
});

let place = "";
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-folder-"));
});
afterEach(() => rm(place, { recursive: true }));

describe("a model folder", () => {
  it("gives back what was saved, and fills a fresh tree with it", async () => {
    const folder = join(place, "deep", "model");
    await saveModelFolder(folder, saved(0.1, { files: { "MODEL_CARD.md": "# Card" } }));
    const model = await readModelFolder(folder);
    expect(model.config).toEqual({ width: 3 });
    expect(model.tokenizer).toEqual({ kind: "toy" });
    expect(model.metadata).toEqual({ format: "flamingo-ts" });
    expect(fill(tree(0), model.tensors)).toEqual(tree(0.1));
    expect((await readdir(folder)).sort()).toEqual([
      "MODEL_CARD.md",
      "config.json",
      "model.safetensors",
      "tokenizer.json",
    ]);
  });

  it("replaces an older model whole, keeps the files beside it, and leaves nothing else behind", async () => {
    const folder = join(place, "model");
    await saveModelFolder(folder, saved(1, { files: { "MODEL_CARD.md": "old", "other.txt": "kept" } }));
    await saveModelFolder(folder, saved(2, { dtype: "F16", files: { "MODEL_CARD.md": "new" } }));
    expect(fill(tree(0), (await readModelFolder(folder)).tensors)).toEqual(tree(2));
    expect(await readFile(join(folder, "MODEL_CARD.md"), "utf8")).toBe("new");
    expect(await readFile(join(folder, "other.txt"), "utf8")).toBe("kept");
    expect(await readdir(place)).toEqual(["model"]);
  });

  it("stays the old one when the new one cannot be saved", async () => {
    const folder = join(place, "model");
    await saveModelFolder(folder, saved(1));
    await expect(saveModelFolder(folder, saved(Number.NaN))).rejects.toThrow(UnsavableError);
    await expect(saveModelFolder(folder, saved(1e6, { dtype: "F16" }))).rejects.toThrow(/save the model as F32/);
    expect(fill(tree(0), (await readModelFolder(folder)).tensors)).toEqual(tree(1));
    expect(await readdir(place)).toEqual(["model"]);
  });

  it("clears away what was left of it by a process that was killed a day ago, and nothing that may still be wanted", async () => {
    const left = async (name: string, hours: number, ...files: string[]) => {
      const time = new Date(Date.now() - hours * 3_600_000);
      await mkdir(join(place, name, "language"), { recursive: true });
      for (const file of files) await writeFile(join(place, name, file), "half");
      for (const file of [...files, "language", ""]) await utimes(join(place, name, file), time, time);
      return name;
    };
    await left(".model.00000001.partial", 25, "model.safetensors", "language/model.safetensors");
    const kept = [
      await left(".model.00000002.partial", 23, "model.safetensors"),
      // An older model that was put aside a moment before it was to be replaced.
      await left(".model.00000003.partial", 25, "model.safetensors", "config.json"),
      await left(".other.00000004.partial", 25, "model.safetensors"),
      await left(".model.partial", 25, "model.safetensors"),
    ];
    // A folder is old, and a file deep within is still being written.
    kept.push(await left(".model.00000005.partial", 25, "language/model.safetensors"));
    await writeFile(join(place, ".model.00000005.partial", "language/model.safetensors"), "more");
    await saveModelFolder(join(place, "model"), saved());
    expect((await readdir(place)).sort()).toEqual([...kept, "model"].sort());
  });

  it("is replaced where a link leads to it, which stays a link; a link to nothing is told before anything is written", async () => {
    await mkdir(join(place, "large-disk"));
    await symlink("large-disk", join(place, "model"));
    await saveModelFolder(join(place, "model"), saved(1, { files: { "other.txt": "kept" } }));
    await saveModelFolder(join(place, "model"), saved(2));
    expect(fill(tree(0), (await readModelFolder(join(place, "large-disk"))).tensors)).toEqual(tree(2));
    expect(await readlink(join(place, "model"))).toBe("large-disk");
    expect(await readFile(join(place, "model", "other.txt"), "utf8")).toBe("kept");
    await symlink("nowhere", join(place, "lost"));
    await expect(requireModelPlace(join(place, "lost"))).rejects.toThrow(/lost is a link to what is not there/);
    expect((await readdir(place)).sort()).toEqual(["large-disk", "lost", "model"]);
  });

  it("is never made over other people's things, nor where nothing can be written", async () => {
    await writeFile(join(place, "thesis.txt"), "years");
    await expect(saveModelFolder(place, saved())).rejects.toThrow(OutputError);
    await expect(saveModelFolder(join(place, "thesis.txt"), saved())).rejects.toThrow(OutputError);
    await expect(saveModelFolder(join(place, "thesis.txt", "model"), saved())).rejects.toThrow(/cannot be written/);
    await expect(saveModelFolder(join(place, "m"), saved(1, { files: { "../up": "" } }))).rejects.toThrow(OutputError);
    expect(await readdir(place)).toEqual(["thesis.txt"]);
  });

  it("says what is missing or broken in it", async () => {
    await expect(readModelFolder(join(place, "none"))).rejects.toThrow(ModelFolderError);
    const folder = join(place, "model");
    await mkdir(folder);
    await expect(readModelFolder(folder)).rejects.toThrow(/config\.json cannot be read/);
    await saveModelFolder(folder, saved());
    await writeFile(join(folder, "tokenizer.json"), "{");
    await expect(readModelFolder(folder)).rejects.toThrow(/tokenizer\.json is not JSON/);
    await writeFile(join(folder, "tokenizer.json"), "{}");
    await rm(join(folder, "model.safetensors"));
    await expect(readModelFolder(folder)).rejects.toThrow(/has none of model\.safetensors/);
  });

  it("is read in part when only some tensors are wanted", async () => {
    await saveModelFolder(join(place, "model"), saved());
    const { tensors } = await readModelFolder(join(place, "model"), (name) => name.startsWith("blocks."));
    expect([...tensors.keys()]).toEqual(["blocks.0.offset", "blocks.0.weight"]);
  });
});

describe("filling a tree", () => {
  const tensors = () =>
    new Map([
      ["blocks.0.weight", parameter([3, 2], 1)],
      ["gate", parameter([], Number.NaN)],
      ["stranger", parameter([4], 1)],
    ]);

  it("tells every missing, extra, misshapen and infinite tensor at once, and fills nothing", () => {
    const fresh = tree(0);
    try {
      fill(fresh, tensors());
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(WeightsMismatchError);
      expect((error as WeightsMismatchError).faults.map(({ kind, name }) => [kind, name])).toEqual([
        ["shape", "blocks.0.weight"],
        ["missing", "blocks.0.offset"],
        ["value", "gate"],
        ["extra", "stranger"],
      ]);
      expect(String(error)).toMatch(/blocks\.0\.weight is \[3, 2\]; expected \[2, 3\]/);
      expect(String(error)).toMatch(/blocks\.0\.offset is missing; expected \[3\]/);
      expect(String(error)).toMatch(/gate holds NaN at element 0/);
    }
    expect(fresh).toEqual(tree(0));
  });

  it("may leave tensors aside by name, and says anew what is trained", () => {
    const all = new Map([
      ["blocks.0.weight", parameter([2, 3], 1)],
      ["blocks.0.offset", parameter([3], 1)],
      ["gate", parameter([], 1)],
      ["head.weight", parameter([4], 1)],
    ]);
    const filled = fill(tree(0), all, {
      ignore: (name) => name.startsWith("head."),
      trained: (path) => path === "gate",
    });
    expect(filled.gate).toEqual(parameter([], 1));
    expect(filled.blocks[0]!.weight).toEqual({ ...parameter([2, 3], 1), trained: false });
  });
});

describe("an atomic write", () => {
  it("puts the whole file under its name, or leaves the old one and no crumbs", async () => {
    const path = join(place, "file.txt");
    await writeAtomically(path, "old");
    const failing = function* () {
      yield new Uint8Array(9);
      throw new Error("the power went");
    };
    await expect(writeAtomically(path, failing())).rejects.toThrow("the power went");
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(place)).toEqual(["file.txt"]);
    await expect(writeAtomically(join(place, "none", "file.txt"), "x")).rejects.toThrow(OutputError);
  });
});
