/**
 * How a record becomes a training example: every rule of which it is known that implementations of Flamingo differ in it.
 * Change one by spreading: `{ ...paperSamples, next: 0 }`.
 */
import { type PictureAugmentation, paperPictures, plainPictures } from "../../media/augment.js";
import type { PixelsOptions } from "../../media/normalise.js";
import { CLIP_COLOURS, openFlamingoPixels } from "../../media/preprocessor.js";
import { type InterleavePolicy, openFlamingo, paper } from "../../prompt/policies.js";
import { type PromptLimits, paperPage } from "../../prompt/truncate.js";

/** What is drawn and cut when an example is made, and how it is written out. */
export interface SampleRules {
  /** Marks, `<EOC>`, what is learnt. */
  readonly policy: InterleavePolicy;
  /** Tokens of a page's window, and the media kept in it: the first ones. */
  readonly page: PromptLimits;
  /** Where a page's window begins: anywhere that leaves it full, or at the page's beginning. */
  readonly window: "random" | "start";
  /** The chance that a page's text looks at the medium after it (the paper's p_next). */
  readonly next: number;
  /** Tokens of a pair; the rest of a long caption is cut off. */
  readonly pairTokens: number;
  /** The chance that one space stands before a pair's text. */
  readonly leadingSpace: number;
  /** A page with fewer media in its window is left out. */
  readonly minimumMedia: number;
  /** The chance that a page with a single medium in its window is left out. */
  readonly dropSingle: number;
  /** How pictures are fitted to the tower and normalised. */
  readonly pixels: PixelsOptions;
  /**
   * `exact`: every pixel as Pillow would have it, as `toPixels` does. `fast`: by libvips, within a level on average and
   * several times as fast.
   */
  readonly resize: "exact" | "fast";
  readonly pictures: PictureAugmentation;
  /** Whether the draws of `pictures` are made for each medium, or once for all of an example. */
  readonly drawn: "each" | "together";
  /** Frames of a video. Of a longer one a random run of so many is taken; the last frame of a shorter one is repeated. */
  readonly frames: number;
}

/**
 * The paper's rules. It states no normalisation; CLIP's stands here. Pairs have 32 tokens, or 64, says its first version.
 * @source arXiv:2204.14198, section 2.3, appendices A and B
 */
export const paperSamples: SampleRules = {
  policy: paper,
  page: paperPage,
  window: "random",
  next: 0.5,
  pairTokens: 32,
  leadingSpace: 0.5,
  minimumMedia: 0,
  dropSingle: 0,
  pixels: { size: 320, ...CLIP_COLOURS, fit: "pad" },
  resize: "fast",
  pictures: paperPictures,
  drawn: "each",
  frames: 8,
};

/**
 * OpenFlamingo 2, as its loaders are written: pages from their beginning with up to six pictures, half of those with a single
 * one left out; no media placement, no leading space, no change of colour, and one coin for the flip of all pictures of
 * an example. What it does wrongly by its own account, the order of pictures, is not here.
 * @source github:mlfoundations/open_flamingo, open_flamingo/train/data.py
 */
export const openFlamingoSamples: SampleRules = {
  policy: openFlamingo,
  page: { maximumMedia: 6, maximumTokens: 256 },
  window: "start",
  next: 0,
  pairTokens: 32,
  leadingSpace: 0,
  minimumMedia: 1,
  dropSingle: 0.5,
  pixels: openFlamingoPixels,
  resize: "exact",
  pictures: { ...plainPictures, flip: 0.5 },
  drawn: "together",
  frames: 1,
};

/** Rules by the name of whose they are. */
export const SAMPLE_RULES = { paper: paperSamples, openflamingo: openFlamingoSamples } as const;
