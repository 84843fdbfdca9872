import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { DataRecord, MediumFile, RecordMedium } from "../../../src/data/record.js";
import { openFlamingoSamples, paperSamples, type SampleRules } from "../../../src/data/samples/rules.js";
import { batchOf, type Sample, sampleOf, samplesOf } from "../../../src/data/samples/sample.js";
import { textAndMedia } from "../../../src/data/segments.js";
import { Tally } from "../../../src/data/tally.js";
import { plainPictures } from "../../../src/media/augment.js";
import type { Picture } from "../../../src/media/pixels.js";
import { framesOf } from "../../../src/prompt/document.js";
import { Random } from "../../../src/random.js";
import { trainBpe } from "../../../src/text/bpe-trainer.js";
import { openTokenizer } from "../../../src/text/hub-tokenizer.js";
import { collect } from "../../support/collect.js";

const SPECIALS = ["<image>", "<EOC>", "<|endofchunk|>", "<|endoftext|>"];
const tokenizer = openTokenizer(
  trainBpe(["a cat sat on the mat. <image> one two three four five six"], {
    vocabularySize: 320,
    specialTokens: ["<PAD>", "<BOS>", "<EOS>", ...SPECIALS],
  }),
);
const small: SampleRules = { ...paperSamples, pixels: { ...paperSamples.pixels, size: 8 }, pictures: plainPictures };

/** A picture of one grey, by which it is known again. */
async function grey(level: number, type: "png" | "jpg" = "png"): Promise<MediumFile> {
  const raw = sharp(Buffer.alloc(8 * 8 * 3, level), { raw: { width: 8, height: 8, channels: 3 } });
  return { type, bytes: new Uint8Array(await raw.png().toBuffer()) };
}
const image = async (level: number): Promise<Omit<RecordMedium, "at">> => ({
  kind: "image",
  files: [await grey(level)],
});
const levelOf = (picture: Picture): number => picture.data[0]!;
const levels = ({ item }: Sample): number[] => item.media.map((medium) => levelOf(framesOf(medium)[0]!));

/** A page of pictures 1, 2, .. each with a text of `words` words after it. */
async function page(pictures: number, words = 3): Promise<DataRecord> {
  const pieces = [];
  for (let n = 1; n <= pictures; n++) pieces.push({ medium: await image(n) }, { text: "cat ".repeat(words) });
  return { id: `page-${pictures}-${words}`, ...textAndMedia(pieces), about: {} };
}
const pair = async (text: string): Promise<DataRecord> => ({
  id: "pair",
  text,
  media: [{ at: 0, ...(await image(7)) }],
  about: {},
});
const made = async (record: DataRecord, seed: number | string, kind: "page" | "pair", rules: SampleRules = small) => {
  const sample = await sampleOf(record, tokenizer, new Random(seed), { kind, rules });
  if ("dropped" in sample) throw new Error(sample.dropped);
  return sample;
};
const seeds = Array.from({ length: 200 }, (_, n) => n);
/** 200 coins: 0.5 within three standard deviations. */
const half = (count: number) => expect(Math.abs(count / 200 - 0.5)).toBeLessThan(0.11);

describe("a page as a training example (appendix A)", () => {
  it("is a random window of 256 tokens with at most the first 5 media in it, in the order of their tags", async () => {
    const long = await page(12, 40);
    const first = new Set<number>();
    for (const seed of seeds.slice(0, 60)) {
      const sample = await made(long, seed, "page");
      const { item } = sample;
      expect(item.tokens.length).toBeLessThanOrEqual(256);
      expect(item.media.length).toBeLessThanOrEqual(5);
      expect(item.starts.length).toBe(item.media.length);
      const shown = levels(sample);
      expect(shown).toEqual(shown.map((_, n) => shown[0]! + n));
      first.add(shown[0]!);
    }
    expect(first.size).toBeGreaterThan(3);
  });

  it("has 5 of 12 pictures that all stand in the window, and no tag without its picture", async () => {
    const sample = await made(await page(12, 1), 1, "page", { ...small, window: "start" });
    expect(levels(sample)).toEqual([1, 2, 3, 4, 5]);
    expect(Math.max(...sample.item.lastMedia)).toBe(5);
  });

  it("has <EOC> before every <image> that follows text, and at the end before <EOS>", async () => {
    const { item } = await made(await page(3), 1, "page");
    const [eoc, eos] = [tokenizer.special("<EOC>"), tokenizer.special("<EOS>")];
    expect(item.starts.slice(1).map((start) => item.tokens[start - 1])).toEqual([eoc, eoc]);
    expect(item.tokens.slice(-2)).toEqual([eoc, eos]);
  });

  it("looks at the next medium half the time, of which only phi tells", async () => {
    const record = await page(3);
    const samples = await Promise.all(seeds.map((seed) => made(record, seed, "page")));
    half(samples.filter(({ item }) => item.placement === "next").length);
    const [next, previous] = ["next", "previous"].map(
      (placement) => samples.find(({ item }) => item.placement === placement)!,
    );
    expect(next!.item.tokens).toEqual(previous!.item.tokens);
    expect(next!.item.lastMedia).not.toEqual(previous!.item.lastMedia);
    const always = await Promise.all(
      seeds.slice(0, 9).map((seed) => made(record, seed, "page", { ...small, next: 0 })),
    );
    expect(always.every(({ item }) => item.placement === "previous")).toBe(true);
  });
});

