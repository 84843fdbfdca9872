/** A Flamingo of the smallest size in a folder: random weights, every gate open, a tokenizer of its own. */
import type { FlamingoFile } from "../../src/checkpoints/flamingo-file.js";
import { saveFlamingo } from "../../src/checkpoints/flamingo-folder.node.js";
import type { Picture } from "../../src/media/pixels.js";
import { type Flamingo, initFlamingo } from "../../src/model/flamingo-parameters.js";
import { TINY } from "../../src/model/presets.js";
import type { Parameter } from "../../src/nn/parameters.js";
import { Random } from "../../src/random.js";
import { trainBpe } from "../../src/text/bpe-trainer.js";
import { stirred } from "./parameters.js";

export const TINY_FILE: FlamingoFile = {
  kind: "flamingo",
  name: "tiny",
  ...TINY,
  vision: { ...TINY.vision, stages: [...TINY.vision.stages] },
  normalisation: { mean: [0.5, 0.5, 0.5], deviation: [0.25, 0.25, 0.25] },
  limits: { maximumMedia: 4, maximumTokens: 64 },
};

/** Saves one, as it is after `change`, or another of the same tokenizer. */
export async function saveTinyModel(
  folder: string,
  change: (params: Flamingo<Parameter>) => Flamingo<Parameter> = (params) => params,
  config: FlamingoFile = TINY_FILE,
): Promise<void> {
  const corpus = Array(20).fill("<image>Output: a red apple<image>Output: a dog<image>Output: yes no");
  await saveFlamingo(folder, {
    config,
    tokenizer: trainBpe(corpus, { vocabularySize: TINY.language.vocabulary }),
    params: change(stirred(initFlamingo(new Random("tiny"), config))),
  });
}

/** A picture of random pixels, another for every name. */
export function noise(name: string, width = 16, height = 16): Picture {
  const random = new Random(name);
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, () => random.integer(256)) };
}
