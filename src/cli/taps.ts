/** What stands inside the model between its parts: one run of the whole-sequence graph with its named values kept. */

import type { StoredFlamingo } from "../checkpoints/stored-flamingo.node.js";
import { axes, axis, describeAxes, type Graph, graph, input, tanh } from "../graph/index.js";
import type { Pixels } from "../media/pixels.js";
import { visualTokens } from "../model/flamingo.js";
import { visionTower } from "../model/vision/tower.js";
import { wholeTexts } from "../model/whole-texts.js";
import { bind } from "../nn/layers.js";
import { packPixels } from "../prompt/batch.js";
import type { Interleaved } from "../prompt/interleave.js";
import { portable } from "../runtime/contract.js";
import { nodeRuntime } from "../runtime/onnx.node.js";

/** A value inside the model, its axes with their names. */
export interface Tap {
  readonly axes: string;
  readonly data: Float32Array;
}

/** What one prompt became on its way. */
export interface Taps {
  /** [pictures, patches, visualWidth] */
  readonly features: Tap;
  /** [media, latents, width] */
  readonly visual: Tap;
  /** The text after each gated block, and before it. [batch, text, width] */
  readonly gated: readonly {
    readonly before: Tap;
    readonly after: Tap;
    /** How far its gates let through, channels on average: 1 is all. */
    readonly open: readonly number[];
  }[];
  /** [batch, text, vocabulary] */
  readonly logits: Tap;
  /** Ops of the graph, and the time of its run. */
  readonly ops: number;
  readonly milliseconds: number;
}

/** Runs a prompt through the graph that answers nothing and keeps everything. */
export async function tapsOf(
  stored: StoredFlamingo,
  { tokens, lastMedia }: Interleaved,
  pixels: readonly Pixels[],
): Promise<Taps> {
  const { params, weights, folder } = stored;
  const kept = tappedGraph(stored, tokens.length, pixels.length);
  await using program = await nodeRuntime.compile(portable(kept, weights), { weightsFolder: folder });
  const { data } = packPixels([pixels], pixels.length);
  const began = performance.now();
  const out = await program.run({
    tokens: Int32Array.from(tokens),
    lastMedia: Int32Array.from(lastMedia),
    pixels: data,
    pictures: data,
  });
  const milliseconds = performance.now() - began;
  const tap = (name: string): Tap => ({
    axes: describeAxes(kept.outputs.get(name)!.axes),
    data: out[name]!.data as Float32Array,
  });
  return {
    features: tap("features"),
    visual: tap("visual"),
    gated: params.gated.map((_, i) => ({
      before: tap(`before ${i}`),
      after: tap(`after ${i}`),
      open: GATES.map((gate) => `${gate} ${i}`)
        .filter((name) => kept.outputs.has(name))
        .map((name) => averageOf(tap(name).data)),
    })),
    logits: tap("logits"),
    ops: kept.nodes.length,
    milliseconds,
  };
}

const GATES = ["attentionGate", "denseGate"] as const;

function averageOf(data: Float32Array): number {
  return data.reduce((sum, x) => sum + x, 0) / data.length;
}

/** The model over one whole sequence, with what `Taps` names as outputs. */
function tappedGraph({ config, params }: StoredFlamingo, tokens: number, media: number): Graph {
  const bound = bind(params, "");
  const { size } = config.vision;
  const text = [axis("batch", 1), axis("text", tokens)];
  const shown = input("pixels", "float32", [axis("media", media), ...axes(1, size, size, 3)]);
  const pictures = input("pictures", "float32", [axis("pictures", media), ...axes(size, size, 3)]);
  const visual = visualTokens(bound, config, shown);
  const { logits, read } = wholeTexts(bound, config, {
    tokens: input("tokens", "int32", text),
    lastMedia: input("lastMedia", "int32", text),
    visual,
  });
  const blocks = read.flatMap(({ before, after }, i) => [
    [`before ${i}`, before],
    [`after ${i}`, after],
    ...GATES.flatMap((name) => {
      const gate = bound.gated[i]![name];
      return gate === undefined ? [] : [[`${name} ${i}`, tanh(gate)]];
    }),
  ]);
  const features = visionTower(bound.vision, config.vision, pictures);
  return graph({ features, visual, logits, ...Object.fromEntries(blocks) });
}
