/**
 * What the families of Flamingo write differently around the same document: which marks, where, what is learnt, and what
 * ends an answer.
 */
import { UsageError } from "../errors.js";
import type { Tokenizer } from "../text/tokenizer.js";
import type { NamedTokenizer } from "../text/vocabulary.js";

/** How the marks are spelt in a model's vocabulary. */
export interface Marks {
  readonly image: string;
  /** Stands before and after every image, once between two; absent but in IDEFICS. */
  readonly aroundImage?: string;
  /** Ends a chunk; absent in IDEFICS. */
  readonly eoc?: string;
  /** Ends what one speaker says; absent in models that were not taught to converse. */
  readonly endOfUtterance?: string;
  /** Absent for a language model that was trained without one. */
  readonly bos?: string;
  readonly eos: string;
  readonly pad?: string;
}

/** What implementations of Flamingo do differently. Change one field by spreading: `{ ...paper, lossOnImageTag: true }`. */
export interface InterleavePolicy {
  readonly marks: Marks;
  /** Whether `<image>` is plain text, which is encoded, or a token of its own, which is looked up. */
  readonly imageTag: "text" | "token";
  /**
   * Whether `<BOS>` is written at the head of the text, or put before its tokens. Only some tokenizers tell the two
   * apart: those that begin the first text of a sequence otherwise than others.
   */
  readonly bosInText: boolean;
  /**
   * Texts that directly follow one another: cut into tokens one by one, or as one text; `stripped`, as one without the
   * spaces at the ends of each.
   */
  readonly texts: "apart" | "joined" | "stripped";
  /** What stands between a prompt that ends in text and its answer. */
  readonly beforeAnswer: " " | "";
  /** Whether the text before the first medium is closed with `<EOC>`. There is never one directly after `<BOS>`. */
  readonly firstEoc: "after-text" | "never";
  /** Whether what follows `<EOS>` looks at nothing, until the next medium. */
  readonly resetAtEos: boolean;
  /** Whether the tokens of `<image>` are learnt. The model is never asked to write one, so by default they are not. */
  readonly lossOnImageTag: boolean;
  /** Whether `<EOC>` is learnt. It must be if the model is to stop by itself. */
  readonly lossOnEoc: boolean;
  /** Whether `<EOS>` is learnt. */
  readonly lossOnEos: boolean;
  /** Whether text is learnt that no `<image>` opened: before the first, and between an `<EOC>` and the next `<image>`. */
  readonly lossOutsideChunks: boolean;
  /** What ends an answer, of the marks that the policy has. */
  readonly stop: readonly (keyof Marks)[];
  /** What an answer never holds, of the marks that the policy has. */
  readonly forbidden: readonly (keyof Marks)[];
}

/**
 * The paper's page. It says nothing about the loss on `<image>`: ours has none there.
 * @source arXiv:2204.14198, section 2.3 and appendix A (web pages)
 */
export const paper: InterleavePolicy = {
  marks: { image: "<image>", eoc: "<EOC>", bos: "<BOS>", eos: "<EOS>", pad: "<PAD>" },
  imageTag: "text",
  bosInText: false,
  texts: "apart",
  beforeAnswer: " ",
  firstEoc: "after-text",
  resetAtEos: false,
  lossOnImageTag: false,
  lossOnEoc: true,
  lossOnEos: true,
  lossOutsideChunks: true,
  stop: ["eoc", "eos"],
  forbidden: ["pad", "bos", "image"],
};

/**
 * OpenFlamingo 2: no beginning mark (with LLaMA, give its `<s>`), the first end of chunk deleted, and a loss only from
 * each `<image>` to its end of chunk, so that the end of the text is never learnt and does not end an answer. Its own code
 * lets an answer hold an `<image>` that nobody gave, upon which the text looks at the wrong pictures; here it does not.
 * @source github:mlfoundations/open_flamingo, open_flamingo/train/data.py, train_utils.py and src/flamingo.py
 */
export const openFlamingo: InterleavePolicy = {
  marks: { image: "<image>", eoc: "<|endofchunk|>", eos: "<|endoftext|>", pad: "<PAD>" },
  imageTag: "token",
  bosInText: false,
  texts: "joined",
  beforeAnswer: "",
  firstEoc: "never",
  resetAtEos: false,
  lossOnImageTag: false,
  lossOnEoc: true,
  lossOnEos: false,
  lossOutsideChunks: false,
  stop: ["eoc"],
  forbidden: ["image", "pad", "bos"],
};

