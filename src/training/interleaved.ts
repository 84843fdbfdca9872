/**
 * Learning from interleaved documents: the next token, given the text and the pictures before it. What every Flamingo is
 * trained on, whatever it looks at and however its documents are drawn.
 */

import { axis, input, type Value } from "../graph/index.js";
import type { Picture } from "../media/pixels.js";
import type { Flamingo, FlamingoConfig } from "../model/flamingo-parameters.js";
import { wholeTexts } from "../model/whole-texts.js";
import { assemble } from "../prompt/batch.js";
import { framesOf } from "../prompt/document.js";
import type { Interleaved } from "../prompt/interleave.js";
import { truncate } from "../prompt/truncate.js";
import type { Tokenizer } from "../text/tokenizer.js";
import { nextTokenLosses, toSumOne } from "./objective.js";
import type { Feeds } from "./run.js";

/** Rows, tokens and pictures of a batch. */
export interface Shape {
  readonly batch: number;
  readonly text: number;
  readonly media: number;
}

/** A document as tokens, and how much predicting each counts; alike unless told. */
export interface Row {
  readonly item: Interleaved;
  readonly weights?: readonly number[];
}

/** An input of one number for each token of a batch. */
export function perToken({ batch, text }: Shape, name: string, dtype: "int32" | "float32"): Value {
  return input(name, dtype, [axis("batch", batch), axis("text", text)]);
}

/**
 * The loss of each next token, in nats. Its inputs are those of `textFeeds`, and what `visual` is made of.
 * @param visual  the resampler's output for all pictures of the batch, row by row: [batch x media, latents, width]
 * @returns  [batch, text]
 */
export function interleavedLosses(params: Flamingo<Value>, config: FlamingoConfig, shape: Shape, visual: Value): Value {
  const { logits } = wholeTexts(params, config, {
    tokens: perToken(shape, "tokens", "int32"),
    lastMedia: perToken(shape, "lastMedia", "int32"),
    visual,
  });
  return nextTokenLosses(logits, perToken(shape, "targets", "int32"));
}

/**
 * Documents as a batch: cut to its shape, each token with the one after it.
 * @returns  the feeds of `interleavedLosses`; `weights` [batch, text], which sum to 1 and are 0 where nothing is to be
 *   learnt; and the pictures, [batch x media], undefined where a row has fewer
 */
export function textFeeds(
  rows: readonly Row[],
  { text, media }: Shape,
  tokenizer: Tokenizer,
): { feeds: Feeds & { weights: Float32Array }; pictures: (Picture | undefined)[] } {
  const cut = rows.map(({ item }) => truncate(item, { maximumMedia: media, maximumTokens: text + 1 }));
  const packed = assemble(cut, { padId: tokenizer.special("<PAD>"), length: text + 1, media });
  const columns = <Numbers extends Int32Array | Float32Array>(from: Numbers, first: number) =>
    from.filter((_, i) => i % (text + 1) >= first && i % (text + 1) < first + text) as Numbers;
  const counts = ofNextTokens(rows, text, ({ weights }) => weights, 1);
  const weights = columns(packed.lossMask, 1).map((learnt, i) => learnt * counts[i]!);
  return {
    feeds: {
      tokens: columns(packed.tokens, 0),
      targets: columns(packed.tokens, 1),
      lastMedia: columns(packed.lastMedia, 0),
      weights: toSumOne(weights),
    },
    pictures: packed.mediaOf.flatMap((own) =>
      Array.from({ length: media }, (_, n) => (own[n] === undefined ? undefined : framesOf(own[n])[0])),
    ),
  };
}

/**
 * Numbers that rows give for their tokens, each beside the token before it; 0 beyond a row's end.
 * @param otherwise  for all of a row that gives none
 * @returns  [batch, text]
 */
export function ofNextTokens<R extends Row>(
  rows: readonly R[],
  text: number,
  numbersOf: (row: R) => readonly number[] | undefined,
  otherwise: number,
): Float32Array {
  const lists = rows.map(numbersOf);
  return Float32Array.from({ length: rows.length * text }, (_, i) => {
    const own = lists[Math.floor(i / text)];
    return own === undefined ? otherwise : (own[(i % text) + 1] ?? 0);
  });
}
