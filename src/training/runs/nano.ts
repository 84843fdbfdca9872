/**
 * Nano, stage 3: the resampler and the gated blocks, on interleaved pages and pairs together; vision tower and language
 * model frozen.
 *
 *     flamingo train nano --out runs/nano --omniglot DIR
 *
 * Pairs teach the gated blocks to say what is in a picture, in the words on which the frozen decoder already matches;
 * pages, most of them episodes in which things get names and come back, teach it to say what the page called it.
 */

import { fill } from "../../checkpoints/fill.js";
import { type FlamingoFile, saveFlamingo } from "../../checkpoints/flamingo-folder.node.js";
import { readModelFolder } from "../../checkpoints/model-folder.node.js";
import { type Everything, openEverything } from "../../data/world/everything.node.js";
import { Gallery } from "../../data/world/gallery.js";
import {
  bindingEpisode,
  captionPair,
  differentConcepts,
  examplesPage,
  illustrate,
  interleavedPage,
  knownConcepts,
  nounPhrase,
  questionPair,
  type ScenePage,
  sceneOf,
  turned,
} from "../../data/world/index.js";
import { axis, constant, input, type Value } from "../../graph/index.js";
import {
  bySequence,
  type Flamingo,
  flamingo,
  initFlamingo,
  perceiverResampler,
  visualKeysAndValues,
} from "../../model/flamingo.js";
import { wholeSequencePositions } from "../../model/language/primer.js";
import { NANO } from "../../model/presets.js";
import { nfnetGrid } from "../../model/vision/nfnet.js";
import { bind } from "../../nn/layers.js";
import { frozen, mapParameters, type Parameter } from "../../nn/parameters.js";
import { drawText } from "../../prompt/augment.js";
import { assemble } from "../../prompt/batch.js";
import { framesOf } from "../../prompt/document.js";
import { type Interleaved, interleave } from "../../prompt/interleave.js";
import { truncate } from "../../prompt/truncate.js";
import { Random } from "../../random.js";
import { openTokenizer } from "../../text/hub-tokenizer.js";
import type { Tokenizer } from "../../text/tokenizer.js";
import type { TokenizerJson } from "../../text/tokenizer-json.js";
import { Eye } from "../eye.node.js";
import { nextTokenLosses, toSumOne, trainingGraph, weighted } from "../objective.js";
import { NORMALISATION } from "../pictures.js";
import type { Feeds, Objective, Run } from "../run.js";

/** Rows, tokens and pictures of a batch. */
interface Shape {
  readonly batch: number;
  readonly text: number;
  readonly media: number;
}

const PAGES: Shape = { batch: 16, text: 96, media: 12 };
const PAIRS: Shape = { batch: 64, text: 24, media: 1 };

export const nano: Run = {
  name: "nano",
  summary: "nano, stage 3: resampler and gated blocks on pages and pairs (10 minutes on two cores)",
  accepts: {
    omniglot: "folder with Omniglot's images_background_small1.zip; without it there is no handwriting",
    language: "model folder of stage 1; default models/nano",
    vision: "model folder of stage 2; default models/nano",
  },
  steps: 600,
  seed: "nano",
  optimizer: { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.1, clip: 1 },
  schedule: { peak: 1.5e-3, warmup: 50, then: "cosine", floor: 0.05 },
  async open({ omniglot, language = "models/nano", vision = "models/nano" }) {
    const { params, json } = await start(language, vision);
    const tokenizer = openTokenizer(json as TokenizerJson);
    const world = await openEverything(omniglot);
    await world.artwork.preload(knownConcepts.map(({ id }) => id));
    const eye = await Eye.open(params.vision, NANO.vision);
    const gallery = new Gallery(world, "nano", 16);
    const bound = bind(params, "");
    const config: FlamingoFile = {
      kind: "flamingo",
      name: "nano",
      ...NANO,
      vision: { ...NANO.vision, stages: [...NANO.vision.stages] },
      normalisation: { mean: [...NORMALISATION.mean], deviation: [...NORMALISATION.deviation] },
      limits: { maximumMedia: 32, maximumTokens: 512 },
    };
    return {
      params,
      objectives: [
        objective("pages", 1, PAGES, bound, eye, tokenizer, (random, progress) =>
          drawPage(random, progress, world, gallery, tokenizer),
        ),
        objective("pairs", 1, PAIRS, bound, eye, tokenizer, (random) => drawPair(random, world, tokenizer)),
      ],
      save: (folder) => saveFlamingo(folder, { config, tokenizer: json, params }),
      close: () => eye[Symbol.asyncDispose](),
    };
  },
};

