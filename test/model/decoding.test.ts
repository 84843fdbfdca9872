import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { axes, axis, graph, input, type Value } from "../../src/graph/index.js";
import { flamingo, visualKeysAndValues } from "../../src/model/flamingo.js";
import { initFlamingo } from "../../src/model/flamingo-parameters.js";
import type { BlockCache } from "../../src/model/language/decoder.js";
import { linearPositions, wholeSequences } from "../../src/model/language/positions.js";
import { TINY } from "../../src/model/presets.js";
import { frozen } from "../../src/nn/parameters.js";
import { Random } from "../../src/random.js";
import { type Program, portable } from "../../src/runtime/contract.js";
import { nodeRuntime } from "../../src/runtime/onnx.node.js";
import { expectClose } from "../support/check.js";
import type { Numbers } from "../support/evaluate.js";
import { fed, numbersOf } from "../support/feeds.js";
import { maskLook } from "../support/look.js";
import { bound, normalNumbers, stirred, wholeNumbers } from "../support/parameters.js";

const { width, vocabulary, taps, layers } = TINY.language;
const { latents } = TINY.resampler;
const [TEXT, MEDIA] = [11, 2];
const PHI = [0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2];

const { params, feeds: NUMBERS } = bound(frozen(stirred(initFlamingo(new Random("decoding"), TINY))), "flamingo");
const WEIGHTS = new Map([...NUMBERS].map(([path, { data }]) => [path, { data: Float32Array.from(data) }]));
const TOKENS = wholeNumbers("tokens", [1, TEXT], vocabulary);
const VISUAL = normalNumbers("visual", [1, MEDIA * latents, width]);
/** Logits are near 1; the sums of a cached step run over other sizes, some hundred float32 operations deep. */
const CLOSE = 1e-4;
/** A position after all: what stands there is hidden from every token. */
const NOWHERE = 1e6;

/** One block's memory of the tokens before: arrays [past, width], and the inputs of the last few tokens. */
type Memory = Required<BlockCache<Numbers>>;
const blocks = Array.from({ length: layers }, (_, i) => i);
const EMPTY: Memory[] = blocks.map(() => ({
  key: { shape: [1, 0, width], data: new Float64Array(0) },
  value: { shape: [1, 0, width], data: new Float64Array(0) },
  recent: { shape: [1, taps - 1, width], data: new Float64Array((taps - 1) * width) },
}));

/** The graph that goes on from a memory: batch, text and past are known when it runs. */
function stepGraph() {
  const [batch, text, past] = [axis("batch"), axis("text"), axis("past")];
  const cached = (name: string, length: ReturnType<typeof axis>) => input(name, "float32", axes(batch, length, width));
  const positions = input("positions", "float32", axes(batch, text));
  const context = {
    positions,
    keyPositions: input("key positions", "float32", axes(batch, "keys")),
    past: blocks.map((i) => ({
      key: cached(`key ${i}`, past),
      value: cached(`value ${i}`, past),
      recent: cached(`recent ${i}`, axis("recent", taps - 1)),
    })),
  };
  const look = {
    form: "mask",
    lastMedia: input("last media", "int32", axes(batch, text)),
    mediaOfSeen: input("media of seen", "int32", axes(axis("seen", MEDIA * latents))),
  } as const;
  const visual = input("visual", "float32", axes(batch, axis("seen", MEDIA * latents), width));
  const seen = params.gated.map((block) => visualKeysAndValues(block, TINY.gated, visual));
  const tokens = input("tokens", "int32", axes(batch, text));
  const { logits, present } = flamingo(params, TINY, tokens, seen, look, context);
  const outputs: Record<string, Value> = { logits };
  present.forEach(({ key, value, recent }, i) => {
    Object.assign(outputs, { [`new key ${i}`]: key, [`new value ${i}`]: value, [`new recent ${i}`]: recent });
  });
  return graph(outputs);
}

/** [1, a, width] and [1, b, width] to [1, a + b, width]. */
const joined = (a: Numbers, b: Numbers): Numbers => ({
  shape: [1, a.shape[1]! + b.shape[1]!, width],
  data: Float64Array.from([...a.data, ...b.data]),
});
const lastOf = ({ data }: Numbers, count: number): Numbers => ({
  shape: [1, count, width],
  data: data.slice(-count * width),
});

/** Rows of a batch stacked. */
const stacked = (rows: readonly Numbers[]): Numbers => ({
  shape: [rows.length, ...rows[0]!.shape.slice(1)],
  data: Float64Array.from(rows.flatMap(({ data }) => [...data])),
});

