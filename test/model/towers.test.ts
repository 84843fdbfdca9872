import { describe, expect, it } from "vitest";
import { axes, axis, graph, input, scalar, type Value } from "../../src/graph/index.js";
import { contrastiveLoss, embedCaptions, embedPictures, initContrastive } from "../../src/model/contrastive.js";
import { initLanguage, languageModel } from "../../src/model/language/language.js";
import { TINY } from "../../src/model/presets.js";
import { foldPixels } from "../../src/model/vision/folded-nfnet.js";
import { initVision, visionGrid, visionTower } from "../../src/model/vision/tower.js";
import { normal } from "../../src/nn/layers.js";
import { Random } from "../../src/random.js";
import { expectClose, type Feeds, runEngine } from "../support/check.js";
import { build, evaluate, type Numbers } from "../support/evaluate.js";
import { numbersOf } from "../support/feeds.js";
import { bound, normalNumbers, stirred, wholeNumbers } from "../support/parameters.js";

async function engine(value: Value, ...feeds: Feeds[]): Promise<Numbers> {
  return numbersOf((await runEngine(graph({ y: value }), new Map(feeds.flatMap((map) => [...map])))).y!);
}
const named = (name: string, numbers: Numbers): Feeds => new Map([[name, numbers]]);
const rowsOf = ({ shape, data }: Numbers) => {
  const size = data.length / shape[0]!;
  return Array.from({ length: shape[0]! }, (_, row) => [...data.subarray(row * size, (row + 1) * size)]);
};

describe("the vision tower", () => {
  const { params, feeds } = bound(stirred(initVision(new Random("tower"), TINY.vision)), "vision");
  const pictures = input("pictures", "float32", axes("pictures", 16, 16, 3));
  const see = (numbers: Numbers, other: Feeds = feeds) =>
    engine(visionTower(params, TINY.vision, pictures), other, named("pictures", numbers));
  const three = normalNumbers("pictures", [3, 16, 16, 3]);

  it("makes a grid of features, row by row, of the size that its configuration says", async () => {
    const { patches, width } = visionGrid(TINY.vision);
    expect((await see(three)).shape).toEqual([3, patches, width]);
  });

  it("looks at each picture by itself: there are no statistics of a batch (2102.06171)", async () => {
    const together = rowsOf(await see(three));
    const size = three.data.length / 3;
    for (let i = 0; i < 3; i++) {
      const own = await see({ shape: [1, 16, 16, 3], data: three.data.slice(i * size, (i + 1) * size) });
      const expected = { shape: own.shape, data: Float64Array.from(together[i]!) };
      // A product of fewer rows may sum in another order: the last digits of float32 through two blocks.
      expectClose(own, expected, 1e-4, `picture ${i}`);
    }
  });

  it("standardises its weights: adding a number to one, or doubling it, changes next to nothing", async () => {
    const before = await see(three);
    const path = "vision.stages.0.0.spatial.weight";
    for (const change of [(x: number) => x + 3, (x: number) => 2 * x]) {
      const { shape, data } = feeds.get(path)!;
      const after = await see(three, new Map([...feeds, [path, { shape, data: data.map(change) }]]));
      // What is left is the 1e-4 under the root, beside a sum of 72 squares near 1.
      expectClose(after, before, 1e-4, "features");
    }
  });

  it("folds 2 x 2 pixels into channels row by row, losing none", () => {
    const pixels = build([1, 4, 2, 1], ([, row, column]) => 10 * row! + column!);
    const x = input("x", "float32", axes(1, 4, 2, 1));
    const [folded] = evaluate([foldPixels(x)], named("x", pixels));
    expect([folded!.shape, [...folded!.data]]).toEqual([
      [1, 2, 1, 4],
      [0, 1, 10, 11, 20, 21, 30, 31],
    ]);
  });
});

describe("the language model", () => {
  it("is causal: a token's logits are the same bits whatever comes after it", async () => {
    const { params, feeds } = bound(stirred(initLanguage(new Random("language"), TINY.language)), "language");
    const tokens = input("tokens", "int32", axes(axis("batch", 1), axis("text", 9)));
    const say = async (numbers: Numbers) =>
      (await engine(languageModel(params, TINY.language, tokens), feeds, named("tokens", numbers))).data;
    const { vocabulary } = TINY.language;
    const { shape, data } = wholeNumbers("tokens", [1, 9], vocabulary - 1);
    const before = await say({ shape, data });
    for (const at of [0, 4, 8]) {
      const after = await say({ shape, data: data.map((id, i) => (i === at ? id + 1 : id)) });
      const same = (t: number) =>
        before.subarray(t * vocabulary, (t + 1) * vocabulary).every((x, i) => x === after[t * vocabulary + i]);
      expect([...data.keys()].map(same)).toEqual([...data.keys()].map((t) => t < at));
    }
  });
});

