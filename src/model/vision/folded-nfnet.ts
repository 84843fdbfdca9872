/**
 * Normaliser-free residual networks (Brock et al., arXiv 2102.06171): weight standardisation instead of batch
 * statistics, residual branches scaled to keep variance, squeeze-and-excite, a learnt gain on each branch. Channels are
 * last; a picture is halved by folding 2 x 2 pixels into channels, so every other product is one large matrix product.
 */
import {
  type Axis,
  add,
  axis,
  convolve,
  div,
  matmul,
  mean,
  mul,
  named,
  relu,
  reshape,
  scalar,
  sigmoid,
  sqrt,
  sub,
  transpose,
  type Value,
} from "../../graph/index.js";
import { filled, initLinear, type Linear, linear } from "../../nn/layers.js";
import type { Parameter } from "../../nn/parameters.js";
import type { Random } from "../../random.js";
import { initStandardised, type Standardised } from "./standardised.js";

/** Sizes of a vision tower. */
export interface FoldedNfnetConfig {
  readonly kind: "folded-nfnet";
  /** Height and width of a picture in pixels. */
  readonly size: number;
  /** Channels of the stem, at half the picture's size. */
  readonly stem: number;
  /** Each stage starts by halving the picture. `middle`: channels inside a block. */
  readonly stages: readonly { readonly width: number; readonly middle: number; readonly depth: number }[];
  /** Scale of a residual branch. */
  readonly alpha: number;
  /** Channels of the last 1 x 1 map: the space in which contrastive pretraining compares pictures with captions. */
  readonly head: number;
}

/** Parameters of one residual block; the first of a stage has a shortcut. */
export interface FoldedNfnetBlock<Leaf> {
  readonly shortcut?: Standardised<Leaf>;
  readonly narrow: Standardised<Leaf>;
  readonly spatial: Standardised<Leaf>;
  readonly widen: Standardised<Leaf>;
  readonly squeeze: Linear<Leaf>;
  readonly excite: Linear<Leaf>;
  /** Scalar. */
  readonly branchGain: Leaf;
}

/** Parameters of a vision tower. */
export interface FoldedNfnet<Leaf> {
  readonly stem: Standardised<Leaf>;
  readonly stages: readonly (readonly FoldedNfnetBlock<Leaf>[])[];
  readonly head: Linear<Leaf>;
}

/** A vision tower at random. */
export function initFoldedNfnet(random: Random, config: FoldedNfnetConfig): FoldedNfnet<Parameter> {
  let width = config.stem;
  return {
    head: initLinear(random.fork("head"), config.stages.at(-1)!.width, config.head),
    stem: initStandardised(random.fork("stem"), 9, 12, config.stem),
    stages: config.stages.map((stage, i) =>
      Array.from({ length: stage.depth }, (_, j) => {
        const own = random.fork(`stage ${i} block ${j}`);
        const from = width;
        width = stage.width;
        return {
          ...(j === 0 ? { shortcut: initStandardised(own.fork("shortcut"), 1, from, width) } : {}),
          narrow: initStandardised(own.fork("narrow"), 1, j === 0 ? 4 * from : from, stage.middle),
          spatial: initStandardised(own.fork("spatial"), 9, stage.middle, stage.middle),
          widen: initStandardised(own.fork("widen"), 1, stage.middle, width),
          squeeze: initLinear(own.fork("squeeze"), width, width / 4, Math.SQRT2),
          excite: initLinear(own.fork("excite"), width / 4, width, 0.5),
          branchGain: filled([], 1),
        };
      }),
    ),
  };
}

/**
 * What ReLU of unit normal input is multiplied with to keep unit variance. It goes into the weights that read the ReLU, as
 * they are far fewer than what they read. @source arXiv:2101.08692, section 4.1
 */
const RELU_GAIN = Math.sqrt(2 / (1 - 1 / Math.PI));

