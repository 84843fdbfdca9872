import { describe, expect, it } from "vitest";
import { openFlamingoSamples, paperSamples, type SampleRules } from "../../../src/data/samples/rules.js";
import { batchOf, type Sample, type SampleKind, samplesOf } from "../../../src/data/samples/sample.js";
import { type WorldKind, WorldSource } from "../../../src/data/sources/world.js";
import { openArtwork } from "../../../src/data/world/artwork.js";
import { axes, input } from "../../../src/graph/index.js";
import { plainPictures } from "../../../src/media/augment.js";
import { visualTokens } from "../../../src/model/flamingo.js";
import { initFlamingo } from "../../../src/model/flamingo-parameters.js";
import { TINY } from "../../../src/model/presets.js";
import { Random } from "../../../src/random.js";
import { trainBpe } from "../../../src/text/bpe-trainer.js";
import { openTokenizer } from "../../../src/text/hub-tokenizer.js";
import { interleavedLosses, perToken, textFeeds } from "../../../src/training/interleaved.js";
import { gradientName, trainingGraph, weighted } from "../../../src/training/objective.js";
import { runEngine } from "../../support/check.js";
import { collect } from "../../support/collect.js";
import type { Numbers } from "../../support/evaluate.js";
import { numbersOf } from "../../support/feeds.js";
import { bound, stirred } from "../../support/parameters.js";

const tokenizer = openTokenizer(trainBpe(["<image>Output: the dog moves left"], { vocabularySize: 300 }));
const artwork = await openArtwork();
const { size } = TINY.vision;
const rules: SampleRules = {
  ...paperSamples,
  page: { maximumMedia: 3, maximumTokens: 48 },
  pixels: { ...openFlamingoSamples.pixels, size, fit: "pad" },
  pictures: plainPictures,
};

const drawn = (kind: WorldKind, as: SampleKind): Promise<Sample[]> =>
  collect(samplesOf(new WorldSource(kind, 3, artwork, { seed: "model" }), tokenizer, 1, { kind: as, rules }));

/** The loss of examples and its slope along the times of the frames, by a small model with every gate open. */
async function lossOf(samples: readonly Sample[], kind: SampleKind) {
  const { prompts, pixels } = batchOf(samples, tokenizer.special("<PAD>"), { kind, rules });
  const [batch, media, frames] = pixels.shape;
  const shape = { batch, text: prompts.text - 1, media };
  const { params, feeds } = bound(stirred(initFlamingo(new Random("clips"), TINY)), "");
  const seen = input("pixels", "float32", axes(batch * media, frames, size, size, 3));
  const losses = interleavedLosses(params, TINY, shape, visualTokens(params, TINY, seen));
  const given = textFeeds(samples, shape, tokenizer).feeds;
  const numbers = (data: ArrayLike<number>, ...sizes: number[]): Numbers => ({
    shape: sizes,
    data: Float64Array.from(data),
  });
  for (const name of ["tokens", "targets", "lastMedia", "weights"] as const)
    feeds.set(name, numbers(given[name] as Float32Array, batch, shape.text));
  feeds.set("pixels", numbers(pixels.data, batch * media, frames, size, size, 3));
  const found = await runEngine(trainingGraph(weighted(losses, perToken(shape, "weights", "float32"))), feeds);
  return {
    shape: pixels.shape,
    loss: Number(found.loss!.data[0]),
    time: numbersOf(found[gradientName("resampler.time")]!).data,
  };
}

describe("the world through the model", () => {
  it("goes clip by clip, eight frames each, and what comes first counts", async () => {
    const clips = await drawn("videos", "pair");
    const forwards = await lossOf(clips, "pair");
    expect(forwards.shape).toEqual([3, 1, 8, size, size, 3]);
    expect(forwards.loss).toBeGreaterThan(0);
    expect(Math.max(...forwards.time.map(Math.abs))).toBeGreaterThan(0);
    const turned = clips.map(({ id, item }) => ({
      id,
      item: {
        ...item,
        media: item.media.map((medium) => ("video" in medium ? { video: medium.video.toReversed() } : medium)),
      },
    }));
    const backwards = await lossOf(turned, "pair");
    expect(Math.abs(backwards.loss - forwards.loss)).toBeGreaterThan(1e-4);
  });

  it("goes page by page, pictures padded to as many as a page may have", async () => {
    const { shape, loss } = await lossOf(await drawn("pages", "page"), "page");
    expect(shape).toEqual([3, 3, 1, size, size, 3]);
    expect(Number.isFinite(loss)).toBe(true);
  });
});
