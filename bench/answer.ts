/** One few-shot answer: looking at the pictures, reading the prompt, writing; beside what the engine can do at best. */

import { readFlamingo } from "#dist/checkpoints/flamingo-folder.node.js";
import { openEverything } from "#dist/data/world/everything.node.js";
import { episodeOf, promptOf, randomOf } from "#dist/evaluation/index.js";
import { bindEmoji } from "#dist/evaluation/tasks/binding.js";
import { EMBEDDED, openFlamingo } from "#dist/generation/flamingo.node.js";
import type { FlamingoModel } from "#dist/generation/flamingo-model.js";
import { lookGraph, readGraph } from "#dist/generation/graphs.js";
import { bind } from "#dist/nn/layers.js";
import { countParameters } from "#dist/nn/parameters.js";
import type { Document } from "#dist/prompt/document.js";
import { Random } from "#dist/random.js";
import type { Device } from "#dist/runtime/contract.js";
import {
  bandwidthProbe,
  type Effort,
  matmulProbe,
  median,
  operations,
  type Page,
  type Row,
  table,
  written,
} from "./measure.js";

export interface AnswerOptions {
  /** Folder of the model; the embedded one unless told. */
  readonly model?: string | undefined;
  /** Examples of each of two new words. */
  readonly shots: number;
  readonly device?: Device;
}

const WAYS = 2;

/** Milliseconds of the parts of one answer, and the rates beside it. */
interface Sample {
  readonly look: number;
  readonly read: number;
  readonly write: number;
  /** The same pictures and examples once more. */
  readonly lookAgain: number;
  readonly perToken: number;
  readonly raw: number;
  readonly bandwidth: number;
  readonly tokens: number;
}

export async function answer(
  effort: Effort,
  { model = EMBEDDED, shots, device = "cpu" }: AnswerOptions,
): Promise<Page> {
  const { config, params } = await readFlamingo(model);
  const samples: Sample[] = [];
  let opening = 0;
  const further = effort.small ? 4 : 64;
  const began = performance.now();
  {
    await using flamingo = await openFlamingo(model, { device });
    opening = performance.now() - began;
    await using raw = await matmulProbe(effort);
    await using bandwidth = await bandwidthProbe(effort);
    for (let i = effort.small ? 1 : 0; i <= effort.repetitions; i++) {
      const prompt = await newPrompt(i, shots);
      const rates = { raw: await raw.measure(), bandwidth: await bandwidth.measure() };
      const sample = { ...(await measure(flamingo, prompt, further)), ...rates };
      if (i > 0) samples.push(sample);
    }
  }
  const middle = (of: (sample: Sample) => number) => median(samples.map(of));
  const pictures = WAYS * shots + 1;
  const tokens = Math.round(middle((sample) => sample.tokens));
  const bound = bind(params, "");
  const seen = pictures * config.resampler.latents;
  const looking = operations(lookGraph(bound, config, 1), { media: pictures, pictures }) / 1e9;
  const reading =
    operations(readGraph(bound, config), {
      batch: 1,
      text: tokens,
      past: 0,
      keys: tokens,
      seen,
      rows: 1,
      positions: tokens,
    }) / 1e9;
  const weights = 4 * (countParameters(params.language) + countParameters(params.gated));
  const [raw, bandwidth] = [middle((sample) => sample.raw), middle((sample) => sample.bandwidth)];
  const computed = (name: string, gigaflop: number, milliseconds: number): Part => {
    const rate = (1000 * gigaflop) / milliseconds;
    const row = { name, value: rate, unit: "GFLOP/s", against: "products of 1024 x 1024 matrices", ratio: rate / raw };
    return { row: { ...row, target: null }, milliseconds, work: `${written(gigaflop, 2)} GFLOP`, best: raw };
  };
  const look = computed(
    `look at ${pictures} pictures`,
    looking,
    middle((sample) => sample.look),
  );
  const read = computed(
    `read ${tokens} tokens`,
    reading,
    middle((sample) => sample.read),
  );
  const perToken = middle((sample) => sample.perToken);
  const streamed = weights / perToken / 1e6;
  const token: Part = {
    row: {
      name: "one token more",
      value: streamed,
      unit: "GB/s",
      against: "a vector times a constant matrix of 256 MB",
      ratio: streamed / bandwidth,
      target: null,
    },
    milliseconds: perToken,
    work: `${written(weights / 1e6, 1)} MB of weights`,
    best: bandwidth,
  };
  const cells = ({ row, milliseconds, work, best }: Part) => [
    row.name,
    written(milliseconds, milliseconds < 10 ? 2 : 1),
    work,
    `${written(row.value)} ${row.unit}`,
    `${written(row.ratio, 2)} of ${written(best)}`,
  ];
  const plain = (name: string, of: (sample: Sample) => number) => [name, written(middle(of), 1), "", "", ""];
  const text = [
    [
      `${config.name} (${written(countParameters(params) / 1e6, 1)} M parameters) is asked for one of ${WAYS} new words, each named`,
      `by ${plural(shots, "example")}: ${pictures} pictures of ${config.vision.size} x ${config.vision.size} pixels that it has not`,
      `seen before, ${tokens} tokens. Medians of ${plural(samples.length, "prompt")}; opening the model took ${written(opening)} ms. Beside`,
      "the rates stands what the engine does at best in the same minutes: products of 1024 x 1024 matrices, and a vector",
      "times a constant matrix of 256 MB.",
    ].join(" "),
    "",
    table([
      ["part", "ms", "work", "rate", "of the best"],
      cells(look),
      cells(read),
      plain("write the answer, greedily", ({ write }) => write),
      plain("look at the same pictures again", ({ lookAgain }) => lookAgain),
      cells(token),
    ]),
    "",
    [
      `One token more is the mean over ${further} that follow the prompt one after the other. A model whose weights fit into a`,
      "cache can be read faster than memory.",
    ].join(" "),
  ].join("\n");
  return { text, rows: [look, read, token].map(({ row }) => row) };
}

/** A part of the answer that has a rate. */
interface Part {
  readonly row: Row;
  readonly milliseconds: number;
  readonly work: string;
  /** The best rate, in the row's unit. */
  readonly best: number;
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** A prompt whose pictures nobody has drawn before. */
async function newPrompt(index: number, shots: number): Promise<Document> {
  const task = bindEmoji(WAYS, shots);
  const random = new Random("bench-answer");
  const world = await openEverything();
  return promptOf(task, episodeOf(task, random, world, index), world, randomOf(task, random, index));
}

async function measure(
  flamingo: FlamingoModel,
  prompt: Document,
  further: number,
): Promise<Omit<Sample, "raw" | "bandwidth">> {
  const { timings } = await flamingo.generate(prompt);
  const again = await flamingo.read(prompt);
  let state = again.state;
  const began = performance.now();
  for (let i = 0; i < further; i++) {
    const next = await state.extend(state.logits.indexOf(Math.max(...state.logits)));
    state.release();
    state = next;
  }
  const perToken = (performance.now() - began) / further;
  state.release();
  return {
    look: timings.lookMs,
    read: timings.readMs,
    write: timings.writeMs,
    lookAgain: again.timings.lookMs,
    perToken,
    tokens: again.tokens.length,
  };
}