describe("a pair as a training example (appendix B)", () => {
  it("begins with a space half the time", async () => {
    const record = await pair("cat");
    const samples = await Promise.all(seeds.map((seed) => made(record, seed, "pair")));
    half(samples.filter(({ item }) => tokenizer.decode([...item.tokens]).includes(" cat")).length);
  });

  it("is cut at 32 tokens, and always looks at its one medium", async () => {
    const { item } = await made(await pair("cat ".repeat(80)), 1, "pair");
    expect(item.tokens.length).toBe(32);
    expect(item.lastMedia.slice(item.starts[0]!)).toEqual(Array(32 - item.starts[0]!).fill(1));
  });

  it("takes a run of 8 frames of a longer clip, and repeats the last frame of a shorter one", async () => {
    const clip = async (frames: number): Promise<DataRecord> => ({
      id: "clip",
      text: "cat",
      media: [
        { at: 0, kind: "video", files: await Promise.all(Array.from({ length: frames }, (_, n) => grey(n + 1))) },
      ],
      about: {},
    });
    const frames = async (count: number, seed: number) =>
      framesOf((await made(await clip(count), seed, "pair")).item.media[0]!).map(levelOf);
    expect(await frames(8, 1)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await frames(5, 1)).toEqual([1, 2, 3, 4, 5, 5, 5, 5]);
    const begins = new Set<number>();
    for (const seed of seeds.slice(0, 30)) {
      const shown = await frames(11, seed);
      expect(shown).toEqual(shown.map((_, n) => shown[0]! + n));
      begins.add(shown[0]!);
    }
    expect([...begins].sort()).toEqual([1, 2, 3, 4]);
  });
});

describe("the pictures of an example", () => {
  /** Left half black, right half white. */
  const halves = async (): Promise<Omit<RecordMedium, "at">> => {
    const data = Buffer.from(Array.from({ length: 8 * 8 * 3 }, (_, i) => (Math.floor(i / 3) % 8 < 4 ? 0 : 255)));
    const bytes = await sharp(data, { raw: { width: 8, height: 8, channels: 3 } })
      .png()
      .toBuffer();
    return { kind: "image", files: [{ type: "png", bytes: new Uint8Array(bytes) }] };
  };
  const flips = async (rules: SampleRules) => {
    const pieces = [{ medium: await halves() }, { text: "a" }, { medium: await halves() }, { text: "b" }];
    const record = { id: "halves", ...textAndMedia(pieces), about: {} };
    const samples = await Promise.all(seeds.map((seed) => made(record, seed, "page", rules)));
    return samples.map((sample) => levels(sample).map((level) => level > 127));
  };

  it("are mirrored one by one, not all or none", async () => {
    const each = await flips({ ...small, pictures: { ...plainPictures, flip: 0.5 } });
    half(each.filter(([first]) => first).length);
    half(each.filter(([first, second]) => first !== second).length);
    const together = await flips({ ...small, pictures: { ...plainPictures, flip: 0.5 }, drawn: "together" });
    half(together.filter(([first]) => first).length);
    expect(together.every(([first, second]) => first === second)).toBe(true);
  });

  it("are fitted whole with the mean colour around them, or cut to a square", async () => {
    const wide = await sharp(Buffer.alloc(16 * 8 * 3, 9), { raw: { width: 16, height: 8, channels: 3 } })
      .png()
      .toBuffer();
    const record: DataRecord = {
      id: "wide",
      text: "cat",
      media: [{ at: 0, kind: "image", files: [{ type: "png", bytes: new Uint8Array(wide) }] }],
      about: {},
    };
    const padded = await made(record, 1, "pair");
    const { pixels } = batchOf([padded], 0, { kind: "pair", rules: small });
    expect(pixels.shape).toEqual([1, 1, 1, 8, 8, 3]);
    expect([...pixels.data.slice(0, 8 * 2 * 3)]).toEqual(Array(8 * 2 * 3).fill(0));
    const crop = { ...small, pixels: { ...openFlamingoSamples.pixels, size: 8 } };
    expect(
      batchOf([await made(record, 1, "pair", crop)], 0, { kind: "pair", rules: crop }).pixels.data.every((x) => x < 0),
    ).toBe(true);
  });
});

