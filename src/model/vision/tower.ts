/** Vision towers by the kind their configuration names: pictures to a grid of features. */
import type { Value } from "../../graph/index.js";
import type { Parameter } from "../../nn/parameters.js";
import type { Random } from "../../random.js";
import {
  type FoldedNfnet,
  type FoldedNfnetConfig,
  foldedNfnet,
  foldedNfnetGrid,
  initFoldedNfnet,
} from "./folded-nfnet.js";

/** Sizes of a vision tower, whichever it is. */
export type VisionConfig = FoldedNfnetConfig;

/** Parameters of a vision tower. */
export type Vision<Leaf> = FoldedNfnet<Leaf>;

/** A vision tower at random. */
export function initVision(random: Random, config: VisionConfig): Vision<Parameter> {
  return initFoldedNfnet(random, config);
}

/**
 * Pictures to the grid of features that the resampler reads.
 * @param pixels  [pictures, height, width, 3], normalised
 * @returns  [pictures, patches, visionWidth]
 */
export function visionTower(params: Vision<Value>, config: VisionConfig, pixels: Value): Value {
  return foldedNfnet(params, config, pixels);
}

/** Features of one picture: how many, and of how many channels. */
export function visionGrid(config: VisionConfig): { readonly patches: number; readonly width: number } {
  return foldedNfnetGrid(config);
}
