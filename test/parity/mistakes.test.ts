import { describe, expect, it } from "vitest";
import { openFlamingoNames } from "../../src/checkpoints/names/openflamingo.js";
import type { Tensor } from "../../src/checkpoints/safetensors.js";
import { axis, constant, graph, reshape } from "../../src/graph/index.js";
import { gatedCrossAttention, visualKeysAndValues } from "../../src/model/flamingo.js";
import { type FlamingoConfig, type GatedConfig, initGatedBlock } from "../../src/model/flamingo-parameters.js";
import { Random } from "../../src/random.js";
import { runEngine } from "../support/check.js";
import { maskLook } from "../support/look.js";
import { bound } from "../support/parameters.js";
import { readReference, under, withWeights } from "../support/reference.js";

/** What `tools/reference/mistakes.py` says beside its tensors. */
interface Facts {
  readonly sizes: { dim: number; dim_visual: number; dim_head: number; heads: number; ff_mult: number };
  readonly lastMedia: readonly (readonly number[])[];
  readonly surplus: readonly (readonly number[])[];
}

const { tensors, facts } = readReference<Facts>("openflamingo-mistakes");
const { dim, dim_visual, dim_head, heads, ff_mult } = facts.sizes;
const config: GatedConfig = {
  before: [0],
  heads,
  headDim: dim_head,
  hidden: ff_mult * dim,
  visualNorm: false,
  activation: "gelu",
};
const rows = openFlamingoNames({ gated: config, resampler: { layers: 0, frames: 0 } } as FlamingoConfig, "mpt")
  .filter(({ ours }) => ours.startsWith("gated.0."))
  .map((row) => ({
    ...row,
    ours: row.ours.slice("gated.0.".length),
    theirs: row.theirs.replace(/^.*gated_cross_attn_layer\./, ""),
  }));
const block = withWeights(initGatedBlock(new Random(0), config, dim, dim_visual), rows, under(tensors, "weights."));

/** What our block makes of a text, [batch][text][width]. */
async function ours(text: string, lastMedia: readonly (readonly number[])[], own = config): Promise<number[][][]> {
  const { params, feeds } = bound(block, "");
  const [batch, media, latents] = tensors.get("inputs.media")!.shape as [number, number, number];
  const held = ({ data, shape }: Tensor) =>
    constant(
      data as Float32Array<ArrayBuffer>,
      shape.map((size) => axis("", size)),
    );
  const { look, feeds: looks } = maskLook(lastMedia, media, latents);
  const stream = reshape(held(tensors.get(`inputs.${text}`)!), [
    axis("batch", batch),
    axis("text", lastMedia[0]!.length),
    axis("", dim),
  ]);
  const seen = reshape(held(tensors.get("inputs.media")!), [
    axis("batch", batch),
    axis("seen", media * latents),
    axis("", dim_visual),
  ]);
  const read = gatedCrossAttention(params, own, stream, visualKeysAndValues(params, own, seen), look);
  const found = await runEngine(graph({ read }), new Map([...feeds, ...looks]));
  return nested(found.read! as Tensor);
}

const theirs = (name: string) => nested(tensors.get(`outputs.${name}`)!);

function nested({ data, shape }: Tensor): number[][][] {
  const [, text, width] = shape as [number, number, number];
  const row = (at: number) => Array.from(data.subarray(at * width, (at + 1) * width) as Float32Array);
  return Array.from({ length: shape[0]! }, (_, b) => Array.from({ length: text }, (_, t) => row(b * text + t)));
}

/** The largest difference of two tokens' streams. */
const apart = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));
const SAME = 1e-5;
const OTHER = 0.1;

describe("where OpenFlamingo's own gated block is wrong", () => {
  const nothing = facts.lastMedia.map((row) => row.map(() => 0));

  it("ours is its own where it is right: each token reads the picture before it, and none without one", async () => {
    const [found, wanted] = [await ours("text", facts.lastMedia), theirs("right")];
    for (const [b, row] of wanted.entries())
      for (const [t, stream] of row.entries()) expect(apart(found[b]![t]!, stream)).toBeLessThan(SAME);
  });

  it("text before the first picture reads nothing where all previous pictures are attended; theirs reads all of those to come (F1.11)", async () => {
    const found = await ours("text", facts.lastMedia, { ...config, attend: "all" });
    const [wanted, unread] = [theirs("all"), await ours("text", nothing)];
    for (const [b, row] of facts.lastMedia.entries())
      for (const [t, last] of row.entries()) {
        expect(apart(found[b]![t]!, last === 0 ? unread[b]![t]! : wanted[b]![t]!)).toBeLessThan(SAME);
        if (last === 0) expect(apart(found[b]![t]!, wanted[b]![t]!)).toBeGreaterThan(OTHER);
      }
  });

  it("a tag without a picture is refused before any block; in theirs its text reads all pictures evenly (F1.11)", async () => {
    const [wanted, unread] = [theirs("surplus"), await ours("text", nothing)];
    const surplus = facts.surplus.flatMap((row, b) => row.flatMap((n, t) => (n > 2 ? [[b, t] as const] : [])));
    expect(surplus.length).toBeGreaterThan(0);
    for (const [b, t] of surplus) expect(apart(wanted[b]![t]!, unread[b]![t]!)).toBeGreaterThan(OTHER);
  });

  it("a row keeps its picture when another row of the batch goes on to a picture of its own; theirs loses it (F1.9)", async () => {
    const [found, wanted, flagged] = [await ours("step", [[2], [1]]), theirs("no flag"), theirs("flag")];
    expect(apart(found[1]![0]!, wanted[1]![0]!)).toBeLessThan(SAME);
    expect(apart(flagged[1]![0]!, wanted[1]![0]!)).toBeGreaterThan(OTHER);
    expect(apart(flagged[1]![0]!, (await ours("step", [[0], [0]]))[1]![0]!)).toBeLessThan(SAME);
  });
});
