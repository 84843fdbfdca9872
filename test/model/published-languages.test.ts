import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { languageFamily, namesIn } from "../../src/checkpoints/families/language.js";
import { type NameRow, put, same, taken } from "../../src/checkpoints/names/table.js";
import type { Tensor } from "../../src/checkpoints/safetensors.js";
import { axes, axis, gradients, graph, input, mul, sum, type Value } from "../../src/graph/index.js";
import { chinchilla } from "../../src/model/language/chinchilla.js";
import { decoder, initLanguage, type Language, unembed } from "../../src/model/language/language.js";
import { wholeSequences } from "../../src/model/language/positions.js";
import type { TransformerConfig } from "../../src/model/language/transformer-config.js";
import { flatten, frozen, type Parameter } from "../../src/nn/parameters.js";
import { Undrawn } from "../../src/random.js";
import { runEngine } from "../support/check.js";
import { numbersOf } from "../support/feeds.js";
import { type Continuing, continuing, NOWHERE } from "../support/language-steps.js";
import { bound } from "../support/parameters.js";
import { readReference, relativeError, under, withWeights } from "../support/reference.js";

/** Written by tools/reference/language.py from other people's code: what each of them is, in their words. */
const MODELS = {
  gpt2: "GPT-2",
  opt: "OPT",
  "opt-350m": "OPT-350m, whose norms stand after and whose tokens are narrower than the stream",
  "gpt-neox-parallel": "GPT-NeoX with both halves of a block at once (Pythia)",
  "gpt-neox-sequential": "GPT-NeoX with one half after the other (RedPajama)",
  llama: "LLaMA",
  "llama-grouped": "LLaMA with query heads that share keys, offsets, and heads narrower than the width",
  mpt: "MPT",
  "mpt-clipped": "MPT with norms of queries and keys, clipping, scales of its own and 3 heads",
  "mpt-multiquery": "MPT with one head of keys and learned positions",
  "mosaic-gpt": "MPT under its older name, with norms of queries and keys (MPT-1B)",
  chinchilla: "Chinchilla, from the papers",
} as const;

/**
 * A number added to all keys adds the same to all scores of a query, which softmax does not see, unless keys turn: that
 * slope is 0, and what both sides have there is rounding.
 */
const flat = ({ positions, queryKeyNorm }: TransformerConfig, path: string) =>
  positions.kind !== "rotary" && path.endsWith(queryKeyNorm === "none" ? "attention.key.offset" : "keyNorm.offset");

/** Float32 on both sides. */
const CLOSE = 1e-4;
const PROMPT = 5;

/** The reference's own configuration and names, read as an import reads them. */
function ours(name: string): {
  config: TransformerConfig;
  rows: NameRow[];
  params: Language<Parameter>;
  tensors: ReadonlyMap<string, Tensor>;
} {
  const { tensors, facts } = readReference<{ config: Record<string, unknown> }>(`language-${name}`);
  const weights = under(tensors, "weights.");
  if (facts.config.model_type === "chinchilla") {
    const { vocabulary, layers, width, heads, hidden } = facts.config as Record<string, number>;
    const own = { vocabulary, heads, keyHeads: heads, headDim: width! / heads!, hidden } as Partial<TransformerConfig>;
    const config = { ...chinchilla(layers!, width!, 0), ...own };
    const tree = initLanguage(new Undrawn(), config);
    const rows = [...flatten(tree).keys()].map((path) => ({ ours: path, theirs: path, layout: same }));
    return { config, rows, params: withWeights(tree, rows, weights), tensors };
  }
  const family = languageFamily(facts.config, name);
  const config = family.config(facts.config, name);
  const rows = namesIn(family, config, new Set(weights.keys()));
  const read = new Set(rows.map(({ theirs }) => theirs));
  const left = [...weights.keys()].filter((theirs) => !read.has(theirs) && !family.spare(config).test(theirs));
  expect(left, "weights that no parameter is made of").toEqual([]);
  return { config, rows, params: withWeights(initLanguage(new Undrawn(), config), rows, weights), tensors };
}

