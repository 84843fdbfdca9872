/** The model room: the resampler, the gated blocks and their join; the towers on either side; their sizes. */
export * from "./flamingo.js";
export type { BlockCache, BlockResult, TextContext } from "./language/decoder.js";
export {
  embedTokens,
  initPrimer,
  linearPositions,
  type Primer,
  type PrimerBlock,
  type PrimerConfig,
  primer,
  primerBlock,
  unembed,
  wholeSequencePositions,
} from "./language/primer.js";
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
