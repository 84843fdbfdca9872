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
  initNfnet,
  type Nfnet,
  type NfnetBlock,
  type NfnetConfig,
  nfnet,
  nfnetGrid,
  type Standardised,
} from "./vision/nfnet.js";
