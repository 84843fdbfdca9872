/**
 * Nano, stage 2: the vision tower, contrastively on pictures and captions, then frozen.
 *
 *     flamingo train nano-vision --out runs/nano-vision --omniglot DIR
 *
 * Batches hold small families of pictures that differ in number or ground only, so that these are learnt as well as
 * names; where Omniglot is given, handwritten characters, each captioned with a word of its own; and names of most other
 * things as captions without a picture, so that a batch of any size tells every thing from every other.
 */
import { fill } from "../../checkpoints/fill.js";
import { readModelFolder, saveModelFolder } from "../../checkpoints/model-folder.node.js";
import { type Everything, openEverything } from "../../data/world/everything.node.js";
import {
  captionScene,
  contents,
  countable,
  knownConcepts,
  nounPhrase,
  renderScene,
  type Scene,
  sceneOf,
  withArticle,
} from "../../data/world/index.js";
import { axis, input } from "../../graph/index.js";
import { contrastiveLoss, embedCaptions, embedPictures, initContrastive } from "../../model/contrastive.js";
import { NANO, NANO_CONTRASTIVE } from "../../model/presets.js";
import { bind, filled } from "../../nn/layers.js";
import { Random } from "../../random.js";
import { openTokenizer } from "../../text/hub-tokenizer.js";
import type { Tokenizer } from "../../text/tokenizer.js";
import type { TokenizerJson } from "../../text/tokenizer-json.js";
import { trainingGraph } from "../objective.js";
import { NORMALISATION, pixelsOf } from "../pictures.js";
import type { Run } from "../run.js";

/** Small: a tower of this size learns more from twice the updates than from twice the pictures in each. */
const BATCH = 64;
const HANDWRITTEN = 16;
/** Captions of a batch, most of which belong to none of its pictures. */
const CAPTIONS = 1024;
/** How many of these are words of handwriting. */
const HANDWRITTEN_CAPTIONS = 256;

export const nanoVision: Run = {
  name: "nano-vision",
  summary: "nano, stage 2: vision tower, contrastively on pictures and captions (43 minutes on two cores)",
  accepts: {
    omniglot: "folder with Omniglot's images_background_small1.zip; without it there is no handwriting",
    language: "model folder of stage 1; default models/nano",
  },
  steps: 8000,
  seed: "nano-vision",
  optimizer: { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.02, clip: 1 },
  schedule: { peak: 2.5e-3, warmup: 200, then: "cosine", floor: 0.02 },
  async open({ omniglot, language = "models/nano" }) {
    const { tokenizer: json, tensors } = await readModelFolder(language, (name) => name === "language.embedding");
    const tokenizer = openTokenizer(json as TokenizerJson);
    const world = await openEverything(omniglot);
    await world.artwork.preload(knownConcepts.map(({ id }) => id));
    const config = NANO_CONTRASTIVE;
    const { size } = config.vision;
    const blank = { language: { embedding: filled([NANO.language.vocabulary, NANO.language.width], 0) } };
    const { embedding } = fill(blank, tensors).language;
    const params = initContrastive(new Random("nano-vision").fork("parameters"), config, embedding);
    const bound = bind(params, "");
    const pictures = input("pixels", "float32", [
      axis("pictures", BATCH),
      axis("height", size),
      axis("width", size),
      axis("", 3),
    ]);
    const tokens = input("tokens", "int32", [axis("captions", CAPTIONS), axis("text", config.text.length)]);
    const { loss } = contrastiveLoss(
      embedPictures(bound, config, pictures),
      embedCaptions(bound, config, tokens, tokenizer.special("<PAD>")),
      bound.temperature,
    );
    return {
      params,
      objectives: [
        {
          name: "pairs",
          weight: 1,
          graph: trainingGraph(loss),
          tokens: BATCH,
          batch: (random) => {
            const pairs = drawPairs(random, world);
            return {
              pixels: pixelsOf(
                pairs.map(({ scene }, i) => renderScene(scene, world, random.fork(`picture ${i}`), size)),
                size,
              ),
              tokens: padded(withOthers(random.fork("others"), pairs, world), tokenizer, config.text.length),
            };
          },
        },
      ],
      save: (folder) =>
        saveModelFolder(folder, {
          config: { kind: "vision", vision: config.vision, normalisation: NORMALISATION },
          tokenizer: json,
          params: { vision: params.vision },
          dtype: "F16",
        }),
    };
  },
};

interface Pair {
  readonly scene: Scene;
  readonly caption: string;
}

/** A batch of pairs, no caption twice: two pictures of one caption would each be called wrong for the other. */
function drawPairs(random: Random, world: Everything): Pair[] {
  const pairs = new Map<string, Pair>();
  const add = (scene: Scene, caption: string) => void pairs.set(caption, pairs.get(caption) ?? { scene, caption });
  if (world.handwriting !== undefined) {
    for (const { id, name } of random.sample(world.handwriting.turned, HANDWRITTEN))
      add({ things: [{ id, count: 1 }], background: { kind: "paper", colour: undefined } }, name);
  }
  while (pairs.size < BATCH) {
    if (random.chance(0.8)) {
      const scene = captionScene(random);
      add(scene, captionOf(random, scene));
    } else for (const scene of drawFamily(random)) if (pairs.size < BATCH) add(scene, captionOf(random, scene, true));
  }
  return [...pairs.values()];
}

/** The captions of the pairs, then words and names of what none of their pictures shows. */
function withOthers(random: Random, pairs: readonly Pair[], world: Everything): string[] {
  const shown = new Set(pairs.flatMap(({ scene }) => scene.things.map(({ id }) => id)));
  const others = <T extends { readonly id: string }>(things: readonly T[]) =>
    random.shuffle(things.filter(({ id }) => !shown.has(id)));
  const characters = others(world.handwriting?.turned ?? []).slice(0, HANDWRITTEN_CAPTIONS);
  const captions = [
    ...pairs.map(({ caption }) => caption),
    ...characters.map(({ name }) => name),
    ...others(knownConcepts).map((concept) => nounPhrase(concept)),
  ];
  return captions.slice(0, CAPTIONS);
}

/** Pictures of one thing that differ in how many there are, or in the ground. */
function drawFamily(random: Random): Scene[] {
  const concept = random.pick(knownConcepts);
  if (countable(concept) && random.chance(0.7))
    return random.sample([1, 2, 3, 4, 5], 3).map((count) => sceneOf(random, [{ concept, count }]));
  return [0, 1, 2].map(() => sceneOf(random, [{ concept }], 1));
}

function captionOf(random: Random, scene: Scene, ground = random.chance(0.5)): string {
  const { colour } = scene.background;
  return ground && colour !== undefined ? `${contents(scene)} on ${withArticle(colour)} background` : contents(scene);
}

/** [`CAPTIONS`, length]; rows without a caption are all padding. */
function padded(captions: readonly string[], tokenizer: Tokenizer, length: number): Int32Array {
  const tokens = new Int32Array(CAPTIONS * length).fill(tokenizer.special("<PAD>"));
  captions.forEach((caption, i) => {
    tokens.set(tokenizer.encode(caption).slice(0, length), i * length);
  });
  return tokens;
}
