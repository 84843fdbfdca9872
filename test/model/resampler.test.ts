import { describe, expect, it } from "vitest";
import { axes, axis, graph, input, parameter, type Value } from "../../src/graph/index.js";
import { perceiverResampler, temporalEmbedding, visualTokens } from "../../src/model/flamingo.js";
import { initFlamingo, initResampler } from "../../src/model/flamingo-parameters.js";
import { TINY } from "../../src/model/presets.js";
import { Random } from "../../src/random.js";
import { expectClose, type Feeds, runEngine } from "../support/check.js";
import { build, evaluate, type Numbers } from "../support/evaluate.js";
import { numbersOf } from "../support/feeds.js";
import { bound, normalNumbers, stirred } from "../support/parameters.js";

const [VISION_WIDTH, WIDTH, PATCHES, MEDIA] = [10, 12, 6, 2];
const CONFIG = { layers: 2, heads: 3, hidden: 20, latents: 5, frames: 8 };
const { params, feeds: NUMBERS } = bound(
  stirred(initResampler(new Random("resampler"), CONFIG, VISION_WIDTH, WIDTH)),
  "resampler",
);
/** A change that is more than rounding: outputs are normalised to a deviation of about 1. */
const PLAIN = 1e-2;

const resampled = (frames: number, media = MEDIA): Value =>
  perceiverResampler(
    params,
    CONFIG,
    input(
      "features",
      "float32",
      axes(axis("media", media), axis("frames", frames), axis("patches", PATCHES), VISION_WIDTH),
    ),
  );
const features = (frames: number): Numbers => normalNumbers("features", [MEDIA, frames, PATCHES, VISION_WIDTH]);
const given = (numbers: Numbers): Feeds => new Map([...NUMBERS, ["features", numbers]]);
/** What the engine makes of some features. */
async function engine(numbers: Numbers, parameters: Feeds = NUMBERS): Promise<Numbers> {
  const built = graph({ y: resampled(numbers.shape[1]!, numbers.shape[0]!) });
  return numbersOf((await runEngine(built, new Map([...parameters, ["features", numbers]]))).y!);
}
const farthest = (a: Numbers, b: Numbers) => Math.max(...a.data.map((x, i) => Math.abs(x - b.data[i]!)));
/** The same numbers with the entries of one axis in another order. */
function reordered(x: Numbers, at: number, order: readonly number[]): Numbers {
  const strides = x.shape.map((_, i) => x.shape.slice(i + 1).reduce((p, n) => p * n, 1));
  return build(
    x.shape,
    (index) => x.data[index.reduce((sum, n, i) => sum + strides[i]! * (i === at ? order[n]! : n), 0)]!,
  );
}
/** The time embeddings with one of them made another. */
const withOtherTime = (frame: number): Feeds => {
  const { shape, data } = NUMBERS.get("resampler.time")!;
  const other = data.map((x, i) => (Math.floor(i / WIDTH) === frame ? 1 - x * x : x));
  return new Map([...NUMBERS, ["resampler.time", { shape, data: other }]]);
};

