import { describe, expect, it } from "vitest";
import { bertNames, bertSpare } from "../../src/checkpoints/names/bert.js";
import { axis, constant, equal, gradients, graph, input, matmul, mul, sum, type Value } from "../../src/graph/index.js";
import { BERT_BASE, BERT_MINI, type BertConfig, bert, initBert } from "../../src/model/text/bert.js";
import { captionTower } from "../../src/model/text/caption-tower.js";
import { countParameters } from "../../src/nn/parameters.js";
import { Undrawn } from "../../src/random.js";
import { expectClose, runEngine } from "../support/check.js";
import type { Numbers } from "../support/evaluate.js";
import { numbersOf } from "../support/feeds.js";
import { bound } from "../support/parameters.js";
import {
  expectNear,
  labelled,
  putBack,
  readReference,
  slopesOf,
  under,
  unread,
  withWeights,
} from "../support/reference.js";

/** Written by tools/reference/bert.py. */
const { tensors, facts } = readReference<{ lengths: number[]; counts: Record<string, number> }>("bert");
const TINY: BertConfig = {
  kind: "bert",
  vocabulary: 30,
  positions: 16,
  types: 2,
  width: 24,
  layers: 3,
  heads: 3,
  hidden: 40,
};
const rows = bertNames(TINY);
const weights = under(tensors, "weights.");
const tree = withWeights({ text: initBert(new Undrawn(), TINY) }, rows, weights);
const { params, trained, feeds } = bound(tree.text, "text");
const { lengths, counts } = facts;
/** One tensor of the reference. */
const at = (name: string) => tensors.get(name)!;
const tokens = numbersOf(at("inputs.tokens"));
const [captions, text] = tokens.shape as [number, number];
const read = input("tokens", "int32", [axis("captions", captions), axis("text", text)]);

/** Zero where padding stands. */
function ofRealTokens({ shape, data }: Numbers): Numbers {
  const width = shape[2]!;
  const row = (i: number) => Math.floor(i / width);
  return { shape, data: data.map((x, i) => (row(i) % text < lengths[Math.floor(row(i) / text)]! ? x : 0)) };
}

describe("beside BERT of transformers, on the same numbers (1810.04805)", () => {
  it("every block of texts of several lengths is the same, of their own tokens", async () => {
    const blank = equal(read, constant(Int32Array.of(0), [axis("", 1)]));
    const result = bert(params, TINY, read, blank);
    const labels = labelled(result);
    const outputs = Object.fromEntries(
      ["text.embedded", "text.block 0", "text.block 1", "text.block 2"].map((name): [string, Value] => [
        name,
        labels.get(name)!,
      ]),
    );
    const found = await runEngine(graph(outputs), new Map([...feeds, ["tokens", tokens]]));
    Object.keys(outputs).forEach((name, i) => {
      expectNear(ofRealTokens(numbersOf(found[name]!)), at(`outputs.hidden.${i}`), name);
    });
  });

  it("the mean over a text's own tokens, its projection and the slopes are the same", async () => {
    const mean = captionTower(params, { ...TINY, length: text }, read, 0);
    const [width, space] = at("inputs.projection").shape as [number, number];
    const projection = input("projection", "float32", [axis("", width), axis("", space)]);
    const cotangent = input("cotangent", "float32", [axis("captions", captions), axis("", space)]);
    const projected = matmul(mean, projection);
    const loss = sum(mul(projected, cotangent), [0, 1]);
    const wanted = [...slopesOf(tree, rows, under(tensors, "gradients."))];
    expect(wanted).toHaveLength(9);
    const slopes = gradients(
      loss,
      wanted.map(([path]) => trained.get(path)!),
    );
    const found = await runEngine(
      graph({ mean, projected, ...Object.fromEntries(slopes.map((slope, i) => [`to ${i}`, slope])) }),
      new Map([
        ...feeds,
        ["tokens", tokens],
        ["projection", numbersOf(at("inputs.projection"))],
        ["cotangent", numbersOf(at("inputs.loss"))],
      ]),
    );
    expectNear(numbersOf(found.mean!), at("outputs.mean"), "mean");
    expectNear(numbersOf(found.projected!), at("outputs.projected"), "projected");
    wanted.forEach(([path, slope], i) => {
      expectNear(numbersOf(found[`to ${i}`]!), slope, `slope of ${path}`);
    });
  });

  it("padding is seen by no token: a text says the same alone as among longer ones", async () => {
    const config = { ...TINY, length: text };
    const whole = await runEngine(
      graph({ mean: captionTower(params, config, read, 0) }),
      new Map([...feeds, ["tokens", tokens]]),
    );
    for (const [row, length] of lengths.entries()) {
      const own = input("tokens", "int32", [axis("captions", 1), axis("text", length)]);
      const data = tokens.data.slice(row * text, row * text + length);
      const alone = await runEngine(
        graph({ mean: captionTower(params, config, own, 0) }),
        new Map([...feeds, ["tokens", { shape: [1, length], data }]]),
      );
      const { width } = TINY;
      const among = numbersOf(whole.mean!).data.slice(row * width, (row + 1) * width);
      // Sums over other numbers of zeros: the last digits of float32 through three blocks.
      expectClose(numbersOf(alone.mean!), { shape: [1, width], data: among }, 2e-5, `text ${row}`);
    }
  });

  it("a text that is all padding is the zero vector, and a number", async () => {
    const empty = { shape: tokens.shape, data: tokens.data.map((id, i) => (i < text ? 0 : id)) };
    const found = await runEngine(
      graph({ mean: captionTower(params, { ...TINY, length: text }, read, 0) }),
      new Map([...feeds, ["tokens", empty]]),
    );
    expect([...numbersOf(found.mean!).data.slice(0, TINY.width)]).toEqual(Array(TINY.width).fill(0));
  });
});

describe("BERT's names and sizes", () => {
  it("what is put back under their names is what was read, bit for bit", () => {
    const back = putBack(tree, rows);
    expect(back.size).toBe(weights.size);
    for (const [name, { shape, data }] of weights) expect(back.get(name), name).toEqual({ shape, data });
  });

  it("the table reads every tensor of the encoder; pooler and heads are left aside", () => {
    expect(unread(rows, weights)).toEqual([]);
    expect(["pooler.dense.weight", "cls.predictions.bias", "bert.pooler.dense.bias"].map(bertSpare)).toEqual([
      true,
      true,
      true,
    ]);
    expect(rows.map(({ theirs }) => theirs).filter(bertSpare)).toEqual([]);
  });

  it.each([
    ["MINI", BERT_MINI],
    ["BASE", BERT_BASE],
  ] as const)("%s has as many parameters as that of transformers without its pooler", (name, config) => {
    expect(countParameters(initBert(new Undrawn(), config))).toBe(counts[name]);
  });
});