/** Convolution by a standardised weight, 1 x 1 or 3 x 3, of `scale` times the input. */
function convolveStandardised({ weight, gain, offset }: Standardised<Value>, x: Value, scale: number): Value {
  const [taps, from, to] = weight.axes;
  const inputs = taps!.size! * from!.size!;
  const flat = reshape(weight, [inputs, to!]);
  const centred = sub(flat, mean(flat, [0], true));
  const variance = mean(mul(centred, centred), [0], true);
  const scaled = mul(gain, scalar(scale));
  const standard = mul(div(centred, sqrt(add(mul(variance, scalar(inputs)), scalar(1e-4)))), scaled);
  const y = taps!.size === 1 ? matmul(x, standard) : convolve(x, reshape(standard, [taps!, from!, to!]));
  return add(y, offset);
}

/** [pictures, height, width, channels] to half the height and width and four times the channels. */
export function foldPixels(x: Value): Value {
  const cells = cellsOf(x);
  const [pictures, height, , width, , channels] = cells.axes;
  return reshape(transpose(cells, [0, 1, 3, 2, 4, 5]), [pictures!, height!, width!, 4 * channels!.size!]);
}

/** The mean of each 2 x 2 cell. */
function halve(x: Value): Value {
  return mean(cellsOf(x), [2, 4]);
}

/** [pictures, height / 2, 2, width / 2, 2, channels] */
function cellsOf(x: Value): Value {
  const [pictures, height, width, channels] = x.axes;
  const half = (a: Axis) => axis(a.name, a.size! / 2);
  return reshape(x, [pictures!, half(height!), 2, half(width!), 2, channels!]);
}

/** @param expected  the deviation that `x` has when training starts */
function residualBlock(params: FoldedNfnetBlock<Value>, config: FoldedNfnetConfig, x: Value, expected: number): Value {
  const positive = relu(x);
  const scale = RELU_GAIN / expected;
  const transition = params.shortcut !== undefined;
  const shortcut = transition ? convolveStandardised(params.shortcut, halve(positive), scale) : x;
  const narrow = convolveStandardised(params.narrow, transition ? foldPixels(positive) : positive, scale);
  const spatial = convolveStandardised(params.spatial, relu(narrow), RELU_GAIN);
  const wide = convolveStandardised(params.widen, relu(spatial), RELU_GAIN);
  const attention = sigmoid(linear(params.excite, relu(linear(params.squeeze, mean(wide, [1, 2], true)))));
  return add(shortcut, mul(wide, mul(attention, mul(params.branchGain, scalar(2 * config.alpha)))));
}

/**
 * Pictures to the grid of features that the resampler reads.
 * @param pixels  [pictures, height, width, 3], normalised to about mean 0, deviation 1
 * @returns  [pictures, patches, visualWidth]: the head's output at every place of the last stage, row by row
 */
export function foldedNfnet(params: FoldedNfnet<Value>, config: FoldedNfnetConfig, pixels: Value): Value {
  let x = convolveStandardised(params.stem, foldPixels(pixels), 1);
  // The variance that the branches have added up; a transition's shortcut starts from 1 again.
  let variance = 1;
  params.stages.forEach((blocks, i) => {
    blocks.forEach((block, j) => {
      x = named(residualBlock(block, config, x, Math.sqrt(variance)), `vision.stage ${i}.block ${j}`);
      variance = (j === 0 ? 1 : variance) + config.alpha ** 2;
    });
  });
  const [pictures, height, width, channels] = x.axes;
  const places = reshape(relu(x), [pictures!, axis("patches", height!.size! * width!.size!), channels!]);
  const head = mul(params.head.weight, scalar(RELU_GAIN));
  return matmul(places, reshape(head, [head.axes[0]!, { ...head.axes[1]!, name: "visualWidth" }]));
}

/** Patches and channels of the grid. */
export function foldedNfnetGrid(config: FoldedNfnetConfig): { patches: number; width: number } {
  const side = config.size / 2 ** (config.stages.length + 1);
  return { patches: side * side, width: config.head };
}