describe("the resampler", () => {
  it.each([1, 8, 30])("makes as many visual tokens of %i frames as it has latents (2.1)", async (frames) => {
    expect((await engine(features(frames))).shape).toEqual([MEDIA, CONFIG.latents, WIDTH]);
  });

  it("does not care about the order of a frame's patches, which are given no positions (2.1)", () => {
    const order = [3, 0, 5, 1, 4, 2];
    const [before, after] = [features(2), reordered(features(2), 2, order)].map(
      (x) => evaluate([resampled(2)], given(x))[0]!,
    );
    // The same terms in another order, in float64.
    expectClose(after!, before!, 1e-12, "visual tokens");
  });

  it("does care about the order of frames, which have time embeddings (2.1)", async () => {
    const x = features(2);
    expect(farthest(await engine(x), await engine(reordered(x, 1, [1, 0])))).toBeGreaterThan(PLAIN);
  });

  it("sees a picture as a video of one frame, with the first time embedding (2.1, F4.10)", async () => {
    const before = await engine(features(1));
    for (let frame = 1; frame < CONFIG.frames; frame++)
      expect((await engine(features(1), withOtherTime(frame))).data).toEqual(before.data);
    expect(farthest(await engine(features(1), withOtherTime(0)), before)).toBeGreaterThan(PLAIN);
  });

  it("answers the same whether media are resampled one by one or together", async () => {
    const together = await engine(features(2));
    const half = features(2).data.length / MEDIA;
    for (let medium = 0; medium < MEDIA; medium++) {
      const own = {
        shape: [1, 2, PATCHES, VISION_WIDTH],
        data: features(2).data.slice(medium * half, (medium + 1) * half),
      };
      const size = together.data.length / MEDIA;
      const expected = {
        shape: [1, CONFIG.latents, WIDTH],
        data: together.data.slice(medium * size, (medium + 1) * size),
      };
      // Products of other sizes may sum in another order: the last digit of float32, through two layers.
      expectClose(await engine(own), expected, 5e-6, `medium ${medium}`);
    }
  });

  it("shares its latents between all media, and each of them is a token of its own", async () => {
    const one = features(1).data.slice(0, PATCHES * VISION_WIDTH);
    const twice = { shape: [2, 1, PATCHES, VISION_WIDTH], data: Float64Array.from([...one, ...one]) };
    const { data } = await engine(twice);
    expect(data.subarray(0, data.length / 2)).toEqual(data.subarray(data.length / 2));
    const tokens = new Set(
      Array.from({ length: CONFIG.latents }, (_, i) => `${data.subarray(i * WIDTH, (i + 1) * WIDTH)}`),
    );
    expect(tokens.size).toBe(CONFIG.latents);
  });
});

describe("time embeddings", () => {
  /** Frame n is [n, 10 n]. */
  const rows = (count: number): Feeds => new Map([["time", build([count, 2], ([n, column]) => n! * 10 ** column!)]]);
  const timeOf = (trained: number, frames: number) =>
    evaluate([temporalEmbedding(parameter("time", axes(trained, 2), true), frames)], rows(trained))[0]!;
  const first = (numbers: Numbers) => Array.from({ length: numbers.shape[0]! }, (_, n) => numbers.data[2 * n]!);

  it("are the first of the trained ones for a video no longer than they are", () => {
    expect(first(timeOf(8, 1))).toEqual([0]);
    expect(first(timeOf(8, 5))).toEqual([0, 1, 2, 3, 4]);
    expect(first(timeOf(8, 8))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it("are laid linearly over a longer video, first on first and last on last (A.2, F4.10: 8 over 30 frames)", () => {
    const { data, shape } = timeOf(8, 30);
    expect(shape).toEqual([30, 2]);
    expect([data[0], data[1], data[58], data[59]]).toEqual([0, 0, 7, 70]);
    // The weights of the mixing are float32.
    first(timeOf(8, 30)).forEach((at, frame) => {
      expect(at).toBeCloseTo((7 * frame) / 29, 6);
    });
  });

  it("are all the same where only one was trained", () => {
    const time = parameter("time", axes(1, 2), true);
    const [found] = evaluate(
      [temporalEmbedding(time, 4)],
      new Map([["time", { shape: [1, 2], data: Float64Array.of(3, 5) }]]),
    );
    expect([...found!.data]).toEqual([3, 5, 3, 5, 3, 5, 3, 5]);
  });
});

describe("from pixels to visual tokens", () => {
  it("takes any number of media at run time", async () => {
    const { params: model, feeds } = bound(stirred(initFlamingo(new Random("pixels"), TINY)), "flamingo");
    const pixels = input("pixels", "float32", axes("media", 2, 16, 16, 3));
    const built = graph({ y: visualTokens(model, TINY, pixels) });
    for (const media of [1, 3]) {
      const { y } = await runEngine(
        built,
        new Map([...feeds, ["pixels", normalNumbers("pixels", [media, 2, 16, 16, 3])]]),
      );
      expect(y!.shape).toEqual([media, TINY.resampler.latents, TINY.language.width]);
    }
  });
});
