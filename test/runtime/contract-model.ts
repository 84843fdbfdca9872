/** A Flamingo that has every part once: a software GPU takes its time to compile the kernels of each. */
import { type Flamingo, type FlamingoConfig, initFlamingo } from "../../src/model/flamingo-parameters.js";
import { TINY } from "../../src/model/presets.js";
import type { Parameter } from "../../src/nn/parameters.js";
import { Random } from "../../src/random.js";
import { stirred } from "../support/parameters.js";

export const ONCE: FlamingoConfig = {
  vision: { ...TINY.vision, stages: [{ width: 16, middle: 8, depth: 1 }] },
  language: { ...TINY.language, layers: 1 },
  resampler: { ...TINY.resampler, layers: 1 },
  gated: { ...TINY.gated, before: [0] },
};

/** Its gates are open. */
export const onceParameters = (): Flamingo<Parameter> => stirred(initFlamingo(new Random("contract"), ONCE), 0.1);
