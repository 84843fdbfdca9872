/** The whole model over whole texts, as it learns and as it is looked into; answering goes on from caches instead. */
import { axis, constant, type Value } from "../graph/index.js";
import { bySequence, type FlamingoResult, flamingo, visualKeysAndValues } from "./flamingo.js";
import type { Flamingo, FlamingoConfig } from "./flamingo-parameters.js";
import { wholeSequences } from "./language/positions.js";

/**
 * Texts with the media they look at, padding at their ends.
 * @param tokens  [batch, text] int32
 * @param lastMedia  [batch, text] int32: 0 none, n the n-th medium of the text; the paper's phi
 * @param visual  what `visualTokens` makes of the media, as many for each text, text by text: [batch x media, latents, width]
 */
export function wholeTexts(
  params: Pick<Flamingo<Value>, "language" | "gated" | "grafts">,
  config: FlamingoConfig,
  { tokens, lastMedia, visual }: { readonly tokens: Value; readonly lastMedia: Value; readonly visual: Value },
): FlamingoResult {
  const [batch, text] = tokens.axes.map(({ size }) => size!);
  const [media, latents] = visual.axes.map(({ size }) => size!);
  const read = bySequence(visual, batch!);
  const mediaOfSeen = Int32Array.from({ length: (media! / batch!) * latents! }, (_, i) => 1 + Math.floor(i / latents!));
  return flamingo(
    params,
    config,
    tokens,
    params.gated.map((block) => visualKeysAndValues(block, config.gated, read)),
    { form: "mask", lastMedia, mediaOfSeen: constant(mediaOfSeen, [axis("seen", mediaOfSeen.length)]) },
    wholeSequences(text!),
  );
}