describe("decoding from a cache (F4.4: cached decoding equals the full forward)", () => {
  let program: Program;
  let whole: Numbers;

  beforeAll(async () => {
    program = await nodeRuntime.compile(portable(stepGraph(), WEIGHTS));
    const { look, feeds } = maskLook([PHI], MEDIA, latents);
    const visual = input("visual", "float32", axes(axis("batch", 1), axis("seen", MEDIA * latents), width));
    const tokens = input("tokens", "int32", axes(axis("batch", 1), axis("text", TEXT)));
    const seen = params.gated.map((block) => visualKeysAndValues(block, TINY.gated, visual));
    const { logits } = flamingo(params, TINY, tokens, seen, look, wholeSequences(TEXT));
    await using full = await nodeRuntime.compile(portable(graph({ logits }), WEIGHTS));
    const given = { tokens: fed(TOKENS, "int32"), visual: fed(VISUAL, "float32") };
    const looking = Object.fromEntries([...feeds].map(([name, numbers]) => [name, fed(numbers, "int32")]));
    whole = numbersOf((await full.run({ ...given, ...looking })).logits!);
  });
  afterAll(() => program[Symbol.asyncDispose]());

  /** Reads tokens from..to of the text, each row of a batch from a memory of its own, padded to the longest. */
  async function read(memories: readonly Memory[][], spans: readonly (readonly [from: number, to: number])[]) {
    const longest = Math.max(...spans.map(([from]) => from));
    const range = ([from, to]: readonly [number, number]) => Array.from({ length: to - from }, (_, i) => from + i);
    const text = spans[0]![1] - spans[0]![0];
    const of = (rows: number[][]): Numbers => ({
      shape: [rows.length, rows[0]!.length],
      data: Float64Array.from(rows.flat()),
    });
    const padded = (x: Numbers) =>
      joined(x, {
        shape: [1, longest - x.shape[1]!, width],
        data: new Float64Array((longest - x.shape[1]!) * width).fill(99),
      });
    const feeds: Record<string, ReturnType<typeof fed>> = {
      tokens: fed(of(spans.map((span) => range(span).map((at) => TOKENS.data[at]!))), "int32"),
      positions: fed(of(spans.map(range)), "float32"),
      "key positions": fed(
        of(spans.map((span) => [...range([0, span[0]]), ...Array(longest - span[0]).fill(NOWHERE), ...range(span)])),
        "float32",
      ),
      "last media": fed(of(spans.map((span) => range(span).map((at) => PHI[at]!))), "int32"),
      "media of seen": fed(maskLook([PHI], MEDIA, latents).feeds.get("media of seen")!, "int32"),
      visual: fed(stacked(spans.map(() => VISUAL)), "float32"),
    };
    for (const i of blocks) {
      feeds[`key ${i}`] = fed(stacked(memories.map((memory) => padded(memory[i]!.key))), "float32");
      feeds[`value ${i}`] = fed(stacked(memories.map((memory) => padded(memory[i]!.value))), "float32");
      feeds[`recent ${i}`] = fed(stacked(memories.map((memory) => memory[i]!.recent)), "float32");
    }
    const found = await program.run(feeds);
    const row = (name: string, b: number): Numbers => {
      const { shape, data } = numbersOf(found[name]!);
      const size = data.length / spans.length;
      return { shape: [1, ...shape.slice(1)], data: data.slice(b * size, (b + 1) * size) };
    };
    expect(found.logits!.shape).toEqual([spans.length, text, vocabulary]);
    return spans.map((_, b) => ({
      logits: row("logits", b),
      memory: blocks.map((i): Memory => {
        const { key, value, recent } = memories[b]![i]!;
        return {
          key: joined(key, row(`new key ${i}`, b)),
          value: joined(value, row(`new value ${i}`, b)),
          recent: lastOf(joined(recent, row(`new recent ${i}`, b)), taps - 1),
        };
      }),
    }));
  }

  function expectLogits(logits: Numbers, [from, to]: readonly [number, number]) {
    const data = whole.data.slice(from * vocabulary, to * vocabulary);
    expectClose(logits, { shape: [1, to - from, vocabulary], data }, CLOSE, `logits of tokens ${from} to ${to}`);
  }

  /** Reads the text in pieces that end at some tokens, each from the memory of those before. */
  async function inPieces(ends: readonly number[]): Promise<Memory[]> {
    let memory = EMPTY;
    let from = 0;
    for (const to of ends) {
      const [row] = await read([memory], [[from, to]]);
      expectLogits(row!.logits, [from, to]);
      memory = row!.memory;
      from = to;
    }
    return memory;
  }

  it("starts from a memory of length 0", async () => {
    const [row] = await read([EMPTY], [[0, TEXT]]);
    expectLogits(row!.logits, [0, TEXT]);
  });

  it("token by token says what the whole sequence said", async () => {
    await inPieces(Array.from({ length: TEXT }, (_, i) => i + 1));
  });

  it("in pieces of any length, longer and shorter than the causal convolution, says the same", async () => {
    await inPieces([5, 6, 8, TEXT]);
    await inPieces([1, 3, 10, TEXT]);
  });

  it("goes on from one memory more than once: a fork changes nothing that its sibling reads", async () => {
    const memory = await inPieces([6]);
    for (const to of [8, 7, TEXT]) {
      const [row] = await read([memory], [[6, to]]);
      expectLogits(row!.logits, [6, to]);
    }
  });

  it("of prompts of several lengths together says what each says alone: padding in a memory is hidden", async () => {
    const memories = [await inPieces([9]), await inPieces([4]), EMPTY];
    const spans = [
      [9, 11],
      [4, 6],
      [0, 2],
    ] as const;
    const rows = await read(memories, spans);
    for (const [b, { logits }] of rows.entries()) expectLogits(logits, spans[b]!);
  });
});

describe("positions", () => {
  it("are relative: what is asked further on, of keys further on, is biased the same", async () => {
    const row = (name: string) => input(name, "float32", axes(1, "text"));
    const built = graph({
      bias: linearPositions(2, { positions: row("query"), keyPositions: input("key", "float32", axes(1, "keys")) }),
    });
    await using program = await nodeRuntime.compile(portable(built, new Map()));
    const at = async (start: number) => {
      const query = { data: Float32Array.of(start + 2, start + 3), shape: [1, 2] };
      const key = { data: Float32Array.of(start, start + 1, start + 2, start + 3), shape: [1, 4] };
      return [...(await program.run({ query, key })).bias!.data];
    };
    expect(await at(100)).toEqual(await at(0));
    // Slopes 2^-4 and 2^-8; what is later is hidden.
    expect(await at(0)).toEqual([
      ...[-2 / 16, -1 / 16, 0, -1e9, -3 / 16, -2 / 16, -1 / 16, 0],
      ...[-2 / 256, -1 / 256, 0, -1e9, -3 / 256, -2 / 256, -1 / 256, 0],
    ]);
  });
});
