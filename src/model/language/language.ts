/** Language models by the kind their configuration names. */
import type { Value } from "../../graph/index.js";
import type { Parameter } from "../../nn/parameters.js";
import type { Random } from "../../random.js";
import type { Decoder, DecoderSizes, TextContext } from "./decoder.js";
import { wholeSequences } from "./positions.js";
import { initPrimer, type Primer, type PrimerConfig, primerDecoder, primerLogits, primerSizes } from "./primer.js";
import { initTransformer, type Transformer, transformerDecoder, transformerLogits } from "./transformer.js";
import { type TransformerConfig, transformerSizes } from "./transformer-config.js";

/** Sizes of a language model, whichever it is. */
export type LanguageConfig = PrimerConfig | TransformerConfig;

/** Parameters of a language model. */
export type Language<Leaf> = Primer<Leaf> | Transformer<Leaf>;

/** A language model at random. */
export function initLanguage(random: Random, config: LanguageConfig): Language<Parameter> {
  switch (config.kind) {
    case "primer":
      return initPrimer(random, config);
    case "transformer":
      return initTransformer(random, config);
  }
}

/** A language model, its tokens standing where `context` says. */
export function decoder(params: Language<Value>, config: LanguageConfig, context: TextContext): Decoder {
  switch (config.kind) {
    case "primer":
      return primerDecoder(params as Primer<Value>, config, context);
    case "transformer":
      return transformerDecoder(params as Transformer<Value>, config, context);
  }
}

/** The residual stream [batch, text, width] to logits [batch, text, vocabulary]. */
export function unembed(params: Language<Value>, config: LanguageConfig, text: Value): Value {
  switch (config.kind) {
    case "primer":
      return primerLogits(params as Primer<Value>, text);
    case "transformer":
      return transformerLogits(params as Transformer<Value>, config, text);
  }
}

/** What caches and heads need to know of a language model. */
export function languageSizes(config: LanguageConfig): DecoderSizes {
  switch (config.kind) {
    case "primer":
      return primerSizes(config);
    case "transformer":
      return transformerSizes(config);
  }
}

/** Logits of whole sequences, without any vision: [batch, text] to [batch, text, vocabulary]. */
export function languageModel(params: Language<Value>, config: LanguageConfig, tokens: Value): Value {
  const { embed, block } = decoder(params, config, wholeSequences(tokens.axes[1]!.size!));
  const { layers } = languageSizes(config);
  const text = Array.from({ length: layers }).reduce<Value>(
    (stream, _, depth) => block(depth, stream).text,
    embed(tokens),
  );
  return unembed(params, config, text);
}
