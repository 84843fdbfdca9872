/**
 * The published NFNets, F0 to F6: residual networks without normalisation, of standardised weights, with two grouped
 * convolutions in each bottleneck and squeeze-and-excite behind it. Channels are last. Dropout and stochastic depth, which
 * only their own training used, are left out.
 * @source arXiv:2102.06171, section 4 and table 1; arXiv:2204.14198, section 2.1
 */
import {
  add,
  averagePool,
  axis,
  convolve,
  div,
  gelu,
  matmul,
  maximum,
  mean,
  mul,
  named,
  relu,
  reshape,
  scalar,
  sigmoid,
  sqrt,
  sub,
  sum,
  type Value,
} from "../../graph/index.js";
import { filled, initAffine, type Linear, linear } from "../../nn/layers.js";
import type { Parameter } from "../../nn/parameters.js";
import type { Random } from "../../random.js";
import { initStandardised, type Standardised } from "./standardised.js";

/** Sizes of an NFNet. */
export interface NfnetConfig {
  readonly kind: "nfnet";
  /** Height and width of a picture in pixels. The parameters are the same for any. */
  readonly size: number;
  /** Channels behind the stem; its four convolutions make an eighth, a quarter, a half and all of them. */
  readonly stem: number;
  /** Each stage but the first starts by halving the picture. */
  readonly stages: readonly { readonly width: number; readonly depth: number }[];
  /** Channels inside a block, as a share of those it writes. */
  readonly bottleneck: number;
  /** Channels of a group of the grouped convolutions. */
  readonly groupWidth: number;
  /** Channels between squeeze and excite, as a share of those they weigh. */
  readonly squeeze: number;
  /** Scale of a residual branch. */
  readonly alpha: number;
  /** Channels of the last 1 x 1 convolution. */
  readonly head: number;
  /**
   * What lies around a picture that a convolution halves: `"same"` puts the odd row and column behind the last, as
   * DeepMind's code does; `"symmetric"` one before and one behind, as PyTorch's networks do.
   */
  readonly padding: "same" | "symmetric";
  /**
   * What keeps the deviation of a standardised weight off zero: `"floor"` lifts the sum of its squares to 1e-4, as
   * DeepMind's code does; `"add"` adds 1e-5 to its variance, as timm does.
   */
  readonly guard: "floor" | "add";
}

/** Parameters of one residual block; one that halves or widens has a shortcut. */
export interface NfnetBlock<Leaf> {
  readonly shortcut?: Standardised<Leaf>;
  readonly narrow: Standardised<Leaf>;
  /** Two grouped 3 x 3 convolutions, the first of which halves where the stage does. */
  readonly spatial: readonly Standardised<Leaf>[];
  readonly widen: Standardised<Leaf>;
  readonly squeeze: Linear<Leaf>;
  readonly excite: Linear<Leaf>;
  /** Scalar, 0 at first: every block begins as the identity (SkipInit). */
  readonly branchGain: Leaf;
}

/** Parameters of an NFNet. */
export interface Nfnet<Leaf> {
  readonly stem: readonly Standardised<Leaf>[];
  readonly stages: readonly (readonly NfnetBlock<Leaf>[])[];
  readonly head: Standardised<Leaf>;
}

const WIDTHS = [256, 512, 1536, 1536];
const DEPTHS = [1, 2, 6, 3];

/** F`n`: n + 1 times the depth of F0, at the size that it was trained with on ImageNet. */
function published(n: number, size: number): NfnetConfig {
  return {
    kind: "nfnet",
    size,
    stem: 128,
    stages: WIDTHS.map((width, i) => ({ width, depth: DEPTHS[i]! * (n + 1) })),
    bottleneck: 0.5,
    groupWidth: 128,
    squeeze: 0.5,
    alpha: 0.2,
    head: 3072,
    padding: "same",
    guard: "floor",
  };
}

/** 68.4 M parameters: the small tower of the paper's ablations. */
export const NFNET_F0: NfnetConfig = published(0, 192);
/** Trained at 224 pixels. */
export const NFNET_F1: NfnetConfig = published(1, 224);
/** Trained at 256 pixels. */
export const NFNET_F2: NfnetConfig = published(2, 256);
/** Trained at 320 pixels. */
export const NFNET_F3: NfnetConfig = published(3, 320);
/** Trained at 384 pixels. */
export const NFNET_F4: NfnetConfig = published(4, 384);
/** Trained at 416 pixels. */
export const NFNET_F5: NfnetConfig = published(5, 416);
/** 435 M parameters: Flamingo's own tower, which it gives pictures of 320 pixels. @source arXiv:2204.14198, table 5 */
export const NFNET_F6: NfnetConfig = published(6, 448);

/** Shares of the stem's channels that its convolutions make, and how far apart they look. */
const STEM = [
  { share: 1 / 8, stride: 2 },
  { share: 1 / 4, stride: 1 },
  { share: 1 / 2, stride: 1 },
  { share: 1, stride: 2 },
];

/** Channels inside a block that writes `width`, whole groups of them. */
function middleOf({ bottleneck, groupWidth }: NfnetConfig, width: number): number {
  return groupWidth * Math.floor((width * bottleneck) / groupWidth);
}

