/**
 * An interleaved document becomes one sequence of tokens, with what each token may look at and whether it is learnt.
 *
 * The sequence of a web page reads
 * `<BOS>Cute pics of my pets!<EOC><image>My puppy sitting in the grass.<EOC><image> My cat looking very dignified.<EOC>`.
 */
import type { Tokenizer } from "../text/tokenizer.js";
import { type Document, isMedium, type Medium } from "./document.js";
import { MarkInTextError } from "./errors.js";

/** How the marks are spelt in a model's vocabulary. `<image>` may be plain text: it is encoded, never looked up. */
export interface Marks {
  readonly image: string;
  readonly eoc: string;
  /** Absent for a language model that was trained without one. */
  readonly bos?: string;
  readonly eos: string;
}

/** What implementations of Flamingo do differently. Change one field by spreading: `{ ...paper, lossOnImageTag: true }`. */
export interface InterleavePolicy {
  readonly marks: Marks;
  /** Whether the text before the first medium is closed with `<EOC>`. There is never one directly after `<BOS>`. */
  readonly firstEoc: "after-text" | "never";
  /** Whether the tokens of `<image>` are learnt. The model is never asked to write one, so by default they are not. */
  readonly lossOnImageTag: boolean;
  /** Whether `<EOC>` is learnt. It must be if the model is to stop by itself. */
  readonly lossOnEoc: boolean;
  /** Whether `<EOS>` is learnt. */
  readonly lossOnEos: boolean;
  /** Whether text is learnt that no `<image>` opened: before the first, and between an `<EOC>` and the next `<image>`. */
  readonly lossOutsideChunks: boolean;
}

/**
 * The paper's page. It says nothing about the loss on `<image>`: ours has none there.
 * @source arXiv:2204.14198, section 2.3 and appendix A (web pages)
 */
export const paper: InterleavePolicy = {
  marks: { image: "<image>", eoc: "<EOC>", bos: "<BOS>", eos: "<EOS>" },
  firstEoc: "after-text",
  lossOnImageTag: false,
  lossOnEoc: true,
  lossOnEos: true,
  lossOutsideChunks: true,
};

/**
 * OpenFlamingo 2: no beginning mark, the first end of chunk deleted, and a loss only from each `<image>` to its end of
 * chunk, so that the end of the text is never learnt.
 * @source github:mlfoundations/open_flamingo, open_flamingo/train/data.py and train_utils.py
 */
export const openFlamingo: InterleavePolicy = {
  marks: { image: "<image>", eoc: "<|endofchunk|>", eos: "<|endoftext|>" },
  firstEoc: "never",
  lossOnImageTag: false,
  lossOnEoc: true,
  lossOnEos: false,
  lossOutsideChunks: false,
};

/** Which medium text belongs to: the one before it or, as an augmentation of web pages, the one after it. */
export type Placement = "previous" | "next";

/** How one document is to be written out. */
export interface InterleaveOptions {
  /** `paper` unless told. */
  readonly policy?: InterleavePolicy;
  /** A prompt that the model is to continue: neither `<EOC>` nor `<EOS>` at its end. */
  readonly open?: boolean;
  /** `previous` unless told. Only `lastMedia` depends on it. */
  readonly placement?: Placement;
  /** Puts one space before each text that directly follows a medium: an augmentation of pairs, drawn with probability 0.5. */
  readonly leadingSpace?: boolean;
}

/** One document as a model reads it. All three lists of numbers are as long as `tokens`. */
export interface Interleaved {
  readonly tokens: readonly number[];
  /** The paper's phi: the medium each token looks at, 1 for the first, 0 for none. */
  readonly lastMedia: readonly number[];
  /** 1 where the token itself is to be predicted (from those before it), else 0. It is not shifted. */
  readonly lossMask: readonly number[];
  /** In the order of their tags. */
  readonly media: readonly Medium[];
  /** Position of the first token of each medium's `<image>`. */
  readonly starts: readonly number[];
  /** Tokens of one `<image>`: 1, unless a vocabulary spells it in pieces. */
  readonly tagLength: number;
  readonly placement: Placement;
}

type Kind = "bos" | "text" | "tag" | "eoc" | "eos";

/**
 * Writes a document as tokens: `<BOS>` first, `<image>` where a medium stands, `<EOC>` before it if text came since the
 * last `<EOC>` or `<image>`, and `<EOC><EOS>` at the end. Media without text between them share a chunk, so that no picture teaches
 * the model to answer with nothing.
 *
 * @throws {MarkInTextError} if a text holds `<image>`, or encodes to a mark: the tags would no longer be as many as the
 *   media, and text would be paired with the wrong picture.
 * @source arXiv:2204.14198, section 2.3 and appendix A (web pages)
 */
