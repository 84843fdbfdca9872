/** The model room: the resampler, the gated blocks and their join; the towers on either side; their sizes. */
export * from "./flamingo.js";
export type { BlockCache, BlockResult, Decoder, DecoderSizes, TextContext } from "./language/decoder.js";
export {
  decoder,
  initLanguage,
  type Language,
  type LanguageConfig,
  languageModel,
  languageSizes,
  unembed,
} from "./language/language.js";
export { causal, distances, linearPositions, wholeSequences } from "./language/positions.js";
export {
  initPrimer,
  type Primer,
  type PrimerBlock,
  type PrimerConfig,
  primerBlock,
  primerDecoder,
} from "./language/primer.js";
export {
  initTransformer,
  type Transformer,
  type TransformerBlock,
  transformerBlock,
  transformerDecoder,
} from "./language/transformer.js";
export type { Positions, TransformerConfig } from "./language/transformer-config.js";
export { NANO, TINY } from "./presets.js";
export {
  type FoldedNfnet,
  type FoldedNfnetBlock,
  type FoldedNfnetConfig,
  foldedNfnet,
  initFoldedNfnet,
  type Standardised,
} from "./vision/folded-nfnet.js";
export { initVision, type Vision, type VisionConfig, visionGrid, visionTower } from "./vision/tower.js";
