/** Holds a whole model of ours against what a reference's own code said: every stream, every slope, every answer. */

import { afterAll, beforeAll, expect, it } from "vitest";
import type { FlamingoFile } from "../../src/checkpoints/flamingo-file.js";
import type { NameRow } from "../../src/checkpoints/names/table.js";
import type { Tensor } from "../../src/checkpoints/safetensors.js";
import { beam } from "../../src/generation/beam.js";
import type { Engine } from "../../src/generation/engine.js";
import { startEngine } from "../../src/generation/engine.node.js";
import { greedy } from "../../src/generation/greedy.js";
import { score } from "../../src/generation/score.js";
import { type ThreadState, ThreadStates } from "../../src/generation/thread-state.js";
import {
  add,
  axis,
  concat,
  constant,
  crossEntropy,
  type Graph,
  gradients,
  graph,
  reshape,
  slice,
  type Value,
} from "../../src/graph/index.js";
import { visualTokens } from "../../src/model/flamingo.js";
import { type Flamingo, type FlamingoConfig, initFlamingo } from "../../src/model/flamingo-parameters.js";
import { languageModel } from "../../src/model/language/language.js";
import { visionTower } from "../../src/model/vision/tower.js";
import { wholeTexts } from "../../src/model/whole-texts.js";
import { flatten, frozen, mapParameters, type Parameter } from "../../src/nn/parameters.js";
import { Undrawn } from "../../src/random.js";
import { portable } from "../../src/runtime/contract.js";
import { nodeRuntime } from "../../src/runtime/onnx.node.js";
import type { Thread } from "../../src/runtime/thread.js";
import { evaluate } from "../support/evaluate.js";
import { total } from "../support/loss.js";
import { bound, numbersOf } from "../support/parameters.js";
import { labelled, relativeError, slopesOf, under, withWeights } from "../support/reference.js";

/** A prompt, and what the reference made of it. */
export interface Prompt {
  readonly tokens: readonly number[];
  readonly pictures: readonly number[];
  /** With the token that ended it. */
  readonly greedy: readonly number[];
  /** Best first, with the token that ended each. */
  readonly beams: readonly { readonly tokens: readonly number[]; readonly logProb: number }[];
  readonly choices: readonly (readonly number[])[];
  /** Log-probability of each choice. */
  readonly scores: readonly number[];
}

/** One reference model, and ours of the same weights. */
export interface WholeModel {
  readonly config: FlamingoConfig;
  readonly rows: readonly NameRow[];
  /** Tensors under the names of the rows. */
  readonly weights: ReadonlyMap<string, Tensor>;
  /** Slopes of the loss under the names of the rows. */
  readonly slopes: ReadonlyMap<string, Tensor>;
  /** `inputs.pictures`, `outputs.visual`, `outputs.N.gated.I`... */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly prompts: readonly Prompt[];
  /** For each token, the picture that it looks at, from 1; 0 none. */
  readonly lastMedia: (tokens: readonly number[]) => number[];
  readonly stop: readonly number[];
  readonly forbidden: readonly number[];
  readonly maximumTokens: number;
  readonly beams: number;
}

/** Relative to the largest number of a tensor. */
const TOLERANCE = 1e-4;
/** Slopes of the loss, a sum near 100, are near 1; that of what is added to all keys of a softmax is 0. */
const LEAST_SLOPE = 0.1;
/** The engine may join a sum to the norm behind it, and round otherwise. */
const FUSED = 1e-5;
/** Prompts whose streams and slopes the reference wrote down: the first ones. */
const WRITTEN = 4;