describe("OpenFlamingo's rules", () => {
  const theirs = { ...openFlamingoSamples, pixels: { ...openFlamingoSamples.pixels, size: 8 } };

  it("take six pictures from the page's beginning, write no first <EOC> and learn no end of text", async () => {
    const record = await page(8);
    const sample = await made(
      { ...record, ...textAndMedia([{ text: "cat " }, { medium: await image(1) }, { text: "cat" }]) },
      3,
      "page",
      { ...theirs, dropSingle: 0 },
    );
    const [end, eos] = [tokenizer.special("<|endofchunk|>"), tokenizer.special("<|endoftext|>")];
    expect(sample.item.tokens.filter((id) => id === end).length).toBe(1);
    expect(sample.item.tokens.at(-1)).toBe(eos);
    expect(sample.item.lossMask.at(-1)).toBe(0);
    expect(levels(await made(record, 5, "page", theirs))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("leave out half of the pages with a single picture, and all without one", async () => {
    const single = await page(1);
    const results = await Promise.all(
      seeds.map((seed) => sampleOf(single, tokenizer, new Random(seed), { kind: "page", rules: theirs })),
    );
    half(results.filter((result) => "dropped" in result && result.dropped === "single medium").length);
    const none = { id: "none", text: "cat", media: [], about: {} };
    expect(await sampleOf(none, tokenizer, new Random(1), { kind: "page", rules: theirs })).toEqual({
      dropped: "too few media",
    });
  });
});

describe("a stream of examples", () => {
  async function* records(): AsyncGenerator<DataRecord> {
    yield await page(2);
    const { bytes } = await grey(3);
    yield {
      id: "cut",
      text: "cat",
      media: [{ at: 0, kind: "image", files: [{ type: "png", bytes: bytes.slice(0, 60) }] }],
      about: { file: "a.tar" },
    };
    yield { id: "mark", text: "cat <EOC>", media: [{ at: 0, ...(await image(1)) }], about: {} };
    yield await page(3);
  }

  it("counts broken pictures and marks in texts with their place, and goes on", async () => {
    const tally = new Tally();
    const ids = (await collect(samplesOf(records(), tokenizer, 1, { kind: "page", rules: small, tally }))).map(
      ({ id }) => id,
    );
    expect(ids).toEqual(["page-2-3", "page-3-3"]);
    const { samples } = tally.toJSON();
    expect(samples!.passed).toBe(2);
    expect(samples!.faults.MEDIA_UNDECODABLE!.first[0]).toMatchObject({ file: "a.tar", record: 1 });
    expect(samples!.faults.PROMPT_MARK_IN_TEXT!.count).toBe(1);
  });

  it("draws for each record by the seed, the epoch and its id, whatever came before", async () => {
    const only = async function* () {
      yield await page(12, 40);
    };
    const after = async function* () {
      yield await page(2);
      yield await page(12, 40);
    };
    const last = async (from: AsyncIterable<DataRecord>, epoch: number) =>
      (await collect(samplesOf(from, tokenizer, 1, { kind: "page", rules: small, epoch }))).at(-1)!.item.tokens;
    expect(await last(after(), 0)).toEqual(await last(only(), 0));
    const windows = await Promise.all([0, 1, 2, 3].map((epoch) => last(only(), epoch)));
    expect(new Set(windows.map(String)).size).toBeGreaterThan(1);
  });
});
