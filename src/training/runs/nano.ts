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
import type { FlamingoFile } from "../../checkpoints/flamingo-file.js";
import { saveFlamingo } from "../../checkpoints/flamingo-folder.node.js";
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
} from "../../data/world/index.js";
import { axis, input, type Value } from "../../graph/index.js";
import { perceiverResampler } from "../../model/flamingo.js";
import { type Flamingo, initFlamingo } from "../../model/flamingo-parameters.js";
import { NANO } from "../../model/presets.js";
import { visionGrid } from "../../model/vision/tower.js";
import { bind } from "../../nn/layers.js";
import { frozen, mapParameters, type Parameter } from "../../nn/parameters.js";
import { drawText } from "../../prompt/augment.js";
import { type Interleaved, interleave } from "../../prompt/interleave.js";
import { Random } from "../../random.js";
import { openTokenizer } from "../../text/hub-tokenizer.js";
import type { Tokenizer } from "../../text/tokenizer.js";
import type { TokenizerJson } from "../../text/tokenizer-json.js";
import { Eye } from "../eye.node.js";
import { interleavedLosses, ofNextTokens, perToken, type Row, type Shape, textFeeds } from "../interleaved.js";
import { toSumOne, trainingGraph, weighted } from "../objective.js";
import { NORMALISATION } from "../pictures.js";
import type { Objective, Run } from "../run.js";

const PAGES: Shape = { batch: 8, text: 96, media: 12 };
const PAIRS: Shape = { batch: 32, text: 24, media: 1 };

export const nano: Run = {
  name: "nano",
  summary: "nano, stage 3: resampler and gated blocks on pages and pairs (24 minutes on two cores)",
  accepts: {
    omniglot: "folder with Omniglot's images_background_small1.zip; without it there is no handwriting",
    language: "model folder of stage 1; default models/nano",
    vision: "model folder of stage 2; default models/nano",
  },
  steps: 2600,
  seed: "nano",
  optimizer: { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.1, clip: 1 },
  schedule: { peak: 1.2e-3, warmup: 100, then: "cosine", floor: 0.05 },
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
    for (const { data } of [block.output.weight, block.feedForward!.down.weight])
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

/** A row of a batch, and 1 for the words that its page has given before. */
interface WatchedRow extends Row {
  readonly recurring?: readonly number[];
}

/** What a word counts that nothing on the page foretells: a name at its first use, a question. */
const UNFORESEEABLE = 0.03;

function objective(
  name: string,
  weight: number,
  shape: Shape,
  params: Flamingo<Value>,
  eye: Eye,
  tokenizer: Tokenizer,
  draw: (random: Random, progress: number) => WatchedRow,
): Objective {
  const { batch, text, media } = shape;
  const grid = visionGrid(NANO.vision);
  const features = input("features", "float32", [
    axis("media", batch * media),
    axis("frames", 1),
    axis("patches", grid.patches),
    axis("visionWidth", grid.width),
  ]);
  const losses = interleavedLosses(params, NANO, shape, perceiverResampler(params.resampler, NANO.resampler, features));
  const watched = media > 1 ? { recurring: weighted(losses, perToken(shape, "recurringWeights", "float32")) } : {};
  return {
    name,
    weight,
    tokens: batch * text,
    graph: trainingGraph(weighted(losses, perToken(shape, "weights", "float32")), watched),
    batch: async (random, step) => {
      const rows = Array.from({ length: batch }, (_, row) => draw(random.fork(row), step / nano.steps));
      const { feeds, pictures } = textFeeds(rows, shape, tokenizer);
      const recurring = ofNextTokens(rows, text, (row) => row.recurring, 0);
      return {
        ...feeds,
        features: await eye.features(pictures),
        ...(media > 1 ? { recurringWeights: toSumOne(recurring) } : {}),
      };
    },
  };
}

function drawPair(random: Random, world: Everything, tokenizer: Tokenizer): Row {
  const page = random.chance(0.5)
    ? captionPair(random, { canonical: 0.75 })
    : questionPair(random, { canonical: 0.9, ...(random.chance(PRESENCE) ? { kinds: ["presence"] } : {}) }).page;
  return answering(interleave(illustrate(page, world, random), tokenizer, drawText("pair", random)), tokenizer);
}

/** The share of questions that ask whether something is there, beside those of all kinds: nothing is learnt as slowly. */
const PRESENCE = 0.3;

/** A row in which a question hardly counts, for nothing foretells what is asked, and its answer fully. */
function answering(item: Interleaved, tokenizer: Tokenizer): Row {
  const [opening, spaced, closing] = ["Question:", " Question:", " Answer:"].map((mark) => tokenizer.encode(mark)[0]!);
  let asked = false;
  const weights = item.tokens.map((token) => {
    if (token === opening || token === spaced) asked = true;
    const weight = asked ? UNFORESEEABLE : 1;
    if (token === closing) asked = false;
    return weight;
  });
  return { item, weights };
}

/** What share of the pages names a dozen things, what share gives names; the rest is examples of a task, and web pages. */
const NAMING = { atFirst: 0.55, later: 0.25, until: 0.45 };
const EPISODES = { atFirst: 0.3, later: 0.55 };
/** What share of the pages that give names shows handwriting. It has no names but those of its page. */
const HANDWRITTEN = 0.45;

/** @param progress  share of the run that is done */
function drawPage(
  random: Random,
  progress: number,
  world: Everything,
  gallery: Gallery,
  tokenizer: Tokenizer,
): WatchedRow {
  const early = progress < NAMING.until;
  const naming = early ? NAMING.atFirst : NAMING.later;
  const episodes = early ? EPISODES.atFirst : EPISODES.later;
  const kind = random.uniform();
  if (kind < naming) return drawNames(random, gallery, tokenizer);
  if (kind < naming + episodes) return drawEpisode(random, early, world, gallery, tokenizer);
  const web = random.chance(0.5);
  const page: ScenePage = web ? interleavedPage(random) : examplesPage(random, 3 + random.integer(4));
  const augmented = { ...drawText("pair", random), ...(web ? drawText("page", random) : {}) };
  return answering(interleave(illustrate(page, world, random), tokenizer, augmented), tokenizer);
}

/** A dozen different things, each with its own name: nothing on the page helps but the pictures. */
function drawNames(random: Random, gallery: Gallery, tokenizer: Tokenizer): Row {
  const page = differentConcepts(random, knownConcepts, PAGES.media).flatMap(
    (concept): ScenePage => [{ scene: sceneOf(random, [{ concept }]) }, { text: `Output: ${nounPhrase(concept)}` }],
  );
  return { item: interleave(gallery.illustrate(page, random), tokenizer, drawText("pair", random)) };
}

function drawEpisode(
  random: Random,
  early: boolean,
  world: Everything,
  gallery: Gallery,
  tokenizer: Tokenizer,
): WatchedRow {
  const { handwriting } = world;
  const handwritten = handwriting !== undefined && random.chance(HANDWRITTEN);
  const concepts = handwritten ? handwriting.turned : knownConcepts;
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
