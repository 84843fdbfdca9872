import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ModelFolderError } from "../../src/checkpoints/errors.js";
import { describedFlamingo, type FlamingoFile } from "../../src/checkpoints/flamingo-file.js";
import { readFlamingo } from "../../src/checkpoints/flamingo-folder.node.js";
import { openFlamingo } from "../../src/index.js";
import type { VisionConfig } from "../../src/model/vision/tower.js";
import { noise, saveTinyModel, TINY_FILE } from "../support/tiny-model.js";

const NFNET = {
  kind: "nfnet",
  size: 33,
  stem: 8,
  stages: [
    { width: 8, depth: 1 },
    { width: 16, depth: 2 },
  ],
  bottleneck: 0.5,
  groupWidth: 4,
  squeeze: 0.5,
  alpha: 0.2,
  head: 12,
  padding: "same",
  guard: "floor",
} as const satisfies VisionConfig;
const CLIP = {
  kind: "clip-vit",
  size: 18,
  patch: 4,
  positions: 3,
  width: 12,
  layers: 2,
  heads: 3,
  hidden: 20,
  activation: "quickGelu",
  classToken: false,
  postNorm: false,
} as const satisfies VisionConfig;
const withTower = (vision: VisionConfig): FlamingoFile => ({ ...TINY_FILE, vision }) as FlamingoFile;

describe.each([
  ["an NFNet", NFNET],
  ["CLIP's patches", CLIP],
  ["CLIP's patches and class token", { ...CLIP, classToken: true }],
  ["CLIP's normalised tokens", { ...CLIP, postNorm: true }],
] as const)("a Flamingo that sees through %s", (_, vision) => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "flamingo-vision-"));
    await saveTinyModel(join(folder, "model"), undefined, withTower(vision));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("is read back from its folder as it was saved", async () => {
    const { config, params } = await readFlamingo(join(folder, "model"));
    expect(config.vision).toEqual(vision);
    expect(Object.keys(params.vision)).toContain(vision.kind === "nfnet" ? "head" : "patches");
  });

  it("answers by what it sees: the same of the same pictures, other probabilities of others", async () => {
    await using flamingo = await openFlamingo(join(folder, "model"), { threads: 1 });
    const ask = async (...names: string[]) => {
      const pictures = names.map((name) => ({ image: noise(name) }));
      const [first, ...rest] = pictures;
      const { logProb } = await flamingo.generate([first!, { text: "Output: a dog" }, ...rest, { text: "Output:" }], {
        maximumTokens: 3,
      });
      return logProb;
    };
    const [own, again, other] = [await ask("a", "b"), await ask("a", "b"), await ask("a", "c")];
    expect(again).toBe(own);
    expect(Math.abs(other - own)).toBeGreaterThan(1e-4);
  });
});

describe("the sizes of a vision tower in a model folder", () => {
  const faults = (vision: VisionConfig): string => {
    try {
      describedFlamingo({ config: withTower(vision), tokenizer: {} }, "folder");
    } catch (error) {
      if (error instanceof ModelFolderError) return error.message;
      throw error;
    }
    return "";
  };

  it.each([
    ["vision.size: 33 pixels cannot be halved 2 times", { ...TINY_FILE.vision, size: 33 } as VisionConfig],
    ["vision.groupWidth: groups of 8 channels do not go into 4", { ...NFNET, groupWidth: 8 }],
    ["vision.stem", { ...NFNET, stem: 12 }],
    ["vision.heads: 5 heads do not divide a width of 12", { ...CLIP, heads: 5 }],
    ["vision.patch: a patch of 20 pixels in a picture of 18", { ...CLIP, patch: 20 }],
    ["vision.activation", { ...CLIP, activation: "relu" } as unknown as VisionConfig],
    ["vision.kind", { ...CLIP, kind: "siglip" } as unknown as VisionConfig],
    ["vision", { ...CLIP, pathc: 4 } as unknown as VisionConfig],
  ])("are refused by name: %s", (message, vision) => {
    expect(faults(vision)).toContain(message);
  });

  it.each([NFNET, CLIP, { ...NFNET, padding: "symmetric", guard: "add" }] as const)("are taken: $kind", (vision) => {
    expect(faults(vision)).toBe("");
  });
});