/**
 * Factor on what a fresh gated block would write: the decoder's residual stream has grown to 2 to 6 times the size of a
 * fresh layer's output, in which a gate that is hardly open would not be heard for hundreds of steps.
 */
const WRITE = 3;

/** Frozen towers from their folders, the join new. */
async function start(language: string, vision: string): Promise<{ params: Flamingo<Parameter>; json: unknown }> {
  const fresh = initFlamingo(new Random("nano").fork("parameters"), NANO);
  const part = async (folder: string, name: "language" | "vision") => {
    const { tensors, tokenizer } = await readModelFolder(folder, (path) => path.startsWith(`${name}.`));
    return { params: frozen(fill({ [name]: fresh[name] }, tensors)), tokenizer };
  };
  const words = await part(language, "language");
  await part(vision, "vision");
  for (const block of fresh.gated) {
    for (const { data } of [block.output.weight, block.feedForward.down.weight])
      data.forEach((value, i) => {
        data[i] = WRITE * value;
      });
  }
  // The paper decays the gated blocks and not the resampler.
  const resampler = mapParameters(fresh.resampler, (parameter) => ({ ...parameter, decay: false }));
  return {
    params: { ...fresh, language: frozen(fresh.language), vision: frozen(fresh.vision), resampler },
    json: words.tokenizer,
  };
}

/** A document as tokens, and how much each token counts. */
interface Row {
  readonly item: Interleaved;
  readonly weights: readonly number[];
  /** 1 for the words that the page has given before. */
  readonly recurring: readonly number[];
}

/** What a word at its first use counts: nothing on the page says it. */
const UNFORESEEABLE = 0.03;

function objective(
  name: string,
  weight: number,
  { batch, text, media }: Shape,
  params: Flamingo<Value>,
  eye: Eye,
  tokenizer: Tokenizer,
  draw: (random: Random, progress: number) => Row,
): Objective {
  const grid = nfnetGrid(NANO.vision);
  const { latents } = NANO.resampler;
  const ints = (of: string) => input(of, "int32", [axis("batch", batch), axis("text", text)]);
  const floats = (of: string) => input(of, "float32", [axis("batch", batch), axis("text", text)]);
  const features = input("features", "float32", [
    axis("media", batch * media),
    axis("frames", 1),
    axis("patches", grid.patches),
    axis("visionWidth", grid.width),
  ]);
  const visual = perceiverResampler(params.resampler, NANO.resampler, features);
  const mediaOfSeen = Int32Array.from({ length: media * latents }, (_, i) => 1 + Math.floor(i / latents));
  const { logits } = flamingo(
    params,
    NANO,
    ints("tokens"),
    params.gated.map((block) => visualKeysAndValues(block, bySequence(visual, batch))),
    { form: "mask", lastMedia: ints("lastMedia"), mediaOfSeen: constant(mediaOfSeen, [axis("seen", media * latents)]) },
    { bias: wholeSequencePositions(NANO.language.heads, text) },
  );
  const losses = nextTokenLosses(logits, ints("targets"));
  const recurring = weighted(losses, floats("recurringWeights"));
  return {
    name,
    weight,
    tokens: batch * text,
    graph: trainingGraph(weighted(losses, floats("weights")), name === "pages" ? { recurring } : {}),
    batch: (random, step) =>
      feeds(
        Array.from({ length: batch }, (_, row) => draw(random.fork(row), step / nano.steps)),
        { batch, text, media },
        eye,
        tokenizer,
      ),
  };
}