/** An NFNet at random. */
export function initNfnet(random: Random, config: NfnetConfig): Nfnet<Parameter> {
  const { groupWidth, stem, stages, squeeze } = config;
  let width = 3;
  const convolution = (from: Random, name: string, taps: number, to: number): Standardised<Parameter> => {
    const made = initStandardised(from.fork(name), taps, width, to);
    width = to;
    return made;
  };
  return {
    stem: STEM.map(({ share }, i) => convolution(random, `stem ${i}`, 9, stem * share)),
    stages: stages.map((stage, i) =>
      Array.from({ length: stage.depth }, (_, j): NfnetBlock<Parameter> => {
        const own = random.fork(`stage ${i} block ${j}`);
        const from = width;
        const middle = middleOf(config, stage.width);
        const between = Math.max(1, Math.floor(stage.width * squeeze));
        width = stage.width;
        return {
          ...(widens(j, i, from, width) ? { shortcut: initStandardised(own.fork("shortcut"), 1, from, width) } : {}),
          narrow: initStandardised(own.fork("narrow"), 1, from, middle),
          spatial: [0, 1].map((n) => initStandardised(own.fork(`spatial ${n}`), 9, groupWidth, middle)),
          widen: initStandardised(own.fork("widen"), 1, middle, width),
          squeeze: initAffine(own.fork("squeeze"), width, between, true, Math.SQRT2),
          excite: initAffine(own.fork("excite"), between, width),
          branchGain: filled([], 0),
        };
      }),
    ),
    head: convolution(random, "head", 1, config.head),
  };
}

/** Whether a block's result differs from what it reads in size or width: the first of a stage, as a rule. */
function widens(block: number, stage: number, from: number, to: number): boolean {
  return (block === 0 && stage > 0) || from !== to;
}

/** GELU of unit normal input, times what gives it unit variance again. @source arXiv:2101.08692, section 3 */
function activate(x: Value): Value {
  return mul(gelu(x), scalar(1.7015043497085571));
}

/**
 * Convolution by a standardised weight, 1 x 1 or 3 x 3. The weight is only centred: deviation and gain become one factor for
 * each channel of the result. An engine keeps every step of a frozen weight while it compiles, and these are the fewest.
 */
function convolveStandardised(
  { weight, gain, offset }: Standardised<Value>,
  { padding, guard }: NfnetConfig,
  x: Value,
  { stride = 1, groups = 1 } = {},
): Value {
  const [taps, from] = weight.axes.map(({ size }) => size!);
  const centred = sub(weight, mean(weight, [0, 1], true));
  const squares = sum(mul(centred, centred), [0, 1]);
  const guarded = guard === "floor" ? maximum(squares, scalar(1e-4)) : add(squares, scalar(1e-5 * taps! * from!));
  const around = x.axes.slice(1, -1).map(({ size }) => {
    const beyond = Math.max(0, (Math.ceil(size! / stride) - 1) * stride + 3 - size!);
    return padding === "symmetric" ? ([1, 1] as const) : ([Math.floor(beyond / 2), Math.ceil(beyond / 2)] as const);
  });
  const y =
    taps === 1
      ? matmul(x, reshape(centred, weight.axes.slice(1)))
      : convolve(x, centred, { stride, groups, padding: around });
  return add(mul(y, div(gain, sqrt(guarded))), offset);
}

/** The mean of each 2 x 2 cell; of what there is of it at the end of an odd picture. */
function halve(x: Value): Value {
  return averagePool(x, 2, { padding: x.axes.slice(1, -1).map(({ size }) => [0, size! % 2] as const) });
}

/** @param expected  the deviation that `x` has when training starts */
function residualBlock(
  params: NfnetBlock<Value>,
  config: NfnetConfig,
  x: Value,
  stride: number,
  expected: number,
): Value {
  const positive = mul(activate(x), scalar(1 / expected));
  const pooled = stride === 2 ? halve(positive) : positive;
  const shortcut = params.shortcut === undefined ? x : convolveStandardised(params.shortcut, config, pooled);
  const groups = params.narrow.weight.axes[2]!.size! / config.groupWidth;
  let branch = convolveStandardised(params.narrow, config, positive);
  params.spatial.forEach((spatial, i) => {
    branch = convolveStandardised(spatial, config, activate(branch), { stride: i === 0 ? stride : 1, groups });
  });
  const wide = convolveStandardised(params.widen, config, activate(branch));
  const attention = sigmoid(linear(params.excite, relu(linear(params.squeeze, mean(wide, [1, 2], true)))));
  return add(shortcut, mul(wide, mul(attention, mul(params.branchGain, scalar(2 * config.alpha)))));
}

/**
 * Pictures to the grid of features that the resampler reads: the last convolution, activated, as the network's own
 * classifier and the contrastive objective pool it.
 * @param pixels  [pictures, height, width, 3], normalised
 * @returns  [pictures, patches, visionWidth], row by row
 */
export function nfnet(params: Nfnet<Value>, config: NfnetConfig, pixels: Value): Value {
  let x = pixels;
  params.stem.forEach((convolution, i) => {
    const { stride } = STEM[i]!;
    x = convolveStandardised(convolution, config, i === 0 ? x : activate(x), { stride });
  });
  named(x, "vision.stem");
  // The variance that the branches have added up; a transition's shortcut starts from 1 again.
  let variance = 1;
  params.stages.forEach((blocks, i) => {
    blocks.forEach((block, j) => {
      const stride = i > 0 && j === 0 ? 2 : 1;
      x = named(residualBlock(block, config, x, stride, Math.sqrt(variance)), `vision.stage ${i}.block ${j}`);
      variance = (j === 0 ? 1 : variance) + config.alpha ** 2;
    });
  });
  const features = activate(convolveStandardised(params.head, config, x));
  const [pictures, height, width, channels] = features.axes;
  return reshape(features, [
    pictures!,
    axis("patches", height!.size! * width!.size!),
    axis("visionWidth", channels!.size!),
  ]);
}

/** Patches and channels of the grid. */
export function nfnetGrid(config: NfnetConfig): { patches: number; width: number } {
  let side = config.size;
  for (let halvings = config.stages.length + 1; halvings > 0; halvings--) side = Math.ceil(side / 2);
  return { patches: side * side, width: config.head };
}
