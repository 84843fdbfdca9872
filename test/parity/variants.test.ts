import { describe, expect, it } from "vitest";
import { same } from "../../src/checkpoints/names/table.js";
import type { Tensor } from "../../src/checkpoints/safetensors.js";
import { axis, constant, gradients, graph, mul, reshape, type Value } from "../../src/graph/index.js";
import { gatedCrossAttention, resample, visualKeysAndValues } from "../../src/model/flamingo.js";
import {
  type GatedConfig,
  initGatedBlock,
  initResampler,
  type ResamplerConfig,
} from "../../src/model/flamingo-parameters.js";
import { flatten } from "../../src/nn/parameters.js";
import { Random } from "../../src/random.js";
import { runEngine } from "../support/check.js";
import { maskLook } from "../support/look.js";
import { total } from "../support/loss.js";
import { bound } from "../support/parameters.js";
import { readReference, relativeError, under, withWeights } from "../support/reference.js";

/** What `tools/reference/variants.py` says beside its tensors. */
interface Facts {
  readonly lastMedia: readonly number[];
  readonly forms: Readonly<Record<string, Record<string, unknown>>>;
  readonly sizes: { heads: number; headDim: number; hidden: number; latents: number; layers: number; frames: number };
}

/** Relative to the largest number of a tensor. */
const TOLERANCE = 1e-4;
/** Slopes are near 1; that of what is added to all keys of a softmax is 0. */
const LEAST_SLOPE = 0.1;

const { tensors, facts } = readReference<Facts>("variants");
const { sizes } = facts;
const held = (name: string, ...names: string[]): Value => {
  const { data, shape } = tensors.get(`inputs.${name}`)!;
  return constant(
    data as Float32Array<ArrayBuffer>,
    shape.map((size, i) => axis(names[i]!, size)),
  );
};
const text = held("text", "text", "");
const visual = held("visual", "media", "latents", "");
const features = held("features", "media", "frames", "patches", "");
const width = text.axes[1]!.size!;
const visualWidth = visual.axes[2]!.size!;

describe("the switches of the paper's tables 3 and 10, token by token in PyTorch", () => {
  const forms = Object.entries(facts.forms);
  it.each(forms.filter(([name]) => name.startsWith("gated")))("gated blocks: %s", async (name, form) => {
    const norm = form.norm === "rms" ? ({ kind: "rms", epsilon: 1e-5, offset: false } as const) : undefined;
    const config = { before: [0], ...sizes, ...form, ...(norm && { norm }) } as GatedConfig;
    if (norm === undefined) delete (config as { norm?: unknown }).norm;
    const { params, ...rest } = filled(initGatedBlock(new Random(0), config, width, visualWidth), name);
    const [media, latents] = [visual.axes[0]!.size!, visual.axes[1]!.size!];
    const seen = reshape(visual, [axis("batch", 1), axis("seen", media * latents), visual.axes[2]!]);
    const { look, feeds } = maskLook([facts.lastMedia], media, latents);
    const stream = reshape(text, [axis("batch", 1), ...text.axes]);
    const read = gatedCrossAttention(params, config, stream, visualKeysAndValues(params, config, seen), look);
    await sameAsTranscribed(name, reshape(read, text.axes), { ...rest, feeds: new Map([...rest.feeds, ...feeds]) });
  });

  it.each(forms.filter(([name]) => name.startsWith("resampler")))("resamplers: %s", async (name, form) => {
    const config = { ...sizes, ...form } as ResamplerConfig;
    const { params, ...rest } = filled(initResampler(new Random(0), config, visualWidth, width), name);
    await sameAsTranscribed(name, resample(params, config, features), rest);
  });
});

/** A tree with the weights of a form: the program calls them by our paths. */
function filled<T>(tree: T, name: string) {
  const rows = [...flatten(tree).keys()].map((path) => ({ ours: path, theirs: path, layout: same }));
  const theirs = under(tensors, `weights.${name}.`);
  expect(new Set(theirs.keys())).toEqual(new Set(rows.map(({ theirs }) => theirs)));
  return bound(withWeights(tree, rows, theirs), "");
}

async function sameAsTranscribed(
  name: string,
  result: Value,
  {
    trained,
    feeds,
  }: { trained: Map<string, Value>; feeds: Map<string, { shape: readonly number[]; data: Float64Array }> },
): Promise<void> {
  const weights = held(`${name}.weights`, ...result.axes.map((own) => own.name));
  const slopes = gradients(total(mul(result, weights)), [...trained.values()]);
  const outputs = { result, ...Object.fromEntries([...trained.keys()].map((path, i) => [`to ${path}`, slopes[i]!])) };
  const found = await runEngine(graph(outputs), feeds);
  expect(relativeError(found.result! as Tensor, tensors.get(`outputs.${name}`)!)).toBeLessThan(TOLERANCE);
  const far = [...trained.keys()].filter(
    (path) =>
      !(
        relativeError(found[`to ${path}`]! as Tensor, tensors.get(`gradients.${name}.${path}`)!, LEAST_SLOPE) <
        TOLERANCE
      ),
  );
  expect(far).toEqual([]);
}
