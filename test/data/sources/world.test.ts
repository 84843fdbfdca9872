import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { segmentsOf } from "../../../src/data/segments.js";
import { BuildConflictError } from "../../../src/data/shards/errors.js";
import { WHOLE } from "../../../src/data/shards/part.js";
import { drawWorld, WORLD_KINDS, WorldSource, worldItem } from "../../../src/data/sources/world.js";
import { webpOf, writeWorld } from "../../../src/data/sources/world-files.js";
import { openArtwork } from "../../../src/data/world/artwork.js";
import { decodeFrames, decodePicture } from "../../../src/media/decode.node.js";
import { collect } from "../../support/collect.js";
import { told } from "./support.js";

const artwork = await openArtwork();
const draw = { seed: "test" };
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "flamingo-world-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("the world as records", () => {
  it.each(WORLD_KINDS)("has %s whose pictures are those of their truth", async (kind) => {
    let number = 0;
    for await (const record of new WorldSource(kind, 3, artwork, draw)) {
      const item = worldItem(kind, number, draw);
      const pictures = await drawWorld(item, number++, artwork, draw);
      const files = record.media.flatMap(({ files }) => files);
      expect(told(await Promise.all(files.map(({ bytes }) => decodePicture(bytes))))).toEqual(told(pictures));
      expect(record.media[0]!.kind).toBe(kind === "videos" ? "video" : "image");
      if (item.kind === "pages") {
        const segments = segmentsOf(record).map((segment) => ("text" in segment ? segment.text : "picture"));
        expect(segments).toEqual(item.article.page.map((piece) => ("text" in piece ? piece.text : "picture")));
      }
    }
    expect(number).toBe(3);
  });

  it("draws item n alike, wherever the reading begins", async () => {
    const all = await collect(new WorldSource("pairs", 4, artwork, draw));
    expect(await collect(new WorldSource("pairs", 4, artwork, draw, WHOLE, 1))).toEqual(all.slice(2));
    expect(new Set(all.map(({ id }) => id)).size).toBe(4);
  });
});

describe("the world as files", () => {
  const counts = { pages: 3, pairs: 2, videos: 2 };
  const contents = async (under: string) => {
    const names = (await readdir(under, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    const files = names.map(({ parentPath, name }) => join(parentPath, name)).sort();
    return Promise.all(
      files.map(async (file) => [file.slice(under.length), (await readFile(file)).toString("base64")]),
    );
  };

  it("is the same after an interruption as without one", async () => {
    await writeWorld(join(folder, "whole"), artwork, { ...draw, counts });
    const controller = new AbortController();
    const stop = (done: number) => void (done === 4 && controller.abort(new Error("enough")));
    const cut = join(folder, "cut");
    await expect(
      writeWorld(cut, artwork, { ...draw, counts, signal: controller.signal, onItem: stop }),
    ).rejects.toThrow("enough");
    expect((await contents(cut)).length).toBeLessThan((await contents(join(folder, "whole"))).length);
    await writeWorld(cut, artwork, { ...draw, counts });
    expect(await contents(cut)).toEqual(await contents(join(folder, "whole")));
  });

  it("is never mixed with another: what is true of one would be told of the other", async () => {
    await writeWorld(folder, artwork, { ...draw, counts });
    const before = await contents(folder);
    for (const other of [{ seed: "other" }, { size: 32 }, { pictures: "data-urls" as const }])
      await expect(writeWorld(folder, artwork, { ...draw, counts, ...other })).rejects.toThrow(BuildConflictError);
    expect(await contents(folder)).toEqual(before);
    const more = { ...counts, pairs: 3 };
    await writeWorld(folder, artwork, { ...draw, counts: more });
    await writeWorld(join(folder, "anew"), artwork, { ...draw, counts: more });
    expect(await readFile(join(folder, "truth.jsonl"))).toEqual(await readFile(join(folder, "anew", "truth.jsonl")));
  });

  it("tells in truth.jsonl what each file holds", async () => {
    await writeWorld(folder, artwork, { ...draw, counts });
    const lines = (await readFile(join(folder, "truth.jsonl"), "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ kind }) => kind)).toEqual(["pages", "pages", "pages", "pairs", "pairs", "videos", "videos"]);
    for (const { file, kind, text, segments } of lines) {
      const content = await readFile(join(folder, file), "utf8");
      if (kind !== "pages") expect(await readFile(join(folder, file.replace(/\w+$/, "txt")), "utf8")).toBe(text);
      else
        for (const segment of segments) {
          if ("image" in segment)
            await expect(decodePicture(join(folder, "pages", segment.image))).resolves.toBeDefined();
          if ("image" in segment) expect(content).toContain(segment.image);
        }
    }
  });

  it("keeps every frame of a clip, one a second", async () => {
    for (let number = 0; number < 6; number++) {
      const frames = await drawWorld(worldItem("videos", number, draw), number, artwork, draw);
      const kept = await decodeFrames(await webpOf(frames));
      expect(kept.durationsMs.reduce((sum, duration) => sum + duration, 0)).toBe(8000);
      const seconds = kept.frames.flatMap((frame, i) => Array(kept.durationsMs[i]! / 1000).fill(frame));
      expect(told(seconds)).toEqual(told(frames));
    }
  });

  it("holds its pictures itself if asked to", async () => {
    await writeWorld(folder, artwork, { ...draw, counts: { pages: 1, pairs: 0, videos: 0 }, pictures: "data-urls" });
    expect(await readdir(join(folder, "pages", "images"))).toEqual([]);
    expect(await readFile(join(folder, "pages", "page-0000000.html"), "utf8")).toContain("data:image/png;base64,");
  });
});
