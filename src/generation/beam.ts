/** Beam search, as the paper answers open-ended tasks: width 3, until `<EOC>`. */
import { UsageError } from "../errors.js";
import {
  type Batching,
  type LanguageState,
  likeliestTokens,
  logSoftmax,
  oneByOne,
  type Step,
} from "./language-state.js";
import { type Finished, type Generated, requireStop, type StopOptions } from "./stop.js";

/** How wide is searched, and how answers of different lengths compare. */
export interface BeamOptions<State extends LanguageState = LanguageState> extends StopOptions {
  /** Texts kept at each step. 3 in the paper. */
  readonly width: number;
  /**
   * Answers are ranked by `logProb / length ** lengthPenalty`, the stop token counted: above 0 favours long ones. 0, the
   * plain sum, unless told; the paper names none.
   */
  readonly lengthPenalty?: number;
  readonly batching?: Batching<State>;
}

/** One of the answers found. */
export interface Hypothesis extends Generated {
  /** What it was ranked by. */
  readonly score: number;
}

interface Beam<State> {
  readonly tokens: readonly number[];
  readonly tokenLogProbs: readonly number[];
  readonly logProb: number;
  readonly state: State;
}

interface Candidate<State> {
  readonly from: Beam<State>;
  readonly token: number;
  readonly tokenLogProb: number;
  readonly logProb: number;
}

/**
 * Searches for the likeliest answers. At each step the continuations of all kept texts are ranked together; those among
 * the first `width` that stop are answers, and the first `width` that do not are kept. It ends when no kept text can
 * still outdo the `width` best answers, or at `maximumTokens`.
 *
 * @param state  the prompt, read; it is left as it is, and every state made here is released. All texts go on from it,
 *   so its pictures are encoded and stored once.
 * @returns  up to `width` answers, best first; never none.
 * @source arXiv:2204.14198, appendix B (evaluation)
 */
export async function beam<State extends LanguageState>(
  state: State,
  options: BeamOptions<State>,
): Promise<[Hypothesis, ...Hypothesis[]]> {
  requireStop(options);
  const { width, maximumTokens, stop, forbidden, signal, lengthPenalty = 0 } = options;
  if (!Number.isInteger(width) || width < 1)
    throw new UsageError(`A beam of width ${width} was asked for.`, "give a whole number, 1 or more");
  const batching = (options.batching ?? oneByOne) as Batching<State>;
  const found: Hypothesis[] = [];
  let beams: Beam<State>[] = [{ tokens: [], tokenLogProbs: [], logProb: 0, state }];
  try {
    while (beams.length > 0 && beams[0]!.tokens.length < maximumTokens) {
      signal?.throwIfAborted();
      const ranked = rankContinuations(beams, width + stop.length, forbidden);
      for (const candidate of ranked.slice(0, width))
        if (stop.includes(candidate.token)) found.push(answer(grown(candidate), "eoc", lengthPenalty));
      found.sort((a, b) => b.score - a.score).splice(width);
      const kept = ranked.filter(({ token }) => !stop.includes(token)).slice(0, width);
      const hopeful = kept.some(
        (candidate) => found.length < width || best(candidate, maximumTokens, lengthPenalty) > found.at(-1)!.score,
      );
      const before = beams;
      const last = before[0]!.tokens.length + 1 === maximumTokens;
      const states = hopeful && !last ? await batching.extendMany(steps(kept), signal) : kept.map(() => state);
      beams = hopeful ? kept.map((candidate, i) => advanced(candidate, states[i]!)) : [];
      release(before, state);
    }
    for (const text of beams) found.push(answer(text, "length", lengthPenalty));
  } finally {
    release(beams, state);
  }
  return found.sort((a, b) => b.score - a.score).slice(0, width) as [Hypothesis, ...Hypothesis[]];
}

/** Enough continuations for `width` to be left when all stop tokens are taken out. */
function rankContinuations<State extends LanguageState>(
  beams: readonly Beam<State>[],
  count: number,
  forbidden: readonly number[] | undefined,
): Candidate<State>[] {
  return beams
    .flatMap((from) => {
      const logProbs = logSoftmax(from.state.logits, forbidden);
      return likeliestTokens(logProbs, count).map((token) => {
        const tokenLogProb = logProbs[token]!;
        return { from, token, tokenLogProb, logProb: from.logProb + tokenLogProb };
      });
    })
    .sort((a, b) => b.logProb - a.logProb);
}

function steps<State extends LanguageState>(kept: readonly Candidate<State>[]): Step<State>[] {
  return kept.map(({ from, token }) => ({ state: from.state, token }));
}

function advanced<State>(candidate: Candidate<State>, state: State): Beam<State> {
  const text = grown(candidate);
  return { ...text, tokens: [...text.tokens, candidate.token], state };
}

function grown<State>({ from, tokenLogProb, logProb }: Candidate<State>): Omit<Beam<State>, "state"> {
  return { tokens: from.tokens, tokenLogProbs: [...from.tokenLogProbs, tokenLogProb], logProb };
}

function answer(text: Omit<Beam<unknown>, "state">, finished: Finished, lengthPenalty: number): Hypothesis {
  const { tokens, tokenLogProbs, logProb } = text;
  return { tokens, tokenLogProbs, logProb, finished, score: scoreOf(logProb, tokenLogProbs.length, lengthPenalty) };
}

/** The best score that a text can still come to: its sum only falls, its length only rises. */
function best(candidate: Candidate<unknown>, maximumTokens: number, lengthPenalty: number): number {
  const length = lengthPenalty > 0 ? maximumTokens : candidate.from.tokenLogProbs.length + 1;
  return scoreOf(candidate.logProb, length, lengthPenalty);
}

function scoreOf(logProb: number, length: number, lengthPenalty: number): number {
  return lengthPenalty === 0 ? logProb : logProb / Math.max(1, length) ** lengthPenalty;
}

function release<State extends LanguageState>(beams: readonly Beam<State>[], prompt: State): void {
  for (const state of new Set(beams.map((text) => text.state))) if (state !== prompt) state.release?.();
}