/**
 * IDEFICS: every image between two marks of its own, one between neighbouring images; no end of chunk; texts without the
 * spaces at their ends; nothing seen after an end of text. The mark before an image looks at the image before. Its loss
 * is not published with it: here all is learnt but images and the marks around them.
 * @source huggingface/transformers, models/idefics/processing_idefics.py
 */
export const idefics: InterleavePolicy = {
  marks: { image: "<image>", aroundImage: "<fake_token_around_image>", bos: "<s>", eos: "</s>", pad: "<unk>" },
  imageTag: "token",
  bosInText: true,
  texts: "stripped",
  beforeAnswer: " ",
  firstEoc: "never",
  resetAtEos: true,
  lossOnImageTag: false,
  lossOnEoc: false,
  lossOnEos: true,
  lossOutsideChunks: true,
  stop: ["eos"],
  forbidden: ["image", "aroundImage"],
};

/** IDEFICS as it was taught to converse: `<end_of_utterance>` between texts that follow one another, and after an answer. */
export const ideficsInstruct: InterleavePolicy = {
  ...idefics,
  marks: { ...idefics.marks, endOfUtterance: "<end_of_utterance>" },
  stop: ["endOfUtterance"],
};

/** Every policy by the name that a model's `config.json` calls it. */
export const POLICIES = { paper, openflamingo: openFlamingo, idefics, "idefics-instruct": ideficsInstruct } as const;

/** How a saved model says what its prompts look like. */
export interface PromptConfig {
  readonly policy: keyof typeof POLICIES;
  /** Marks that are spelt otherwise than the policy has them; `null` for one that the vocabulary lacks. */
  readonly marks?: { readonly [Mark in keyof Marks]?: string | null };
}

/**
 * The policy that a saved model names.
 * @throws {UsageError} for a name that no policy has, and for a mark without which no prompt can be written.
 */
export function policyOf({ policy, marks = {} }: PromptConfig): InterleavePolicy {
  if (!Object.hasOwn(POLICIES, policy))
    throw new UsageError(
      `There is no prompt policy "${policy}".`,
      `name one of ${Object.keys(POLICIES).join(", ")} in config.json`,
    );
  const named: InterleavePolicy = POLICIES[policy];
  const { image, eos, ...others } = { ...named.marks, ...marks };
  if (typeof image !== "string" || typeof eos !== "string")
    throw new UsageError(
      `The prompt policy "${policy}" was left without ${typeof image === "string" ? "an end of text" : "an image tag"}.`,
      "give the marks image and eos in config.json, or leave them out for those of the policy",
    );
  const rest = Object.fromEntries(Object.entries(others).filter(([, mark]) => mark !== null));
  return { ...named, marks: { image, eos, ...rest } };
}

/**
 * How the `config.json` of a model says what its prompts look like, its language model's tokenizer given. Marks are
 * named only where they differ from the policy's.
 */
export function promptConfigOf(
  policy: keyof typeof POLICIES,
  { names, begins }: Pick<NamedTokenizer, "names" | "begins">,
): PromptConfig {
  const usual: Marks = POLICIES[policy].marks;
  const own = { bos: begins ? names.bos : undefined, eos: names.eos ?? usual.eos, pad: names.pad };
  const marks = Object.fromEntries(
    (["bos", "eos", "pad"] as const)
      .filter((mark) => own[mark] !== usual[mark])
      .map((mark) => [mark, own[mark] ?? null]),
  );
  return Object.keys(marks).length === 0 ? { policy } : { policy, marks };
}

/** What generation is told of a policy, as ids of a tokenizer. */
export interface Ending {
  /** They end an answer. */
  readonly stop: readonly number[];
  /** They are never written. */
  readonly forbidden: readonly number[];
  /** What stands after a whole answer, and so counts among its tokens where answers are ranked: the first that stops. */
  readonly end: number;
}

/**
 * The ids that end an answer, and those that it never holds. A tag that the vocabulary spells in pieces is not among
 * these: each piece may be part of a word.
 * @throws {SpecialTokenError} if the tokenizer lacks a mark of the policy.
 */
export function endingOf({ marks, imageTag, stop, forbidden }: InterleavePolicy, tokenizer: Tokenizer): Ending {
  const idsOf = (names: readonly (keyof Marks)[]) =>
    names.flatMap((name) => {
      const mark = marks[name];
      if (mark === undefined) return [];
      if (name !== "image" || imageTag === "token") return [tokenizer.special(mark)];
      const pieces = tokenizer.encode(mark);
      return pieces.length === 1 ? pieces : [];
    });
  const stops = idsOf(stop);
  return { stop: stops, forbidden: idsOf(forbidden), end: stops[0]! };
}