export function interleave(document: Document, tokenizer: Tokenizer, options: InterleaveOptions = {}): Interleaved {
  const { policy = paper, open = false, placement = "previous", leadingSpace = false } = options;
  const { marks } = policy;
  const eoc = tokenizer.special(marks.eoc);
  const eos = tokenizer.special(marks.eos);
  const bos = marks.bos === undefined ? undefined : tokenizer.special(marks.bos);
  const tag = tokenizer.encode(marks.image);
  const reserved = new Map([[eos, marks.eos]]).set(eoc, marks.eoc);
  if (bos !== undefined) reserved.set(bos, marks.bos!);

  const tokens: number[] = [];
  const kinds: Kind[] = [];
  const starts: number[] = [];
  const media: Medium[] = [];
  let textSinceTag = false;
  let anythingSinceEnd = false;
  const write = (kind: Kind, ids: readonly number[]) => {
    for (const id of ids) {
      tokens.push(id);
      kinds.push(kind);
    }
    if (kind === "text" || kind === "tag") anythingSinceEnd ||= ids.length > 0;
    if (kind === "text") textSinceTag ||= ids.length > 0;
  };
  const endChunk = () => {
    write("eoc", [eoc]);
    textSinceTag = anythingSinceEnd = false;
  };

  if (bos !== undefined) write("bos", [bos]);
  document.forEach((segment, index) => {
    if ("text" in segment) {
      const before = document[index - 1];
      const space = leadingSpace && before !== undefined && isMedium(before) ? " " : "";
      write("text", encodeText(space + segment.text, index, tokenizer, marks.image, reserved));
    } else if ("endOfChunk" in segment) {
      if (anythingSinceEnd) endChunk();
    } else {
      if (textSinceTag && !(media.length === 0 && policy.firstEoc === "never")) endChunk();
      starts.push(tokens.length);
      media.push(segment);
      write("tag", tag);
      textSinceTag = false;
    }
  });
  if (!open) {
    if (anythingSinceEnd) endChunk();
    write("eos", [eos]);
  }
  const lastMedia = lookAt(tokens.length, starts, tag.length, placement);
  return { tokens, lastMedia, lossMask: lossOn(kinds, policy), media, starts, tagLength: tag.length, placement };
}

/**
 * The paper's phi of every position. Under `previous` it counts the tags that begin at or before a position: an
 * `<image>` looks at its own medium, and the `<EOC>` before it still at the one before. Under `next` every position
 * outside a tag looks one medium further; after the last medium, where the paper says nothing, at the last one.
 *
 * @param length  tokens of the sequence.
 * @param starts  position where each tag begins, rising.
 * @param tagLength  tokens of one tag.
 * @returns  `[length]`, 0 where nothing is seen, n for the n-th medium.
 * @source arXiv:2204.14198, section 2.3 and appendix A (web pages)
 */
export function lookAt(length: number, starts: readonly number[], tagLength: number, placement: Placement): number[] {
  const seen: number[] = [];
  let begun = 0;
  for (let position = 0; position < length; position++) {
    if (position === starts[begun]) begun++;
    const insideTag = begun > 0 && position < starts[begun - 1]! + tagLength;
    seen.push(placement === "next" && !insideTag ? Math.min(begun + 1, starts.length) : begun);
  }
  return seen;
}

function encodeText(
  text: string,
  segment: number,
  tokenizer: Tokenizer,
  imageMark: string,
  reserved: ReadonlyMap<number, string>,
): number[] {
  if (text.includes(imageMark)) throw new MarkInTextError(segment, imageMark);
  const ids = tokenizer.encode(text);
  for (const id of ids) {
    const mark = reserved.get(id);
    if (mark !== undefined) throw new MarkInTextError(segment, mark);
  }
  return ids;
}

function lossOn(kinds: readonly Kind[], policy: InterleavePolicy): number[] {
  const learnt: Record<Kind, boolean> = {
    bos: false,
    text: true,
    tag: policy.lossOnImageTag,
    eoc: policy.lossOnEoc,
    eos: policy.lossOnEos,
  };
  let insideChunk = policy.lossOutsideChunks;
  return kinds.map((kind) => {
    if (kind === "tag") insideChunk = true;
    const counts = learnt[kind] && (insideChunk || kind === "eos");
    if (kind === "eoc") insideChunk = policy.lossOutsideChunks;
    return counts ? 1 : 0;
  });
}
