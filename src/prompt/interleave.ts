/**
 * An interleaved document becomes one sequence of tokens, with what each token may look at and whether it is learnt.
 *
 * The sequence of a web page reads
 * `<BOS>Cute pics of my pets!<EOC><image>My puppy sitting in the grass.<EOC><image> My cat looking very dignified.<EOC>`.
 */
import type { Tokenizer } from "../text/tokenizer.js";
import { type Document, isMedium, type Medium } from "./document.js";
import { MarkInTextError } from "./errors.js";
import { type InterleavePolicy, paper } from "./policies.js";
import { placed } from "./texts.js";

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

type Kind = "bos" | "text" | "tag" | "around" | "eoc" | "eos";

/**
 * Writes a document as tokens: `<BOS>` first, `<image>` where a medium stands, `<EOC>` before it if text came since the
 * last `<EOC>` or `<image>`, and `<EOC><EOS>` at the end. Media without text between them share a chunk, so that no picture teaches
 * the model to answer with nothing. Policies say otherwise.
 *
 * @throws {MarkInTextError} if a text holds `<image>`, or encodes to a mark: the tags would no longer be as many as the
 *   media, and text would be paired with the wrong picture.
 * @throws {SpecialTokenError} if the tokenizer lacks a mark of the policy.
 * @source arXiv:2204.14198, section 2.3 and appendix A (web pages)
 */
export function interleave(document: Document, tokenizer: Tokenizer, options: InterleaveOptions = {}): Interleaved {
  const { policy = paper, open = false, placement = "previous", leadingSpace = false } = options;
  const { marks } = policy;
  const special = (mark: string | undefined) => (mark === undefined ? undefined : tokenizer.special(mark));
  const eoc = special(marks.eoc);
  const eos = tokenizer.special(marks.eos);
  const bos = special(marks.bos);
  const around = special(marks.aroundImage);
  const tag = policy.imageTag === "token" ? [tokenizer.special(marks.image)] : tokenizer.encode(marks.image);
  const texts = new Texts(tokenizer, policy, { eoc, eos, bos, around });

  const tokens: number[] = [];
  const kinds: Kind[] = [];
  const starts: number[] = [];
  const media: Medium[] = [];
  let textSinceTag = false;
  let anythingSinceEnd = false;
  let tagSinceEnd = false;
  const write = (kind: Kind, ids: readonly number[]) => {
    for (const id of ids) {
      tokens.push(id);
      kinds.push(kind);
    }
    if (kind === "text" || kind === "tag") anythingSinceEnd ||= ids.length > 0;
    if (kind === "text") textSinceTag ||= ids.length > 0;
  };
  const endChunk = () => {
    if (eoc !== undefined) write("eoc", [eoc]);
    textSinceTag = anythingSinceEnd = tagSinceEnd = false;
  };

  if (bos !== undefined) write("bos", [bos]);
  for (const { segment, index, before } of placed(document, policy)) {
    if ("text" in segment) {
      const space = leadingSpace && before !== undefined && isMedium(before) ? " " : "";
      write("text", texts.encode(space + segment.text, index, tokens.at(-1), kinds.at(-1)));
    } else if ("endOfChunk" in segment) {
      if (anythingSinceEnd) endChunk();
    } else {
      if (textSinceTag && (tagSinceEnd || policy.firstEoc === "after-text")) endChunk();
      if (around !== undefined && kinds.at(-1) !== "around") write("around", [around]);
      starts.push(tokens.length);
      media.push(segment);
      write("tag", tag);
      if (around !== undefined) write("around", [around]);
      textSinceTag = false;
      tagSinceEnd = true;
    }
  }
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

/** What `lookAtTokens` must know of a policy. */
export interface TagIds {
  /** The tokens of one `<image>`. */
  readonly image: readonly number[];
  /** After it nothing is seen, until the next `<image>`. */
  readonly reset?: number;
}

/**
 * What each token of a sequence looks at, by the tokens alone: the running count of tags, those that were written or
 * appended by anyone among them, so that a tag always begins the next medium.
 * @returns  `[tokens]`, 0 where nothing is seen, n for the n-th medium.
 * @source huggingface/transformers, models/idefics/processing_idefics.py, for the reset
 */
export function lookAtTokens(tokens: readonly number[], { image, reset }: TagIds): number[] {
  const starts = [...tokens.keys()].filter((at) => image.every((id, i) => tokens[at + i] === id));
  const seen = lookAt(tokens.length, starts, image.length, "previous");
  if (reset === undefined) return seen;
  let ended = false;
  return tokens.map((id, at) => {
    if (starts.includes(at)) ended = false;
    const looked = ended ? 0 : seen[at]!;
    ended ||= id === reset;
    return looked;
  });
}

/** The tags of a policy as ids, for `lookAtTokens`. @throws {SpecialTokenError} if the tokenizer lacks one */
export function tagIds({ marks, imageTag, resetAtEos }: InterleavePolicy, tokenizer: Tokenizer): TagIds {
  const image = imageTag === "token" ? [tokenizer.special(marks.image)] : tokenizer.encode(marks.image);
  return resetAtEos ? { image, reset: tokenizer.special(marks.eos) } : { image };
}

/** Encodes the texts of one document. */
class Texts {
  readonly #tokenizer: Tokenizer;
  readonly #policy: InterleavePolicy;
  /** Marks that no text may hold, by their ids. */
  readonly #reserved = new Map<number, string>();

  constructor(
    tokenizer: Tokenizer,
    policy: InterleavePolicy,
    ids: Record<"eoc" | "eos" | "bos" | "around", number | undefined>,
  ) {
    this.#tokenizer = tokenizer;
    this.#policy = policy;
    const { eos, eoc, bos, aroundImage } = policy.marks;
    const named = [
      [ids.around, aroundImage],
      [ids.bos, bos],
      [ids.eos, eos],
      [ids.eoc, eoc],
    ] as const;
    for (const [id, mark] of named) if (id !== undefined) this.#reserved.set(id, mark!);
    if (policy.imageTag === "token") this.#reserved.set(tokenizer.special(policy.marks.image), policy.marks.image);
  }

  /**
   * Ids of a text as it stands in its sequence: a tokenizer may cut it otherwise after a mark than at the beginning, and
   * otherwise again after text.
   * @param before  the token before it, and of which kind
   */
  encode(text: string, segment: number, before: number | undefined, kind: Kind | undefined): number[] {
    const { marks, bosInText } = this.#policy;
    if (text.includes(marks.image)) throw new MarkInTextError(segment, marks.image);
    const mark = before === undefined || (kind === "bos" && !bosInText) ? undefined : this.#reserved.get(before);
    const ids = mark === undefined ? this.#plain(text, kind) : this.#after(mark, before!, text);
    for (const id of ids) {
      const reserved = this.#reserved.get(id);
      if (reserved !== undefined) throw new MarkInTextError(segment, reserved);
    }
    return ids;
  }

  #plain(text: string, kind: Kind | undefined): number[] {
    return this.#tokenizer.encode(text, kind === "text" || kind === "tag" ? "after-text" : "start");
  }

  #after(mark: string, id: number, text: string): number[] {
    const ids = this.#tokenizer.encode(mark + text);
    return ids[0] === id ? ids.slice(1) : this.#tokenizer.encode(text);
  }
}

function lossOn(kinds: readonly Kind[], policy: InterleavePolicy): number[] {
  const learnt: Record<Kind, boolean> = {
    bos: false,
    text: true,
    tag: policy.lossOnImageTag,
    around: policy.lossOnImageTag,
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