async function feeds(
  rows: readonly Row[],
  { batch, text, media }: Shape,
  eye: Eye,
  tokenizer: Tokenizer,
): Promise<Feeds> {
  const cut = rows.map(({ item }) => truncate(item, { maximumMedia: media, maximumTokens: text + 1 }));
  const { tokens, lastMedia, lossMask, mediaOf } = assemble(cut, {
    padId: tokenizer.special("<PAD>"),
    length: text + 1,
    media,
  });
  const [weights, recurringWeights] = [new Float32Array(batch * text), new Float32Array(batch * text)];
  const shifted = {
    tokens: new Int32Array(batch * text),
    targets: new Int32Array(batch * text),
    lastMedia: new Int32Array(batch * text),
  };
  for (let row = 0; row < batch; row++) {
    const at = row * (text + 1);
    shifted.tokens.set(tokens.subarray(at, at + text), row * text);
    shifted.targets.set(tokens.subarray(at + 1, at + 1 + text), row * text);
    shifted.lastMedia.set(lastMedia.subarray(at, at + text), row * text);
    for (let l = 0; l < text; l++) {
      weights[row * text + l] = lossMask[at + 1 + l]! * (rows[row]!.weights[l + 1] ?? 0);
      recurringWeights[row * text + l] = rows[row]!.recurring[l + 1] ?? 0;
    }
  }
  const pictures = mediaOf.flatMap((own) => Array.from({ length: media }, (_, n) => own[n] && framesOf(own[n])[0]));
  return {
    ...shifted,
    features: await eye.features(pictures),
    weights: toSumOne(weights),
    ...(media > 1 ? { recurringWeights: toSumOne(recurringWeights) } : {}),
  };
}

function drawPair(random: Random, world: Everything, tokenizer: Tokenizer): Row {
  const page = random.chance(0.5)
    ? captionPair(random, { canonical: 0.75 })
    : questionPair(random, { canonical: 0.9 }).page;
  return evenly(interleave(illustrate(page, world, random), tokenizer, drawText("pair", random)));
}

/** What share of the pages names a dozen things, what share gives names; the rest is examples of a task, and web pages. */
const NAMING = { atFirst: 0.6, later: 0.2, until: 0.45 };
const EPISODES = { atFirst: 0.25, later: 0.6 };

/** @param progress  share of the run that is done */
function drawPage(random: Random, progress: number, world: Everything, gallery: Gallery, tokenizer: Tokenizer): Row {
  const early = progress < NAMING.until;
  const naming = early ? NAMING.atFirst : NAMING.later;
  const episodes = early ? EPISODES.atFirst : EPISODES.later;
  const kind = random.uniform();
  if (kind < naming) return drawNames(random, gallery, tokenizer);
  if (kind < naming + episodes) return drawEpisode(random, early, world, gallery, tokenizer);
  const web = random.chance(0.5);
  const page: ScenePage = web ? interleavedPage(random) : examplesPage(random, 3 + random.integer(4));
  const augmented = { ...drawText("pair", random), ...(web ? drawText("page", random) : {}) };
  return evenly(interleave(illustrate(page, world, random), tokenizer, augmented));
}

/** A dozen different things, each with its own name: nothing on the page helps but the pictures. */
function drawNames(random: Random, gallery: Gallery, tokenizer: Tokenizer): Row {
  const page = differentConcepts(random, knownConcepts, PAGES.media).flatMap(
    (concept): ScenePage => [{ scene: sceneOf(random, [{ concept }]) }, { text: `Output: ${nounPhrase(concept)}` }],
  );
  return evenly(interleave(gallery.illustrate(page, random), tokenizer, drawText("pair", random)));
}

function evenly(item: Interleaved): Row {
  return { item, weights: item.tokens.map(() => 1), recurring: item.tokens.map(() => 0) };
}

function drawEpisode(random: Random, early: boolean, world: Everything, gallery: Gallery, tokenizer: Tokenizer): Row {
  const { handwriting } = world;
  const handwritten = handwriting !== undefined && random.chance(0.35);
  const concepts = handwritten ? turned(handwriting.training) : knownConcepts;
  const naming = random.uniform();
  const { page, items } = bindingEpisode(random, {
    ways: random.chance(early ? 0.7 : 0.35) ? 2 : 3 + random.integer(4),
    concepts,
    naming: handwritten || naming < 0.75 ? "invented" : naming < 0.9 ? "shuffled" : "real",
  });
  const item = interleave(gallery.illustrate(page, random), tokenizer, drawText("pair", random));
  const recurs = (n: number) => n > 0 && items[n - 1]!.recurrence;
  return {
    item,
    weights: item.lastMedia.map((n) => (recurs(n) ? 1 : UNFORESEEABLE)),
    recurring: item.tokens.map((_, l) => (recurs(item.lastMedia[l]!) && item.lossMask[l] === 1 ? 1 : 0)),
  };
}
