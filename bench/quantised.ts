/** A model held in fewer bits: how far it says what it says in float32, how large it is, and how fast. */

import { readFlamingo } from "#dist/checkpoints/flamingo-folder.node.js";
import { writeSafetensors } from "#dist/checkpoints/safetensors-write.js";
import { openEverything } from "#dist/data/world/everything.node.js";
import { examplesPage, interleavedPage } from "#dist/data/world/interleaved.js";
import { illustrate, thingsOf } from "#dist/data/world/pages.js";
import { EMBEDDED, startFlamingo } from "#dist/generation/flamingo.node.js";
import { axes, axis, graph, input, matmul, type Quantisation } from "#dist/graph/index.js";
import { toPixels } from "#dist/media/normalise.js";
import { visualTokens } from "#dist/model/flamingo.js";
import type { Flamingo } from "#dist/model/flamingo-parameters.js";
import { wholeTexts } from "#dist/model/whole-texts.js";
import { bind } from "#dist/nn/layers.js";
import { flatten, type Parameter, sizeOf, storedIn } from "#dist/nn/parameters.js";
import { type Held, quantisedParameter, quantiseParameters, SCHEMES } from "#dist/nn/quantised.js";
import { type Document, framesOf } from "#dist/prompt/document.js";
import { type Interleaved, interleave } from "#dist/prompt/interleave.js";
import { Random } from "#dist/random.js";
import { type Program, portable } from "#dist/runtime/contract.js";
import { nodeRuntime } from "#dist/runtime/onnx.node.js";
import { Scope } from "#dist/scope.js";
import { openTokenizer } from "#dist/text/hub-tokenizer.js";
import type { TokenizerJson } from "#dist/text/tokenizer-json.js";
import { type Effort, median, type Page, type Row, table, timed, written } from "./measure.js";

const HELD = ["f32", "f16", "int8", "int4"] as const satisfies readonly Held[];
type Loaded = Awaited<ReturnType<typeof readFlamingo>>;

