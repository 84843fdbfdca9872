/** The model room: the resampler, the gated blocks and their join; the towers on either side; their sizes. */
export {
  type Contrastive,
  type ContrastiveConfig,
  contrastiveLoss,
  embedCaptions,
  embedPictures,
  initContrastive,
} from "./contrastive.js";
export * from "./flamingo.js";
export * from "./flamingo-parameters.js";
export { type Flops, flopsOf, multiplications, type TokenFlops } from "./flops.js";
export { CHINCHILLA, chinchilla } from "./language/chinchilla.js";
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
export type { Distances, Turn } from "./language/rotary.js";
export type { Places, Relative, SelfAttention } from "./language/self-attention.js";
export {
  initTransformer,
  type Transformer,
  type TransformerBlock,
  transformerBlock,
  transformerDecoder,
} from "./language/transformer.js";
export type { Positions, TransformerConfig } from "./language/transformer-config.js";
export {
  type HeldWeights,
  PARTS,
  type PartName,
  parametersByPart,
  partOf,
  shapesOf,
  TRAINED,
  weightOf,
} from "./parts.js";
export { NANO, PAPER_CONTRASTIVE, PRESETS, presetNamed, TINY } from "./presets.js";
export { RESAMPLERS } from "./published/flamingo.js";
export type { Preset } from "./published/preset.js";
export { BERT_BASE, BERT_MINI, type Bert, type BertBlock, type BertConfig, bert, initBert } from "./text/bert.js";
export {
  type Bag,
  type BagConfig,
  type CaptionConfig,
  type CaptionTower,
  captionTower,
  initCaptionTower,
} from "./text/caption-tower.js";
export {
  CLIP_VIT_B_16,
  CLIP_VIT_B_32,
  CLIP_VIT_H_14,
  CLIP_VIT_L_14,
  type ClipVit,
  type ClipVitBlock,
  type ClipVitConfig,
  clipVit,
  initClipVit,
} from "./vision/clip-vit.js";
export {
  type FoldedNfnet,
  type FoldedNfnetBlock,
  type FoldedNfnetConfig,
  foldedNfnet,
  initFoldedNfnet,
} from "./vision/folded-nfnet.js";
export {
  initNfnet,
  NFNET_F0,
  NFNET_F1,
  NFNET_F2,
  NFNET_F3,
  NFNET_F4,
  NFNET_F5,
  NFNET_F6,
  type Nfnet,
  type NfnetBlock,
  type NfnetConfig,
  nfnet,
} from "./vision/nfnet.js";
export type { Standardised } from "./vision/standardised.js";
export { initVision, type Vision, type VisionConfig, visionGrid, visionTower } from "./vision/tower.js";
export { wholeTexts } from "./whole-texts.js";
