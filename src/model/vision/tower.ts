/** Vision towers by the kind their configuration names: pictures to a grid of features. */
import type { Value } from "../../graph/index.js";
import type { Parameter } from "../../nn/parameters.js";
import type { Random } from "../../random.js";
import { type ClipVit, type ClipVitConfig, clipVit, clipVitGrid, initClipVit } from "./clip-vit.js";
import {
  type FoldedNfnet,
  type FoldedNfnetConfig,
  foldedNfnet,
  foldedNfnetGrid,
  initFoldedNfnet,
} from "./folded-nfnet.js";
import { initNfnet, type Nfnet, type NfnetConfig, nfnet, nfnetGrid } from "./nfnet.js";

/** Sizes of a vision tower, whichever it is. */
export type VisionConfig = FoldedNfnetConfig | NfnetConfig | ClipVitConfig;

/** Parameters of a vision tower, of the kind that its configuration names. */
export type Vision<Leaf> = FoldedNfnet<Leaf> | Nfnet<Leaf> | ClipVit<Leaf>;

/** A vision tower at random. */
export function initVision(random: Random, config: VisionConfig): Vision<Parameter> {
  switch (config.kind) {
    case "folded-nfnet":
      return initFoldedNfnet(random, config);
    case "nfnet":
      return initNfnet(random, config);
    case "clip-vit":
      return initClipVit(random, config);
  }
}

/**
 * Pictures to the grid of features that the resampler reads.
 * @param pixels  [pictures, height, width, 3], normalised
 * @returns  [pictures, patches, visionWidth]
 */
export function visionTower(params: Vision<Value>, config: VisionConfig, pixels: Value): Value {
  switch (config.kind) {
    case "folded-nfnet":
      return foldedNfnet(params as FoldedNfnet<Value>, config, pixels);
    case "nfnet":
      return nfnet(params as Nfnet<Value>, config, pixels);
    case "clip-vit":
      return clipVit(params as ClipVit<Value>, config, pixels);
  }
}

/** Features of one picture: how many, and of how many channels. */
export function visionGrid(config: VisionConfig): { readonly patches: number; readonly width: number } {
  switch (config.kind) {
    case "folded-nfnet":
      return foldedNfnetGrid(config);
    case "nfnet":
      return nfnetGrid(config);
    case "clip-vit":
      return clipVitGrid(config);
  }
}
