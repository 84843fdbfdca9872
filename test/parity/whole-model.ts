/** Holds a whole model of ours against what a reference's own code said: every stream, every slope, every answer. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { FlamingoFile } from "../../src/checkpoints/flamingo-file.js";
import { type NameRow, taken } from "../../src/checkpoints/names/table.js";
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
  gradients,
  graph,
  reshape,
  slice,
  type Value,
} from "../../src/graph/index.js";
import { bySequence, flamingo, visualKeysAndValues, visualTokens } from "../../src/model/flamingo.js";
import { type Flamingo, type FlamingoConfig, initFlamingo } from "../../src/model/flamingo-parameters.js";
import { wholeSequences } from "../../src/model/language/positions.js";
import { visionTower } from "../../src/model/vision/tower.js";
import { flatten, mapParameters, type Parameter } from "../../src/nn/parameters.js";
import { Undrawn } from "../../src/random.js";
import { portable } from "../../src/runtime/contract.js";
import { nodeRuntime } from "../../src/runtime/onnx.node.js";
import type { Thread } from "../../src/runtime/thread.js";
import { total } from "../support/loss.js";
import { bound } from "../support/parameters.js";
import { relativeError, under, withWeights } from "../support/reference.js";

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
    const held = new Map([...flatten(params)].map(([path, { data }]) => [path, { data: data as Float32Array }]));
    await using program = await nodeRuntime.compile(portable(built, held), { threads: 2 });
    const fed = new Map(
      [...flatten(params)].map(([path, { data, shape }]) => [path, { data: data as Float32Array, shape }]),
    );
    const result = await program.run(
      Object.fromEntries([...built.inputs.keys()].map((name) => [name, fed.get(name)!])),
    );

    const errors = new Map<string, number>();
    const wanted = under(tensors, "outputs.");
    expect([...wanted.keys()].filter((name) => !(name in result))).toEqual([]);
    for (const [name, tensor] of wanted)
      errors.set(name, relativeError(result[name] as { shape: readonly number[]; data: Float32Array }, tensor));
    const own = trained.map(([path]) => names.get(path)!);
    expect(new Set(own.map(({ theirs }) => theirs))).toEqual(new Set(slopes.keys()));
    for (const [i, { ours, theirs, layout }] of own.entries()) {
      const shape = trained[i]![1].axes.map(({ size }) => size!);
      const tensor = { shape, data: taken(slopes.get(theirs)!.data, layout(shape)) };
      errors.set(
        `slope of ${ours}`,
        relativeError(result[`to ${ours}`] as { shape: number[]; data: Float32Array }, tensor),
      );
    }
    const far = [...errors].filter(([, error]) => !(error <= TOLERANCE));
    expect(far.map(([name, error]) => `${name}: ${error.toExponential(1)}`)).toEqual([]);
  });

  let thread: Thread<Engine>;
  let states: ThreadStates;
  let pictures: number[];
  beforeAll(async () => {
    const file = { ...config, kind: "flamingo", name: "reference" } as FlamingoFile;
    thread = await startEngine({ params: filled, config: file }, { threads: 2 });
    states = new ThreadStates(thread);
    const { data, shape } = tensors.get("inputs.pictures")! as { data: Float32Array; shape: number[] };
    const each = data.length / shape[0]!;
    const parts = Array.from({ length: shape[0]! }, (_, i) => data.slice(i * each, (i + 1) * each));
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

  it("gives the same log-probabilities to given answers", async () => {
    for (const prompt of prompts) {
      using state = await read(prompt);
      for (const { candidate, logProb } of await score(state, prompt.choices, { batching: states }))
        expect(Math.abs(logProb / prompt.scores[candidate]! - 1)).toBeLessThan(TOLERANCE);
    }
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
    const latents = visual.axes[1]!.size!;
    const own = pictures.length === 0 ? [slice(visual, 0, 0, 1)] : pictures.map((i) => slice(visual, 0, i, i + 1));
    const seen = bySequence(own.length === 1 ? own[0]! : concat(own, 0), 1);
    const whole = (numbers: readonly number[], name: string) =>
      constant(Int32Array.from(numbers), [axis(name, numbers.length)]);
    const row = (numbers: readonly number[]) =>
      reshape(whole(numbers, "text"), [axis("batch", 1), axis("text", length)]);
    const {
      stream,
      logits,
      read,
      present: _,
    } = flamingo(
      params,
      config,
      row(tokens),
      params.gated.map((block) => visualKeysAndValues(block, config.gated, seen)),
      {
        form: "mask",
        lastMedia: row(lastMedia(tokens)),
        mediaOfSeen: whole(
          Array.from({ length: own.length * latents }, (_, i) => 1 + Math.floor(i / latents)),
          "seen",
        ),
      },
      wholeSequences(length),
    );
    for (const [label, value] of labelled(stream))
      if (/^(language|gated)\.\d+$/.test(label)) outputs[`${n}.${label}`] = value;
    expect(read.length).toBe(params.gated.length);
    outputs[`${n}.logits`] = logits;
    const rows = reshape(slice(logits, 1, 0, length - 1), [axis("rows", length - 1), logits.axes[2]!]);
    return total(crossEntropy(rows, whole(tokens.slice(1), "rows")).loss);
  });
  return { outputs, loss: losses.reduce(add) };
}

/** Values that lead to one, by the names they were given. */
function labelled(value: Value): Map<string, Value> {
  const found = new Map<string, Value>();
  for (const node of graph({ value }).nodes)
    for (const output of node.outputs) if (output.label !== undefined) found.set(output.label, output);
  return found;
}
