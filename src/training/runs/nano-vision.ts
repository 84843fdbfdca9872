/**
 * Nano, stage 2: the vision tower, contrastively on pictures and captions, then frozen.
 *
 *     flamingo train nano-vision --out runs/nano-vision --omniglot DIR
 *
 * Batches hold small families of pictures that differ in number or ground only, so that these are learnt as well as
 * names; and, where Omniglot is given, handwritten characters captioned by alphabet and number. The text tower is thrown
 * away at the end.
 */
import { readModelFolder, saveModelFolder } from "../../checkpoints/model-folder.node.js";
import { type Everything, openEverything } from "../../data/world/everything.node.js";
import {
  captionScene,
  contents,
  countable,
  knownConcepts,
  renderScene,
  type Scene,
  sceneOf,
  turned,
  withArticle,
} from "../../data/world/index.js";
import { axis, input } from "../../graph/index.js";
import { contrastiveLoss, embedCaptions, embedPictures, initContrastive } from "../../model/contrastive.js";
import { NANO_CONTRASTIVE } from "../../model/presets.js";
import { bind } from "../../nn/layers.js";
import { Random } from "../../random.js";
import { openTokenizer } from "../../text/hub-tokenizer.js";
import type { Tokenizer } from "../../text/tokenizer.js";
import type { TokenizerJson } from "../../text/tokenizer-json.js";
import { trainingGraph } from "../objective.js";
import { NORMALISATION, pixelsOf } from "../pictures.js";
import type { Run } from "../run.js";

const BATCH = 128;
const HANDWRITTEN = 28;

export const nanoVision: Run = {
  name: "nano-vision",
  summary: "nano, stage 2: vision tower, contrastively on pictures and captions (40 minutes on one core)",
  accepts: {
    omniglot: "folder with Omniglot's images_background_small1.zip; without it there is no handwriting",
    language: "model folder whose tokenizer to use; default models/nano",
  },
  steps: 2100,
  seed: "nano-vision",
  optimizer: { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.02, clip: 1 },
  schedule: { peak: 1.5e-3, warmup: 150, then: "cosine", floor: 0.02 },
  async open({ omniglot, language = "models/nano" }) {
    const { tokenizer: json } = await readModelFolder(language, () => false);
    const tokenizer = openTokenizer(json as TokenizerJson);
    const world = await openEverything(omniglot);
    await world.artwork.preload(knownConcepts.map(({ id }) => id));
    const config = NANO_CONTRASTIVE;
    const { size } = config.vision;
    const params = initContrastive(new Random("nano-vision").fork("parameters"), config);
    const bound = bind(params, "");
    const pictures = input("pixels", "float32", [
      axis("pictures", BATCH),
      axis("height", size),
      axis("width", size),
      axis("", 3),
    ]);
    const tokens = input("tokens", "int32", [axis("pictures", BATCH), axis("text", config.text.length)]);
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
              tokens: padded(
                pairs.map(({ caption }) => caption),
                tokenizer,
                config.text.length,
              ),
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
    for (const { id, alphabet } of random.sample(turned(world.handwriting.training), HANDWRITTEN))
      add(
        { things: [{ id, count: 1 }], background: { kind: "paper", colour: undefined } },
        characterCaption(id, alphabet),
      );
  }
  while (pairs.size < BATCH) {
    if (random.chance(0.7)) {
      const scene = captionScene(random);
      add(scene, captionOf(random, scene));
    } else for (const scene of drawFamily(random)) if (pairs.size < BATCH) add(scene, captionOf(random, scene, true));
  }
  return [...pairs.values()];
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

/** `Early_Aramaic/character07@90` as "early aramaic letter 07 turned 90". */
function characterCaption(id: string, alphabet: string): string {
  const [, number, turn] = /character(\d+)(?:@(\d+))?/.exec(id) ?? [];
  return `${alphabet.toLowerCase().replaceAll(/[^a-z]+/g, " ")} letter ${number}${turn === undefined ? "" : ` turned ${turn}`}`;
}

function padded(captions: readonly string[], tokenizer: Tokenizer, length: number): Int32Array {
  const tokens = new Int32Array(captions.length * length).fill(tokenizer.special("<PAD>"));
  captions.forEach((caption, i) => {
    tokens.set(tokenizer.encode(caption).slice(0, length), i * length);
  });
  return tokens;
}