describe("the contrastive pair", () => {
  const [vocabulary, width] = [20, 8];
  const config = { vision: TINY.vision, text: { kind: "bag", vocabulary, width, length: 6 } } as const;
  const embedding = normal(new Random("words"), [vocabulary, width], 1);
  const { params, feeds } = bound(stirred(initContrastive(new Random("pair"), config, embedding)), "pair");
  const captions = (numbers: number[][]): Promise<Numbers> => {
    const tokens = input("captions", "int32", axes(axis("captions", numbers.length), axis("text", 6)));
    const given = { shape: [numbers.length, 6], data: Float64Array.from(numbers.flat()) };
    return engine(embedCaptions(params, config, tokens, 0), feeds, named("captions", given));
  };
  const length = (row: readonly number[]) => Math.hypot(...row);

  it("puts pictures and captions on the unit sphere of one space", async () => {
    const pictures = input("pictures", "float32", axes(axis("pictures", 2), 16, 16, 3));
    const seen = await engine(
      embedPictures(params, config, pictures),
      feeds,
      named("pictures", normalNumbers("p", [2, 16, 16, 3])),
    );
    const told = await captions([
      [1, 2, 3, 4, 5, 6],
      [7, 8, 0, 0, 0, 0],
    ]);
    expect([seen.shape, told.shape]).toEqual([
      [2, TINY.vision.head],
      [2, TINY.vision.head],
    ]);
    for (const row of [...rowsOf(seen), ...rowsOf(told)]) expect(length(row)).toBeCloseTo(1, 5);
  });

  it("reads a caption without its padding: no more than the bag of its real tokens", async () => {
    const [short] = rowsOf(await captions([[7, 8, 0, 0, 0, 0]]));
    const tokens = input("captions", "int32", axes(axis("captions", 1), axis("text", 6)));
    const { shape, data } = feeds.get("pair.text.embedding")!;
    const other = new Map([
      ...feeds,
      ["pair.text.embedding", { shape, data: data.map((x, i) => (i < width ? -x : x)) }],
    ]);
    const given = { shape: [1, 6], data: Float64Array.of(7, 8, 0, 0, 0, 0) };
    expect(rowsOf(await engine(embedCaptions(params, config, tokens, 0), other, named("captions", given)))).toEqual([
      short,
    ]);
  });

  it("makes nothing of a caption that is all padding", async () => {
    const [empty] = rowsOf(await captions([[0, 0, 0, 0, 0, 0]]));
    expect(empty).toEqual(Array(TINY.vision.head).fill(0));
  });

  it("loses log(n) nats where all of n pairs look alike, and almost nothing where each is nearest its own (B.1.3)", () => {
    const [pictures, told] = [
      input("pictures", "float32", axes(axis("pictures", 4), 4)),
      input("told", "float32", axes(axis("captions", 4), 4)),
    ];
    const temperature = input("temperature", "float32", []);
    const { loss, logits } = contrastiveLoss(pictures, told, temperature);
    const given = (entry: (index: readonly number[]) => number) =>
      new Map([
        ["pictures", build([4, 4], entry)],
        ["told", build([4, 4], entry)],
        ["temperature", { shape: [], data: Float64Array.of(Math.log(20)) }],
      ]);
    const alike = evaluate(
      [loss],
      given(() => 0.5),
    )[0]!.data[0];
    const [apart, scores] = evaluate(
      [loss, logits],
      given(([row, column]) => Number(row === column)),
    );
    expect(alike).toBeCloseTo(Math.log(4), 10);
    expect(apart!.data[0]).toBeLessThan(1e-8);
    expect([...scores!.data.subarray(0, 5)].map((x) => Math.round(x))).toEqual([20, 0, 0, 0, 0]);
  });

  it("takes captions of no picture as more to tell a picture from, and asks none of them for a picture", () => {
    const pictures = input("pictures", "float32", axes(axis("pictures", 2), 3));
    const told = input("told", "float32", axes(axis("captions", 5), 3));
    const { loss } = contrastiveLoss(pictures, told, scalar(0));
    const given = (entry: number) =>
      new Map([
        ["pictures", build([2, 3], () => 1)],
        ["told", build([5, 3], ([row]) => (row! < 2 ? 1 : entry))],
      ]);
    const lossWith = (entry: number) => evaluate([loss], given(entry))[0]!.data[0];
    expect(lossWith(1)).toBeCloseTo((Math.log(5) + Math.log(2)) / 2, 10);
    expect(lossWith(-100)).toBeCloseTo(Math.log(2), 10);
  });
});