export async function quantised(
  effort: Effort,
  { model = EMBEDDED }: { readonly model?: string | undefined },
): Promise<Page> {
  const loaded = await readFlamingo(model);
  const documents = await pages(effort.small ? 40 : 1000, loaded);
  const tokens = documents.reduce((sum, { item }) => sum + item.tokens.length, 0);
  const inFloat32 = await logitsOf(loaded.params, loaded, documents);
  const rows: Row[] = [];
  const lines: string[][] = [];
  const times = await oneTokenSteps(effort, loaded, documents[0]!.document);
  for (const held of HELD) {
    const params = quantiseParameters(loaded.params, held);
    const { divergence, worst, agreement } = compare(inFloat32, await logitsOf(params, loaded, documents), loaded);
    const size = writeSafetensors(storedIn(params), { dtype: held === "f32" ? "F32" : "F16" }).length / 1e6;
    const share = [...flatten(params).values()].reduce(
      (sum, p) => sum + (p.quantised === undefined ? 0 : sizeOf(p.shape)),
      0,
    );
    const all = [...flatten(params).values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    const time = times.get(held)!;
    rows.push({
      name: `${held}: top-1 agreement`,
      value: agreement,
      unit: "share of tokens",
      against: "f32",
      ratio: agreement,
      target: null,
    });
    rows.push({ name: `${held}: divergence`, value: divergence, unit: "nats", against: "f32", ratio: 0, target: null });
    rows.push({
      name: `${held}: one token more`,
      value: time,
      unit: "ms",
      against: "f32",
      ratio: time / times.get("f32")!,
      target: null,
    });
    lines.push([
      held,
      `${written((100 * share) / all)}%`,
      written(size, 1),
      divergence.toExponential(1),
      written(worst, 4),
      `${written(100 * agreement, 1)}%`,
      written(time, 2),
    ]);
  }
  const text = [
    `${loaded.config.name} reads ${documents.length} pages of pictures and text, ${written(tokens)} tokens, drawn from its own world with another`,
    "seed. After each token its next words are held against those of the same model in float32: the mean and the largest",
    "Kullback-Leibler divergence in nats, and how often the likeliest word is the same.",
    "",
    table([
      ["held as", "of all numbers", "MB", "mean KL", "largest KL", "same word", "ms for one token more"],
      ...lines,
    ]),
    "",
    "What is not quantised is float16 in the files, as nano's are to begin with, and float32 for the engine. nano is so small",
    "that a step is mostly other things than weights. One product with a matrix of the size that larger models have, its",
    "weights not in any cache:",
    "",
    await products(effort),
  ].join("\n");
  return { text, rows };
}

interface Shown {
  readonly document: Document;
  readonly item: Interleaved;
}

/** Pages that together have so many tokens, or a few more. */
async function pages(wanted: number, { tokenizer, config }: Loaded): Promise<Shown[]> {
  const world = await openEverything();
  const random = new Random("bench-quantised");
  const opened = openTokenizer(tokenizer as TokenizerJson);
  const shown: Shown[] = [];
  for (let count = 0, i = 0; count < wanted; i++) {
    const own = random.fork(i);
    const page = i % 2 === 0 ? interleavedPage(own) : examplesPage(own, 4);
    await world.artwork.load(thingsOf(page));
    const document = illustrate(page, world, own, { size: sideOf(config) });
    const item = interleave(document, opened);
    if (item.media.length === 0) continue;
    shown.push({ document, item });
    count += item.tokens.length;
  }
  return shown;
}

const sideOf = ({ vision }: Loaded["config"]) => vision.size;

/** Logits after every token of every page. */
async function logitsOf(
  params: Flamingo<Parameter>,
  { config }: Loaded,
  documents: readonly Shown[],
): Promise<Float32Array> {
  const bound = bind(params, "");
  const size = sideOf(config);
  const found: Float32Array[] = [];
  for (const { item } of documents) {
    const media = item.media.length;
    const pixels = input("pixels", "float32", axes(axis("media", media), axis("frames", 1), size, size, 3));
    const text = [axis("batch", 1), axis("text", item.tokens.length)];
    const { logits } = wholeTexts(bound, config, {
      tokens: input("tokens", "int32", text),
      lastMedia: input("lastMedia", "int32", text),
      visual: visualTokens(bound, config, pixels),
    });
    await using program = await nodeRuntime.compile(portable(graph({ logits }), storedIn(params)));
    const shown = item.media.map(
      (medium) => toPixels(framesOf(medium), { size, ...config.normalisation, fit: "pad" }).data,
    );
    const run = await program.run({
      tokens: Int32Array.from(item.tokens),
      lastMedia: Int32Array.from(item.lastMedia),
      pixels: Float32Array.from(shown.flatMap((numbers) => [...numbers])),
    });
    found.push(run.logits!.data as Float32Array);
  }
  const all = new Float32Array(found.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of found) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** How far the next words of two models differ, over all places. */
function compare(wanted: Float32Array, found: Float32Array, { config }: Loaded) {
  const { vocabulary } = config.language;
  const places = wanted.length / vocabulary;
  let sum = 0;
  let worst = 0;
  let same = 0;
  for (let place = 0; place < places; place++) {
    const [p, q] = [wanted, found].map((all) =>
      logProbabilities(all.subarray(place * vocabulary, (place + 1) * vocabulary)),
    );
    const divergence = p!.reduce((total, log, i) => total + Math.exp(log) * (log - q![i]!), 0);
    sum += divergence;
    worst = Math.max(worst, divergence);
    if (likeliest(p!) === likeliest(q!)) same++;
  }
  return { divergence: sum / places, worst, agreement: same / places };
}

const likeliest = (logits: Float64Array) => logits.indexOf(Math.max(...logits));

function logProbabilities(logits: Float32Array): Float64Array {
  const most = Math.max(...logits);
  const log = most + Math.log(logits.reduce((total, x) => total + Math.exp(x - most), 0));
  return Float64Array.from(logits, (x) => x - log);
}

/** Milliseconds for one token more after a page, by how the model is held; in turns, so that all have the same minutes. */
async function oneTokenSteps(effort: Effort, loaded: Loaded, document: Document): Promise<Map<Held, number>> {
  const steps = effort.small ? 2 : 32;
  const samples = new Map<Held, number[]>(HELD.map((held) => [held, []]));
  for (let turn = 0; turn < (effort.small ? 1 : 5); turn++)
    for (const held of HELD) {
      const params = quantiseParameters(loaded.params, held);
      await using model = await startFlamingo({ ...loaded, params }, held);
      using prompt = await model.read(document);
      let state = await prompt.state.extend(prompt.tokens.at(-1)!);
      for (let i = 0; i < steps; i++) {
        const began = performance.now();
        const next = await state.extend(state.logits.indexOf(Math.max(...state.logits)));
        samples.get(held)!.push(performance.now() - began);
        state.release();
        state = next;
      }
      state.release();
    }
  return new Map([...samples].map(([held, all]) => [held, median(all)]));
}

/** Rows of the left side: one word, some beams, a prompt. */
const ROWS = [1, 16, 512] as const;

async function products(effort: Effort): Promise<string> {
  const [inner, outer] = effort.small ? [128, 128] : [4096, 16384];
  const random = new Random("products");
  const ways = new Map<string, Parameter>([["f32", plain(inner!, outer!)]]);
  for (const [name, scheme] of Object.entries(SCHEMES)) ways.set(name, anyBytes(inner!, outer!, scheme));
  ways.set("int4, activations float32", anyBytes(inner!, outer!, { ...SCHEMES.int4, activations: "float32" }));
  const programs = new Map<string, { program: Program; bytes: number; times: number[][] }>();
  await using scope = new Scope();
  for (const [name, weight] of ways) {
    const stored = storedIn({ weight });
    const y = matmul(input("x", "float32", axes("rows", inner!)), bind({ weight }, "").weight);
    programs.set(name, {
      program: scope.own(await nodeRuntime.compile(portable(graph({ y }), stored))),
      bytes: [...stored.values()].reduce((sum, { data }) => sum + data.byteLength, 0),
      times: ROWS.map(() => []),
    });
  }
  for (const [at, rows] of ROWS.entries()) {
    const numbers = Float32Array.from({ length: rows * inner! }, () => random.normal());
    const feeds = { x: { data: numbers, shape: [rows, inner!] } };
    const into = { y: { data: new Float32Array(rows * outer!), shape: [rows, outer!] } };
    // In turns, so that all have the same minutes; the first turn warms up.
    for (let turn = 0; turn <= (effort.small ? 1 : rows === 512 ? 4 : 12); turn++)
      for (const { program, times } of programs.values()) {
        const time = await timed(() => program.run(feeds, into));
        if (turn > 0) times[at]!.push(time);
      }
  }
  const lines = [...programs].map(([name, { bytes, times }]) => [
    name,
    written(bytes / 1e6),
    ...times.map((all, at) => written((ROWS[at]! * inner! * outer!) / median(all) / 1e6, 1)),
  ]);
  return [
    table([
      ["held as", "MB for the engine", ...ROWS.map((rows) => `G weights/s, ${rows} row${rows === 1 ? "" : "s"}`)],
      ...lines,
    ]),
    "",
    `The matrix is ${written(inner!)} x ${written(outer!)}; a weight counts once for each row that it is multiplied with.`,
  ].join("\n");
}

function plain(inner: number, outer: number): Parameter {
  const data = Float32Array.from({ length: inner * outer }, (_, i) => ((i % 7) - 3) / 64);
  return { shape: [inner, outer], data, trained: false, decay: false };
}

function anyBytes(inner: number, outer: number, scheme: Quantisation): Parameter {
  const blocks = inner / scheme.block;
  const packed = Uint8Array.from({ length: (inner * outer * scheme.bits) / 8 }, (_, i) => (i * 37) % 256);
  return quantisedParameter([inner, outer], {
    ...scheme,
    packed,
    scales: new Float32Array(blocks * outer).fill(2 ** -10),
  });
}