describe.each(Object.entries(MODELS))("%s: %s", (name) => {
  const { config, rows, params, tensors } = ours(name);
  const [batch, text] = tensors.get("inputs.tokens")!.shape as [number, number];
  const tokens = Array.from({ length: batch }, (_, b) =>
    Array.from(tensors.get("inputs.tokens")!.data.subarray(b * text, (b + 1) * text)),
  );
  const logits = tensors.get("outputs.logits")!;
  const vocabulary = config.vocabulary;
  /** The reference's logits after tokens from..to of a row. */
  const wanted = (row: number, from: number, to: number): Tensor => ({
    shape: [to - from, vocabulary],
    data: logits.data.slice((row * text + from) * vocabulary, (row * text + to) * vocabulary),
  });
  let model: Continuing;
  beforeAll(async () => {
    model = await continuing(frozen(params), config);
  });
  afterAll(() => model[Symbol.asyncDispose]());

  it("the stream before and after every block, the logits and the gradients are the reference's", async () => {
    const { params: values, trained, feeds } = bound(params, "language");
    const { embed, block } = decoder(values, config, wholeSequences(text));
    const given = { tokens: axes(axis("batch", batch), axis("text", text)), logits: axes(...logits.shape) };
    const streams: Value[] = [embed(input("tokens", "int32", given.tokens))];
    for (let depth = 0; depth < config.layers; depth++) streams.push(block(depth, streams[depth]!).text);
    const said = unembed(values, config, streams.at(-1)!);
    const weights = input("weights", "float32", axes(axis("batch", batch), axis("text", text), vocabulary));
    const found = new Map<string, Tensor>();
    const hasGradient = rows.filter(({ theirs }) => tensors.has(`gradients.${theirs}`));
    const slopes = gradients(sum(mul(said, weights), [0, 1, 2]), [
      streams[0]!,
      ...hasGradient.map((row) => trained.get(`language.${row.ours}`)!),
    ]);
    const outputs = {
      logits: said,
      ...Object.fromEntries(streams.map((stream, depth) => [`stream.${depth}`, stream])),
      "to stream.0": slopes[0]!,
      ...Object.fromEntries(hasGradient.map((row, i) => [`to ${row.ours}`, slopes[i + 1]!])),
    };
    const inputs = ["tokens", "weights"].map((input) => [input, numbersOf(tensors.get(`inputs.${input}`)!)] as const);
    const out = await runEngine(graph(outputs), new Map([...feeds, ...inputs]));
    for (const [output, tensor] of Object.entries(out)) found.set(output, tensor as Tensor);
    const errors = new Map<string, number>();
    for (const output of ["logits", ...streams.map((_, depth) => `stream.${depth}`)])
      errors.set(output, relativeError(found.get(output)!, tensors.get(`outputs.${output}`)!));
    errors.set("to stream.0", relativeError(found.get("to stream.0")!, tensors.get("gradients.stream.0")!));
    for (const { ours: path, theirs, layout } of hasGradient) {
      const slope = found.get(`to ${path}`)!;
      const data = taken(tensors.get(`gradients.${theirs}`)!.data, layout(slope.shape));
      if (flat(config, path))
        errors.set(
          `to ${path}`,
          [...slope.data, ...data].map(Number).reduce((most, x) => Math.max(most, Math.abs(x)), 0),
        );
      else errors.set(`to ${path}`, relativeError(slope as Tensor, { shape: slope.shape, data }));
    }
    expect(errors.size, "things compared").toBeGreaterThan(config.layers * 6);
    expect(Object.fromEntries([...errors].filter(([, error]) => !(error < CLOSE))), "relative errors").toEqual({});
  });

  it("token by token from a cache it says what it says of the whole text (F4.4)", async () => {
    let past = model.nothing(batch);
    for (let at = 0; at < text; at++) {
      const step = await model.read(
        tokens.map((row) => ({
          tokens: [row[at]!],
          positions: [at],
          pastPositions: Array.from({ length: at }, (_, i) => i),
        })),
        past,
      );
      past = step.past;
      for (const row of tokens.keys())
        expect(relativeError(step.logits(row, 0, 1), wanted(row, at, at + 1)), `token ${at}`).toBeLessThan(CLOSE);
    }
  });

  it.each(["left", "right"] as const)(
    "a ragged batch with its padding at the %s says of each text what it says of it alone, and goes on so",
    async (side) => {
      const lengths = [text - 2, text - 5];
      const longest = Math.max(...lengths);
      const padded = lengths.map((length, row) => {
        const padding = Array<number>(longest - length).fill(1);
        const places = Array.from({ length }, (_, i) => i);
        const own = tokens[row]!.slice(0, length);
        const around = <Item>(real: Item[], filling: Item[]) =>
          side === "left" ? [...filling, ...real] : [...real, ...filling];
        return {
          tokens: around(own, padding),
          positions: around(places, padding),
          keyPositions: around(
            places,
            padding.map(() => NOWHERE),
          ),
          pastPositions: [],
        };
      });
      const first = await model.read(padded, model.nothing(batch));
      const from = (row: number) => (side === "left" ? longest - lengths[row]! : 0);
      for (const [row, length] of lengths.entries())
        expect(relativeError(first.logits(row, from(row), from(row) + length), wanted(row, 0, length))).toBeLessThan(
          CLOSE,
        );
      const next = await model.read(
        lengths.map((length, row) => ({
          tokens: tokens[row]!.slice(length, length + 2),
          positions: [length, length + 1],
          pastPositions: padded[row]!.keyPositions,
        })),
        first.past,
      );
      for (const [row, length] of lengths.entries())
        expect(relativeError(next.logits(row, 0, 2), wanted(row, length, length + 2))).toBeLessThan(CLOSE);
    },
  );

  it("goes on from a prompt with the 16 tokens that the reference chose", async () => {
    const continued = tensors.get("outputs.greedy")!;
    const chosen: number[][] = tokens.map(() => []);
    let past = model.nothing(batch);
    let length = 0;
    let next = tokens.map((row) => row.slice(0, PROMPT));
    for (let step = 0; step < continued.shape[1]!; step++) {
      const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
      const read = next.map((row) => ({
        tokens: row,
        positions: range(length, length + row.length),
        pastPositions: range(0, length),
      }));
      const answer = await model.read(read, past);
      const last = next[0]!.length - 1;
      next = tokens.map((_, row) => {
        const { data } = answer.logits(row, last, last + 1);
        return [data.indexOf(Math.max(...data))];
      });
      for (const [row, [token]] of next.entries()) chosen[row]!.push(token!);
      past = answer.past;
      length += last + 1;
    }
    expect(chosen.flat()).toEqual([...continued.data]);
  });

  it("written back under its own names every weight is what it was, bit for bit", () => {
    const back = new Map<string, Float32Array>();
    const own = flatten(params);
    for (const { ours: path, theirs, layout } of rows) {
      const { shape, data } = own.get(path)!;
      const placing = layout(shape);
      const into =
        back.get(theirs) ??
        new Float32Array(placing.theirs.reduce((product, size) => product * size, 1)).fill(Number.NaN);
      put(data, into, placing);
      back.set(theirs, into);
    }
    for (const [theirs, data] of back) expect(data, theirs).toEqual(tensors.get(`weights.${theirs}`)!.data);
  });
});
