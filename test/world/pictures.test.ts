import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { openArtwork } from "../../src/data/world/artwork.js";
import { drawSprite, placeThings, renderScene } from "../../src/data/world/compose.js";
import { knownConcepts } from "../../src/data/world/concepts.js";
import { countable } from "../../src/data/world/nouns.js";
import { openOmniglot } from "../../src/data/world/omniglot.node.js";
import { COLOUR_NAMES, colourOf } from "../../src/data/world/palette.js";
import { backgroundFor, sceneOf } from "../../src/data/world/sampling.js";
import { BACKGROUND_KINDS, countOf, type Scene } from "../../src/data/world/scene.js";
import { shrink } from "../../src/data/world/sprites.js";
import { heldOutWord } from "../../src/data/world/words.js";
import { UsageError } from "../../src/errors.js";
import { Random } from "../../src/random.js";

const some = knownConcepts.filter(countable).slice(0, 40);
const artwork = await openArtwork();
beforeAll(() => artwork.load(some.map(({ id }) => id)));

const scenes = (random: Random, count: number): Scene[] =>
  Array.from({ length: count }, () => sceneOf(random, [{ concept: random.pick(some), count: 1 + random.integer(5) }]));

describe("a rendered scene", () => {
  it("has the same bytes for the same seed, and others for another", () => {
    for (const scene of scenes(new Random(1), 20)) {
      const draw = (seed: number) => renderScene(scene, artwork, new Random(seed)).data;
      expect(draw(7)).toEqual(draw(7));
      expect(draw(7)).not.toEqual(draw(8));
    }
  });

  it("shows as many things as the scene has, each of them visible and hardly over another", () => {
    const random = new Random(2);
    for (const scene of scenes(random, 60)) {
      const places = placeThings(scene, artwork, random, 64);
      expect(places.length).toBe(countOf(scene));
      for (const place of places) expect(drawSprite(new Uint8Array(64 * 64 * 3), 64, place)).toBeGreaterThan(5);
      for (const [i, a] of places.entries()) {
        for (const b of places.slice(i + 1))
          expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(0.28 * (a.side + b.side));
      }
    }
  });

  it("lets a single thing take 45 to 95% of the side, at any size of picture", () => {
    for (let seed = 0; seed < 50; seed++) {
      const scene: Scene = { things: [{ id: some[0]!.id, count: 1 }], background: { kind: "plain", colour: "blue" } };
      const [place] = placeThings(scene, artwork, new Random(seed), 128);
      expect(place!.side / 128).toBeGreaterThanOrEqual(0.45);
      expect(place!.side / 128).toBeLessThanOrEqual(0.95);
      expect(renderScene(scene, artwork, new Random(seed), 128).data.length).toBe(128 * 128 * 3);
    }
  });

  it("has a plain ground of the colour that the scene names", () => {
    for (const colour of COLOUR_NAMES) {
      const { data } = renderScene({ things: [], background: { kind: "plain", colour } }, artwork, new Random(colour));
      expect(colourOf(data[0]!, data[1]!, data[2]!)).toBe(colour);
    }
    for (const kind of BACKGROUND_KINDS) {
      expect(
        renderScene({ things: [], background: { kind, colour: undefined } }, artwork, new Random(3)).data.some(
          (v) => v > 0,
        ),
      ).toBe(true);
    }
  });

  it("never stands on a ground named after a colour of its things", () => {
    const random = new Random(4);
    for (let i = 0; i < 300; i++) {
      const concept = random.pick(knownConcepts);
      expect(concept.colours).not.toContain(backgroundFor(random, [concept.id], 1).colour);
    }
  });

  it("takes less than a millisecond", () => {
    const random = new Random(5);
    const singles = Array.from({ length: 500 }, () => sceneOf(random, [{ concept: random.pick(some) }]));
    const times = Array.from({ length: 5 }, () => {
      const start = performance.now();
      for (const scene of singles) renderScene(scene, artwork, random);
      return (performance.now() - start) / singles.length;
    });
    const each = Math.min(...times);
    console.log(`${each.toFixed(3)} ms a picture of 64 x 64`);
    expect(each).toBeLessThan(1);
  });
});

describe("the artwork", () => {
  it("says what is missing", async () => {
    await expect(artwork.load(["no-such-icon"])).rejects.toThrow(UsageError);
    expect(() => artwork.sprite("never-loaded")).toThrow(/not in memory/);
  });

  it("comes out of its cache file as it went in", async () => {
    const cacheDir = await mkdtemp(join(tmpdir(), "sprites-"));
    try {
      const ids = some.slice(0, 5).map(({ id }) => id);
      const first = await openArtwork({ cacheDir, size: 48 });
      await first.preload(ids);
      const second = await openArtwork({ cacheDir, size: 48 });
      let rendered = 0;
      await second.preload(ids, () => rendered++);
      expect(rendered).toBe(0);
      for (const id of ids) expect(second.sprite(id).full.data).toEqual(first.sprite(id).full.data);
    } finally {
      await rm(cacheDir, { recursive: true });
    }
  });

  it("keeps its mean when it is made smaller", () => {
    const data = Uint8Array.from({ length: 9 * 9 * 4 }, (_, i) => (i * 37) % 256);
    const mean = (pixels: Uint8Array) => pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
    expect(Math.abs(mean(shrink(data, 9, 4)) - mean(data))).toBeLessThan(1);
  });
});

const OMNIGLOT = join(import.meta.dirname, "../../../shared/data/omniglot");

describe.skipIf(!existsSync(OMNIGLOT))(
  "handwriting (skipped where the Omniglot zip files are not beside the repository)",
  () => {
    it("keeps three alphabets out of training and draws the others", async () => {
      const writing = await openOmniglot(OMNIGLOT);
      expect(writing.training.length).toBe(136);
      expect(writing.heldOut.length).toBe(106);
      expect(new Set(writing.heldOut.map(({ alphabet }) => alphabet.split("_")[0]))).toEqual(
        new Set(["Japanese", "Sanskrit", "Tagalog"]),
      );
      const all = writing.turned;
      expect(all.length).toBe(4 * 136);
      expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
      expect(all.filter(({ name }) => heldOutWord(name))).toEqual([]);
      expect((await openOmniglot(OMNIGLOT)).turned).toEqual(all);
      const random = new Random(6);
      for (const { id } of [...random.sample(all, 20), ...random.sample(writing.heldOut, 20)]) {
        const scene: Scene = { things: [{ id, count: 1 }], background: backgroundFor(random, [id]) };
        expect(scene.background.kind).toBe("paper");
        expect(
          drawSprite(new Uint8Array(64 * 64 * 3), 64, placeThings(scene, writing, random, 64)[0]!),
        ).toBeGreaterThan(5);
      }
      expect(writing.sprite("Greek/character01#03", random).full).toBe(
        writing.sprite("Greek/character01@90#03", random).full,
      );
      expect(() => writing.sprite("Greek/character99", random)).toThrow(UsageError);
    });
  },
);
