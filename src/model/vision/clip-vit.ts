/**
 * CLIP's vision transformer: patches of pixels and a class token, learnt positions, a norm before the blocks, pre-norm
 * blocks. What goes on to a Flamingo are the tokens of the last block, as the families that use it take them: raw, not
 * behind the norm that CLIP itself puts on its class token.
 * @source arXiv:2103.00020, section 2.4; arXiv:2308.01390, section 3.1
 */
import {
  add,
  axis,
  concat,
  constant,
  convolve,
  matmul,
  named,
  pad,
  reshape,
  slice,
  type Value,
} from "../../graph/index.js";
import { type AttentionMaps, attendEachOther } from "../../nn/attention.js";
import { type FeedForward, feedForward, initAffine, initNorm, type Norm, norm, normal } from "../../nn/layers.js";
import type { Parameter } from "../../nn/parameters.js";
import type { Random } from "../../random.js";
import { cubicTable } from "./cubic.js";

/** Sizes of a CLIP vision transformer. */
export interface ClipVitConfig {
  readonly kind: "clip-vit";
  /** Height and width of a picture in pixels; what does not fill a patch is cut off. */
  readonly size: number;
  /** Height and width of a patch in pixels. */
  readonly patch: number;
  /**
   * Patches along a side of the grid that the table of positions is for. Where the picture has another number, the table is
   * interpolated: bicubic, without antialiasing, as transformers does.
   */
  readonly positions: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Hidden channels of the feed-forward layers. */
  readonly hidden: number;
  /** `quickGelu` for OpenAI's weights, `gelu` for LAION's. */
  readonly activation: "gelu" | "quickGelu";
  /** Whether the class token is among the features, as their first. OpenFlamingo leaves it out, IDEFICS keeps it. */
  readonly classToken: boolean;
  /** Whether the features are those behind the last norm. Both take them before it, and have then no parameters for it. */
  readonly postNorm: boolean;
}

/** Parameters of one block; every linear map has an offset. */
export interface ClipVitBlock<Leaf> extends AttentionMaps<Leaf> {
  readonly norm: Norm<Leaf>;
  readonly feedForward: FeedForward<Leaf>;
}

/** Parameters of a CLIP vision transformer. */
export interface ClipVit<Leaf> {
  /** [patch x patch, 3, width] */
  readonly patches: Leaf;
  /** [width] */
  readonly classToken: Leaf;
  /** [1 + positions x positions, width], the class token's first */
  readonly positions: Leaf;
  readonly preNorm: Norm<Leaf>;
  readonly blocks: readonly ClipVitBlock<Leaf>[];
  readonly postNorm?: Norm<Leaf>;
}

function published(
  patch: number,
  width: number,
  layers: number,
  heads: number,
  activation: ClipVitConfig["activation"],
): ClipVitConfig {
  return {
    kind: "clip-vit",
    size: 224,
    patch,
    positions: 224 / patch,
    width,
    layers,
    heads,
    hidden: 4 * width,
    activation,
    classToken: false,
    postNorm: false,
  };
}

/** OpenAI's smallest. @source arXiv:2103.00020, table 20 */
export const CLIP_VIT_B_32: ClipVitConfig = published(32, 768, 12, 12, "quickGelu");
/** OpenAI's base size with finer patches. @source arXiv:2103.00020, table 20 */
export const CLIP_VIT_B_16: ClipVitConfig = published(16, 768, 12, 12, "quickGelu");
/** The tower of every OpenFlamingo. */
export const CLIP_VIT_L_14: ClipVitConfig = published(14, 1024, 24, 16, "quickGelu");
/** LAION's, which has the exact GELU; the tower of IDEFICS, which also keeps the class token. */
export const CLIP_VIT_H_14: ClipVitConfig = published(14, 1280, 32, 16, "gelu");

/** A CLIP vision transformer at random. */
export function initClipVit(random: Random, config: ClipVitConfig): ClipVit<Parameter> {
  const { patch, positions, width, layers, hidden, postNorm } = config;
  const narrow = 1 / Math.sqrt(2 * layers);
  const deviation = 1 / Math.sqrt(width);
  return {
    patches: normal(random.fork("patches"), [patch * patch, 3, width], 1 / Math.sqrt(3 * patch * patch)),
    classToken: normal(random.fork("class token"), [width], deviation, false),
    positions: normal(random.fork("positions"), [1 + positions * positions, width], deviation, false),
    preNorm: initNorm(width),
    blocks: Array.from({ length: layers }, (_, depth) => {
      const own = random.fork(`block ${depth}`);
      return {
        norm: initNorm(width),
        query: initAffine(own.fork("query"), width, width),
        key: initAffine(own.fork("key"), width, width),
        value: initAffine(own.fork("value"), width, width),
        output: initAffine(own.fork("output"), width, width, true, narrow),
        feedForward: {
          norm: initNorm(width),
          up: initAffine(own.fork("up"), width, hidden),
          down: initAffine(own.fork("down"), hidden, width, true, narrow),
        },
      };
    }),
    ...(postNorm ? { postNorm: initNorm(width) } : {}),
  };
}

/** Patches along a side of a picture. */
const sideOf = ({ size, patch }: ClipVitConfig) => Math.floor(size / patch);

/** What is added to the tokens before the blocks: the class token, and the positions of all, [1 + patches, width]. */
function placesOf({ classToken, positions }: ClipVit<Value>, config: ClipVitConfig): Value {
  const [from, to] = [config.positions, sideOf(config)];
  const first = add(slice(positions, 0, 0, 1), classToken);
  const grid = slice(positions, 0, 1, from * from);
  const table = () => constant(cubicTable(from, to), [axis("", to * to), axis("", from * from)]);
  return concat([first, from === to ? grid : matmul(table(), grid)], 0);
}

/** One block: [pictures, tokens, width] to the same. */
function clipVitBlock(params: ClipVitBlock<Value>, config: ClipVitConfig, x: Value): Value {
  const attended = add(x, attendEachOther(params, config.heads, norm(params.norm, x)));
  return add(attended, feedForward(params.feedForward, attended, config.activation));
}

/**
 * Pictures to the tokens that the resampler reads.
 * @param pixels  [pictures, height, width, 3], normalised
 * @returns  [pictures, patches, visionWidth], row by row, the class token before them where the configuration keeps it
 */
export function clipVit(params: ClipVit<Value>, config: ClipVitConfig, pixels: Value): Value {
  const pictures = pixels.axes[0]!;
  const { patch, width } = config;
  const side = sideOf(config);
  const grid = convolve(pixels, params.patches, { kernel: [patch, patch], stride: patch, padding: 0 });
  const tokens = pad(reshape(grid, [pictures, side * side, width]), 1, 1, 0);
  let x = named(norm(params.preNorm, add(tokens, placesOf(params, config))), "vision.embedded");
  params.blocks.forEach((block, depth) => {
    x = named(clipVitBlock(block, config, x), `vision.block ${depth}`);
  });
  const kept = config.classToken ? x : slice(x, 1, 1, side * side);
  const features = params.postNorm === undefined ? kept : norm(params.postNorm, kept);
  return reshape(features, [pictures, axis("patches", clipVitGrid(config).patches), axis("visionWidth", width)]);
}

/** Tokens and channels of the features. */
export function clipVitGrid(config: ClipVitConfig): { patches: number; width: number } {
  return { patches: sideOf(config) ** 2 + (config.classToken ? 1 : 0), width: config.width };
}
