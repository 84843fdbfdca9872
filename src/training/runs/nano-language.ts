/**
 * Nano, stage 1: the tokenizer and the language model, then frozen.
 *
 *     flamingo train nano-language --out runs/nano-language
 *
 * Reads the same pages as the later stages with every picture told in words, so that before it ever sees, the decoder can
 * name ("<image>red apple Output: a red apple"), answer, and look up what a thing was called a few lines earlier. What
 * cannot be predicted (a random page's next subject, a word at its first use) hardly counts in the loss; what the page
 * determines counts fully.
 */
import { saveModelFolder } from "../../checkpoints/model-folder.node.js";
import { type BindingEpisode, bindingEpisode } from "../../data/world/binding.js";
import { captionPair } from "../../data/world/captions.js";
import { knownConcepts } from "../../data/world/concepts.js";
import { corpusForTokenizer } from "../../data/world/corpus.js";
import { examplesPage, interleavedPage } from "../../data/world/interleaved.js";
import { describeScene, type ScenePage } from "../../data/world/pages.js";
import { questionPair } from "../../data/world/questions.js";
import { textPage } from "../../data/world/stories.js";
import { inventedWords } from "../../data/world/words.js";
import { axis, input } from "../../graph/index.js";
import { initLanguage, languageModel } from "../../model/language/language.js";
import { NANO } from "../../model/presets.js";
import { bind } from "../../nn/layers.js";
import { Random } from "../../random.js";
import { trainBpe } from "../../text/bpe-trainer.js";
import { openTokenizer } from "../../text/hub-tokenizer.js";
import type { Tokenizer } from "../../text/tokenizer.js";
import { nextTokenLosses, toSumOne, trainingGraph, weighted } from "../objective.js";
import type { Run } from "../run.js";

const BATCH = 32;
const TEXT = 128;

export const nanoLanguage: Run = {
  name: "nano-language",
  summary: "nano, stage 1: tokenizer and language model on described pages (43 minutes on one core)",
  steps: 2000,
  seed: "nano-language",
  optimizer: { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.05, clip: 1 },
  schedule: { peak: 2e-3, warmup: 100, then: "cosine", floor: 0.05 },
  async open() {
    const random = new Random("nano-language");
    const json = trainBpe(corpusForTokenizer(random.fork("tokenizer"), 30_000), {
      vocabularySize: NANO.language.vocabulary,
    });
    const tokenizer = openTokenizer(json);
    const language = initLanguage(random.fork("parameters"), NANO.language);
    const ints = (name: string) => input(name, "int32", [axis("batch", BATCH), axis("text", TEXT)]);
    const floats = (name: string) => input(name, "float32", [axis("batch", BATCH), axis("text", TEXT)]);
    const logits = languageModel(bind(language, "language"), NANO.language, ints("tokens"));
    const losses = nextTokenLosses(logits, ints("targets"));
    const recurring = weighted(losses, floats("recurringWeights"));
    return {
      params: { language },
      objectives: [
        {
          name: "pages",
          weight: 1,
          graph: trainingGraph(weighted(losses, floats("weights")), { recurring }),
          tokens: BATCH * TEXT,
          batch: (drawn) => packedBatch(drawn, tokenizer),
        },
      ],
      save: (folder) =>
        saveModelFolder(folder, {
          config: { kind: "language", language: NANO.language },
          tokenizer: json,
          params: { language },
          dtype: "F16",
        }),
    };
  },
};

/** Tokens with the weight of predicting each, and whether it is a word that the page has given before. */
interface WeighedTokens {
  readonly tokens: number[];
  readonly weights: number[];
  readonly recurring: number[];
}

/** Rows of whole pages one after the other, the last one cut. */
function packedBatch(random: Random, tokenizer: Tokenizer) {
  const tokens = new Int32Array(BATCH * TEXT);
  const targets = new Int32Array(BATCH * TEXT);
  const weights = new Float32Array(BATCH * TEXT);
  const recurring = new Float32Array(BATCH * TEXT);
  for (let row = 0; row < BATCH; row++) {
    const packed: WeighedTokens = { tokens: [], weights: [], recurring: [] };
    while (packed.tokens.length <= TEXT) addPage(packed, random, tokenizer);
    tokens.set(packed.tokens.slice(0, TEXT), row * TEXT);
    targets.set(packed.tokens.slice(1, TEXT + 1), row * TEXT);
    weights.set(packed.weights.slice(1, TEXT + 1), row * TEXT);
    recurring.set(packed.recurring.slice(1, TEXT + 1), row * TEXT);
  }
  return { tokens, targets, weights: toSumOne(weights), recurringWeights: toSumOne(recurring) };
}

const UNFORESEEABLE = 0.05;

/** One page of a random kind between `<BOS>` and `<EOS>`. */
function addPage(into: WeighedTokens, random: Random, tokenizer: Tokenizer): void {
  const add = (tokens: readonly number[], weight: number, recurs = false) => {
    into.tokens.push(...tokens);
    into.weights.push(...tokens.map(() => weight));
    into.recurring.push(...tokens.map(() => (recurs ? 1 : 0)));
  };
  const kind = random.uniform();
  const episode = kind < 0.45 ? drawEpisode(random) : undefined;
  const page = episode?.page ?? drawPage(random, kind);
  const [joint, image] = [random.chance(0.5) ? " " : "", tokenizer.encode("<image>")];
  add([tokenizer.special("<BOS>")], 0);
  let item = 0;
  page.forEach((piece, i) => {
    if ("scene" in piece) {
      if (i > 0) add([tokenizer.special("<EOC>")], 1);
      add(image, 0.3);
      add(tokenizer.encode(` ${describeScene(piece.scene, random, { tell: piece.tell })}`), UNFORESEEABLE);
      return;
    }
    const afterScene = i > 0 && "scene" in page[i - 1]!;
    const recurs = episode?.items[item++]?.recurrence;
    const weight = episode === undefined ? (afterScene ? 1 : 0.3) : recurs ? 1 : UNFORESEEABLE;
    add(tokenizer.encode(afterScene ? joint + piece.text : piece.text), weight, recurs);
  });
  add([tokenizer.special("<EOC>")], 1);
  add([tokenizer.special("<EOS>")], 0.3);
}

function drawPage(random: Random, kind: number): ScenePage {
  if (kind < 0.58) return captionPair(random);
  if (kind < 0.7) return questionPair(random).page;
  if (kind < 0.82) return examplesPage(random, 2 + random.integer(4));
  return kind < 0.93 ? interleavedPage(random) : textPage(random);
}

/** Things with names, or keys that no text has used: matching must not depend on knowing the thing. */
function drawEpisode(random: Random): BindingEpisode {
  const ways = 2 + random.integer(random.chance(0.5) ? 2 : 5);
  const naming = random.uniform();
  const strange = random.chance(0.35);
  const concepts = strange ? strangers(random, ways) : knownConcepts;
  return bindingEpisode(random, {
    ways,
    concepts,
    naming: strange || naming < 0.7 ? "invented" : naming < 0.9 ? "shuffled" : "real",
  });
}

function strangers(random: Random, count: number) {
  return Array.from({ length: count }, () => ({ id: inventedWords(random, 1 + random.integer(2)).join(" ") }));
}
