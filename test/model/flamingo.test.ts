import { describe, expect, it } from "vitest";
import { axes, axis, gradients, graph, input, type Value } from "../../src/graph/index.js";
import { flamingo, gatedCrossAttention, type Look, visualKeysAndValues } from "../../src/model/flamingo.js";
import { everyNth, type Flamingo, initFlamingo } from "../../src/model/flamingo-parameters.js";
import { languageModel } from "../../src/model/language/language.js";
import { wholeSequences } from "../../src/model/language/positions.js";
import { TINY } from "../../src/model/presets.js";
import { frozen, mapParameters } from "../../src/nn/parameters.js";
import { interleave } from "../../src/prompt/interleave.js";
import { Random } from "../../src/random.js";
import { nextTokenLosses, weighted } from "../../src/training/objective.js";
import { picture, toyTokenizer } from "../prompt/toy.js";
import { expectClose, type Feeds, runEngine } from "../support/check.js";
import { evaluate, type Numbers } from "../support/evaluate.js";
import { numbersOf } from "../support/feeds.js";
import { blocksLook, maskLook } from "../support/look.js";
import { bound, normalNumbers, stirred, wholeNumbers } from "../support/parameters.js";

const { width, vocabulary } = TINY.language;
const { latents } = TINY.resampler;
const BATCH = 3;
const TEXT = 12;
const MEDIA = 3;
/** Text before the first medium, media with much text and with none, a row without any, and one of only one. */
const PHI = [
  [0, 0, 1, 1, 1, 1, 1, 2, 3, 3, 3, 3],
  [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
];

/** Every number stirred, gates open; or with the gates closed, as they are at first. */
const open = stirred(initFlamingo(new Random("flamingo"), TINY));
const closed = {
  ...open,
  gated: mapParameters(open.gated, (parameter, path) =>
    path.endsWith("Gate") ? { ...parameter, data: new Float32Array(1) } : parameter,
  ) as typeof open.gated,
};
const tokens = input("tokens", "int32", axes(axis("batch", BATCH), axis("text", TEXT)));
const visual = input("visual", "float32", axes(axis("batch", BATCH), axis("seen", MEDIA * latents), width));
const stream = input("stream", "float32", axes(axis("batch", BATCH), axis("text", TEXT), width));
const FEEDS: Feeds = new Map([
  ["tokens", wholeNumbers("tokens", [BATCH, TEXT], vocabulary)],
  ["targets", wholeNumbers("targets", [BATCH, TEXT], vocabulary)],
  ["weights", { shape: [BATCH, TEXT], data: new Float64Array(BATCH * TEXT).fill(1 / (BATCH * TEXT)) }],
  ["visual", normalNumbers("visual", [BATCH, MEDIA * latents, width])],
  ["stream", normalNumbers("stream", [BATCH, TEXT, width])],
]);
const forms = [
  ["mask", maskLook(PHI, MEDIA, latents)],
  ["blocks", blocksLook(PHI, MEDIA)],
] as const;

function logitsOf(params: Flamingo<Value>, look: Look): Value {
  const seen = params.gated.map((block) => visualKeysAndValues(block, TINY.gated, visual));
  const context = wholeSequences(TEXT);
  return flamingo(params, TINY, tokens, seen, look, context).logits;
}

/** What the engine gives for one value. */
async function engine(value: Value, ...feeds: Feeds[]): Promise<Numbers> {
  const { y } = await runEngine(graph({ y: value }), new Map([...FEEDS, ...feeds.flatMap((map) => [...map])]), {
    threads: 2,
  });
  return numbersOf(y!);
}

/** Which tokens [batch, text] differ in any bit. */
function changed(before: Numbers, after: Numbers): boolean[][] {
  const size = before.shape[2]!;
  return Array.from({ length: BATCH }, (_, b) =>
    Array.from({ length: TEXT }, (_, t) => {
      const at = (b * TEXT + t) * size;
      return before.data.subarray(at, at + size).some((x, i) => x !== after.data[at + i]);
    }),
  );
}

/** The visual tokens of one medium of every row made other ones. */
function withOther(medium: number): Feeds {
  const { shape, data } = FEEDS.get("visual")!;
  const other = data.map((x, i) => (Math.floor(i / width / latents) % MEDIA === medium - 1 ? -x : x));
  return new Map([["visual", { shape, data: other }]]);
}

describe("at initialisation", () => {
  it.each(forms)(
    "the model says bit for bit what its language model says (2.2, F4.6; gates are 0): %s",
    async (_, { look, feeds }) => {
      const { params, feeds: numbers } = bound(frozen(closed), "flamingo");
      const alone = await engine(languageModel(params.language, TINY.language, tokens), numbers);
      const joined = await engine(logitsOf(params, look), numbers, feeds);
      expect([...joined.data]).toEqual([...alone.data]);
    },
  );

  it("both gates of every block are 0, and only they hide the vision tower", () => {
    const fresh = initFlamingo(new Random(1), TINY);
    expect(fresh.gated.map(({ attentionGate, denseGate }) => [...attentionGate!.data, ...denseGate!.data])).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(fresh.gated.every(({ output }) => output.weight.data.some((x) => x !== 0))).toBe(true);
  });

  it("a gated block stands before language blocks 0, k, 2k... (2.2), in OpenFlamingo before the last of each k (F4.9)", () => {
    expect(everyNth(80, 7)).toEqual([0, 7, 14, 21, 28, 35, 42, 49, 56, 63, 70, 77]);
    expect(everyNth(32, 4, "last")).toEqual([3, 7, 11, 15, 19, 23, 27, 31]);
    expect(everyNth(24, 1)).toHaveLength(24);
    expect(everyNth(24, 1, "last")).toEqual(everyNth(24, 1));
    expect(initFlamingo(new Random(1), { ...TINY, gated: { ...TINY.gated, before: [2] } }).gated).toHaveLength(1);
  });

  it("the gates have a slope all the same, so that training can open them", async () => {
    const { params, trained, feeds: numbers } = bound(closed, "flamingo");
    const [, { look, feeds }] = forms[0];
    const gates = [...trained].filter(([path]) => path.endsWith("Gate")).map(([, value]) => value);
    const all = new Map([...FEEDS, ...numbers, ...feeds]);
    const slopes = evaluate(gradients(lossOf(logitsOf(params, look)), gates), all);
    expect(slopes.map(({ data }) => Math.abs(data[0]!) > 1e-6)).toEqual([true, true, true, true]);
  });
});

function lossOf(logits: Value): Value {
  const targets = input("targets", "int32", tokens.axes);
  return weighted(nextTokenLosses(logits, targets), input("weights", "float32", tokens.axes));
}

describe("the form in blocks of text that look at one medium", () => {
  const { params, trained, feeds: numbers } = bound(open, "flamingo");
  const losses = forms.map(([, { look }]) => lossOf(logitsOf(params, look)));
  const all = new Map([...FEEDS, ...numbers, ...forms.flatMap(([, { feeds }]) => [...feeds])]);
  const used = [...trained].filter(([path]) => !/vision|resampler/.test(path));

  it("is the masked form (2.3): the same logits, to float64's last digits, and to float32's on the engine", async () => {
    const logits = forms.map(([, { look }]) => logitsOf(params, look));
    const [mask, blocks] = evaluate(logits, all);
    // Sums of the same terms in another order, beside terms of exp(-1e9), which are 0 in float64 as well.
    expectClose(blocks!, mask!, 1e-12, "logits in float64");
    // Logits are near 1; some hundred float32 operations lose two digits of seven.
    for (const value of logits) expectClose(await engine(value, all), mask!, 2e-5, "logits on the engine");
  });

  it("has the masked form's gradients, of the text's side and of the media's", () => {
    const wanted = [...used.map(([, value]) => value), visual];
    const [mask, blocks] = losses.map((loss) => evaluate(gradients(loss, wanted), all));
    mask!.forEach((gradient, i) => {
      expectClose(blocks![i]!, gradient, 1e-12, `the gradient of ${wanted[i]!.label}`);
    });
    expect(mask!.at(-1)!.data.some((x) => Math.abs(x) > 1e-4)).toBe(true);
  });

  it("gives a medium that nobody looks at no slope at all", () => {
    const [toVisual] = evaluate(gradients(losses[1]!, [visual]), all);
    const perMedium = (b: number, medium: number) => {
      const start = (b * MEDIA + medium) * latents * width;
      return toVisual!.data.subarray(start, start + latents * width).some((x) => x !== 0);
    };
    expect([0, 1, 2].map((b) => [0, 1, 2].map((medium) => perMedium(b, medium)))).toEqual([
      [true, true, true],
      [false, false, false],
      [true, false, false],
    ]);
  });
});

describe.each(forms)("gated cross-attention in the form of %s", (_, { look, feeds }) => {
  const { params, feeds: numbers } = bound(open.gated[0]!, "block");
  const read = (block: typeof params, ...other: Feeds[]) =>
    engine(
      gatedCrossAttention(block, TINY.gated, stream, visualKeysAndValues(block, TINY.gated, visual), look),
      numbers,
      feeds,
      ...other,
    );
  const withGates = (gates: Record<string, number>): Feeds =>
    new Map(
      Object.entries(gates).map(([name, value]) => [`block.${name}`, { shape: [], data: Float64Array.of(value) }]),
    );

  it.each([1, 2, 3])(
    "lets a token see only the last medium before it (2.3): not the others' tokens change with medium %i",
    async (medium) => {
      const differing = changed(await read(params), await read(params, withOther(medium)));
      expect(differing).toEqual(PHI.map((row) => row.map((n) => n === medium)));
    },
  );

  it("gives text before the first medium exactly nothing to read (2.3, F4.2)", async () => {
    const reading = await read(params, withGates({ denseGate: 0 }));
    expect(changed(FEEDS.get("stream")!, reading)).toEqual(PHI.map((row) => row.map((n) => n !== 0)));
  });

  it("still thinks about text that read nothing: the dense half applies to every token (2.2, F4.2)", async () => {
    const [deaf, both] = [await read(params, withGates({ attentionGate: 0 })), await read(params)];
    expect(changed(deaf, both)).toEqual(PHI.map((row) => row.map((n) => n !== 0)));
    expect(changed(FEEDS.get("stream")!, deaf).flat()).not.toContain(false);
  });
});

describe("the whole model", () => {
  it("lets earlier media reach a later token through the language model's own attention (2.3), never the other way", async () => {
    const { params, feeds: numbers } = bound(open, "flamingo");
    const [, { look, feeds }] = forms[1];
    const logits = (...other: Feeds[]) => engine(logitsOf(params, look), numbers, feeds, ...other);
    const before = await logits();
    const first = (n: number) => PHI.map((row) => row.map((_, t) => row.slice(0, t + 1).includes(n)));
    for (const medium of [1, 2, 3]) expect(changed(before, await logits(withOther(medium)))).toEqual(first(medium));
  });

  it("reads a written page as phi says: from its <image> on, up to the <EOC> before the next one (2.3)", async () => {
    const tokenizer = toyTokenizer();
    const page = [{ text: "a" }, { image: picture(1) }, { text: "b" }, { image: picture(2) }, { text: "c" }];
    const { tokens: written, lastMedia } = interleave(page, tokenizer);
    const { look, feeds } = maskLook([[...lastMedia], [...lastMedia], [...lastMedia]], MEDIA, latents);
    const seen = tokenizer.show(written).match(/<\w+>|./g)!;
    expect(seen).toEqual(["<BOS>", "a", "<EOC>", "<image>", "b", "<EOC>", "<image>", "c", "<EOC>", "<EOS>"]);
    const { params, feeds: numbers } = bound(open.gated[0]!, "block");
    const text = input("stream", "float32", axes(axis("batch", BATCH), axis("text", seen.length), width));
    const cut = {
      shape: [BATCH, seen.length, width],
      data: FEEDS.get("stream")!.data.slice(0, BATCH * seen.length * width),
    };
    const read = (...other: Feeds[]) =>
      engine(
        gatedCrossAttention(params, TINY.gated, text, visualKeysAndValues(params, TINY.gated, visual), look),
        numbers,
        feeds,
        new Map([["stream", cut]]),
        ...other,
      );
    const before = await read();
    const looking = async (medium: number) => {
      const after = await read(withOther(medium));
      return seen.filter((_, t) =>
        before.data.subarray(t * width, (t + 1) * width).some((x, i) => x !== after.data[t * width + i]),
      );
    };
    expect(await looking(1)).toEqual(["<image>", "b", "<EOC>"]);
    expect(await looking(2)).toEqual(["<image>", "c", "<EOC>", "<EOS>"]);
    expect(await looking(3)).toEqual([]);
  });
});