/** Declares the tests of one model. */
export function sameAsReference(model: WholeModel): void {
  const { config, rows, weights, slopes, tensors, prompts } = model;
  const names = new Map(rows.map((row) => [row.ours, row]));
  const filled: Flamingo<Parameter> = withWeights(initFlamingo(new Undrawn(), config), rows, weights);
  const params = mapParameters(filled, (parameter, path) => ({
    ...parameter,
    trained: slopes.has(names.get(path)!.theirs),
  })) as Flamingo<Parameter>;

  it("its features, streams, logits and slopes are the reference's", async () => {
    const values = bound(params, "");
    const { outputs, loss } = wholeGraph(values.params as Flamingo<Value>, model);
    const trained = [...values.trained];
    const found = gradients(
      loss,
      trained.map(([, value]) => value),
    );
    const built = graph({
      ...outputs,
      loss,
      ...Object.fromEntries(trained.map(([path], i) => [`to ${path}`, found[i]!])),
    });
    const result = await runGraph(built, params);

    const errors = new Map<string, number>();
    const wanted = under(tensors, "outputs.");
    expect([...wanted.keys()].filter((name) => !(name in result))).toEqual([]);
    for (const [name, tensor] of wanted) errors.set(name, relativeError(result[name]! as Tensor, tensor));
    const written = slopesOf(params, rows, slopes);
    expect(new Set(values.trained.keys())).toEqual(new Set(written.keys()));
    for (const [path, slope] of written)
      errors.set(`slope of ${path}`, relativeError(result[`to ${path}`]! as Tensor, slope, LEAST_SLOPE));
    const far = [...errors].filter(([, error]) => !(error <= TOLERANCE));
    expect(far.map(([name, error]) => `${name}: ${error.toExponential(1)}`)).toEqual([]);
  });

  it("with its gates closed it says bit for bit what its language model says, on the engine but for fused norms (F4.6)", async () => {
    const closed = mapParameters(filled, (parameter, path) =>
      /^gated\.\d+\.(attention|dense)Gate$/.test(path)
        ? { ...parameter, data: new Float32Array(parameter.data.length) }
        : { ...parameter, trained: false },
    ) as Flamingo<Parameter>;
    const values = bound(closed, "").params as Flamingo<Value>;
    const { outputs } = wholeGraph(values, model);
    const { tokens } = prompts[0]!;
    const whole = constant(Int32Array.from(tokens), [axis("batch", 1), axis("text", tokens.length)]);
    const alone = languageModel(values.language, config.language, whole);
    const [joined, own] = evaluate([outputs["0.logits"]!, alone], numbersOf(closed, ""));
    expect(joined!.data).toEqual(own!.data);
    const run = async (logits: Value) => (await runGraph(graph({ logits }), closed)).logits!;
    expect(relativeError(await run(outputs["0.logits"]!), await run(alone))).toBeLessThan(FUSED);
  });

  let thread: Thread<Engine>;
  let states: ThreadStates;
  let pictures: number[];
  beforeAll(async () => {
    const file = { ...config, kind: "flamingo", name: "reference" } as FlamingoFile;
    thread = await startEngine({ params: frozen(filled), config: file }, { threads: 2 });
    states = new ThreadStates(thread);
    const { data, shape } = tensors.get("inputs.pictures")! as { data: Float32Array; shape: number[] };
    const each = data.length / shape[0]!;
    const parts = Array.from({ length: shape[0]! }, (_, i) => Float32Array.from(data.slice(i * each, (i + 1) * each)));
    pictures = await thread.remote.look(parts, [1, ...shape.slice(1)]);
  });
  afterAll(() => thread?.[Symbol.asyncDispose]());
  const read = ({ tokens, pictures: shown }: Prompt): Promise<ThreadState> =>
    states.read({
      from: null,
      tokens,
      lastMedia: model.lastMedia(tokens),
      media: shown.map((picture) => pictures[picture]!),
    });
  const { stop, forbidden, maximumTokens, beams } = model;

  it(`answers ${prompts.length} ragged prompts as it does, greedily`, async () => {
    for (const prompt of prompts) {
      using state = await read(prompt);
      const { tokens } = await greedy(state, { stop, forbidden, maximumTokens });
      expect(tokens, `${prompt.tokens}`).toEqual(prompt.greedy.filter((token) => !stop.includes(token)));
    }
  });

  it(`finds the same ${beams} best answers by beam search, and the same probabilities`, async () => {
    for (const prompt of prompts) {
      using state = await read(prompt);
      const found = await beam(state, { width: beams, stop, forbidden, maximumTokens, batching: states });
      const wanted = prompt.beams.map(({ tokens }) => tokens.filter((token) => !stop.includes(token)));
      expect(
        found.map(({ tokens }) => tokens),
        `${prompt.tokens}`,
      ).toEqual(wanted);
      for (const [i, { logProb }] of found.entries())
        expect(Math.abs(logProb / prompt.beams[i]!.logProb - 1)).toBeLessThan(TOLERANCE);
    }
  });

  it("gives the same log-probabilities to given answers, whatever was scored before them (F1.7)", async () => {
    for (const [n, prompt] of prompts.entries()) {
      using state = await read(prompt);
      const order = n % 2 === 0 ? [...prompt.choices.keys()] : [...prompt.choices.keys()].reverse();
      const scored = await score(
        state,
        order.map((choice) => prompt.choices[choice]!),
        { batching: states },
      );
      for (const { candidate, logProb } of scored)
        expect(Math.abs(logProb / prompt.scores[order[candidate]!]! - 1)).toBeLessThan(TOLERANCE);
    }
  });

  it("keeps each picture once, whatever goes on from a prompt that shows it (F4.14)", async () => {
    const prompt = prompts.find((one) => one.pictures.length === Math.max(...prompts.map((p) => p.pictures.length)))!;
    using state = await read(prompt);
    const before = (await thread.remote.held()).media;
    const forks = await states.extendMany(prompt.greedy.slice(0, 2).map((token) => ({ state, token })));
    await beam(state, { width: beams, stop, forbidden, maximumTokens, batching: states });
    expect((await thread.remote.held()).media).toBe(before);
    expect(before).toBe(tensors.get("inputs.pictures")!.shape[0]);
    for (const fork of forks) fork.release();
  });

  it("refuses a token that looks at a picture which did not come with it (F1.11, F4.3)", async () => {
    const prompt = prompts.find((one) => one.pictures.length > 1)!;
    const few = { ...prompt, pictures: prompt.pictures.slice(1) };
    await expect(read(few)).rejects.toThrow(
      `looks at medium ${prompt.pictures.length} of a conversation that has ${few.pictures.length}`,
    );
  });
}

