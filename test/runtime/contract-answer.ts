/** Answering on every runtime: a Flamingo with its caches. */
import { openEngine } from "../../src/generation/engine.js";
import { engineInit } from "../../src/generation/graphs.js";
import { frozen } from "../../src/nn/parameters.js";
import { Random } from "../../src/random.js";
import type { Numbers } from "../support/numbers.js";
import type { ContractCase, Found, Place } from "./contract-cases.js";
import { ONCE, onceParameters } from "./contract-model.js";

async function answer({ runtime, device }: Place): Promise<Found> {
  const params = frozen(onceParameters());
  const engine = await openEngine(runtime, engineInit(params, ONCE, { device }));
  const random = new Random("contract").fork("pixels");
  const { size } = ONCE.vision;
  const picture = () => Float32Array.from({ length: size * size * 3 }, () => random.normal());
  const media = await engine.look([picture(), picture()], [1, size, size, 3]);
  const read = await engine.read({ from: null, tokens: [1, 20, 30, 40], lastMedia: [0, 1, 1, 2], media });
  const extended = await engine.extend([
    { state: read.state, token: 50 },
    { state: read.state, token: 60 },
  ]);
  const logits = (data: Float32Array | Float64Array): Numbers => ({
    shape: [data.length],
    data: Float64Array.from(data),
  });
  return {
    "after the prompt": logits(read.logits),
    "after one token": logits(extended[0]!.logits),
    "after another": logits(extended[1]!.logits),
    along: logits(await engine.score(extended[0]!.state, [70, 80, 90])),
  };
}

export const ANSWERING: readonly ContractCase[] = [
  { is: "answers: logits after a prompt with pictures, and after tokens that follow it", run: answer, within: 1e-4 },
];