/** All that a reference writes down of its first prompts, in one graph, under its names. */
function wholeGraph(
  params: Flamingo<Value>,
  { config, tensors, prompts, lastMedia }: WholeModel,
): { outputs: Record<string, Value>; loss: Value } {
  const { data, shape } = tensors.get("inputs.pictures")! as { data: Float32Array; shape: number[] };
  const [count, height, width] = shape as [number, number, number];
  const still = constant(data, [axis("pictures", count), axis("height", height), axis("width", width), axis("", 3)]);
  const pixels = reshape(still, [
    axis("media", count),
    axis("frames", 1),
    axis("height", height),
    axis("width", width),
    axis("", 3),
  ]);
  const visual = visualTokens(params, config, pixels);
  const outputs: Record<string, Value> = {
    features: visionTower(params.vision, config.vision, still),
    visual,
  };
  const losses = prompts.slice(0, WRITTEN).map(({ tokens, pictures }, n) => {
    const length = tokens.length;
    const own = pictures.length === 0 ? [slice(visual, 0, 0, 1)] : pictures.map((i) => slice(visual, 0, i, 1));
    const whole = (numbers: readonly number[], name: string) =>
      constant(Int32Array.from(numbers), [axis(name, numbers.length)]);
    const row = (numbers: readonly number[]) =>
      reshape(whole(numbers, "text"), [axis("batch", 1), axis("text", length)]);
    const { logits, read } = wholeTexts(params, config, {
      tokens: row(tokens),
      lastMedia: row(lastMedia(tokens)),
      visual: own.length === 1 ? own[0]! : concat(own, 0),
    });
    for (const [label, value] of labelled(logits))
      if (/^(language|gated)\.\d+$/.test(label)) outputs[`${n}.${label}`] = value;
    expect(read.length).toBe(params.gated.length);
    outputs[`${n}.logits`] = logits;
    const rows = reshape(slice(logits, 1, 0, length - 1), [axis("rows", length - 1), logits.axes[2]!]);
    return total(crossEntropy(rows, whole(tokens.slice(1), "rows")).loss);
  });
  return { outputs, loss: losses.reduce(add) };
}

/** Runs a graph on the engine with a tree's weights, the trained ones fed. */
async function runGraph(built: Graph, params: Flamingo<Parameter>): Promise<Record<string, Tensor>> {
  const held = new Map(
    [...flatten(params)].map(([path, { data, shape }]) => [path, { data: data as Float32Array, shape }]),
  );
  await using program = await nodeRuntime.compile(portable(built, held), { threads: 2 });
  const fed = Object.fromEntries([...built.inputs.keys()].map((name) => [name, held.get(name)!]));
  return (await program.run(fed)) as Record<string, Tensor>;
}
