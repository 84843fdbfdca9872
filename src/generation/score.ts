/** Which of several given answers is the likeliest: how the paper answers close-ended tasks. */
import { UsageError } from "../errors.js";
import { type Batching, type LanguageState, logSoftmax, oneByOne } from "./language-state.js";

/** How answers are compared. */
export interface ScoreOptions<State extends LanguageState = LanguageState> {
  /** `sum` of a candidate's log-probabilities, or their `mean` per token. The sum unless told; the paper does not say. */
  readonly normalise?: "sum" | "mean";
  /** Put after every candidate, as `<EOC>`, so that a candidate which begins another one is not favoured for its brevity. */
  readonly end?: number;
  readonly batching?: Batching<State>;
  /** States gone on with together, where candidates are read token by token. 8 unless told. */
  readonly atOnce?: number;
  /** Gives up as soon as it fires, throwing its reason. */
  readonly signal?: AbortSignal;
}

/** One candidate and how likely it is. */
export interface Scored {
  /** Its place in the list of candidates, from 0. */
  readonly candidate: number;
  /** The sum of its log-probabilities. */
  readonly logProb: number;
  /** One for each token, and one for `end`. */
  readonly tokenLogProbs: readonly number[];
  /** What it was ranked by. */
  readonly score: number;
}

/**
 * Ranks continuations of a prompt by the probability that the model gives them. What candidates begin with in common is
 * read once.
 *
 * @param state  the prompt, read; it is left as it is, and every state made here is released.
 * @param candidates  token ids of each, tokenised as they would follow the prompt: with their leading space.
 * @returns  all candidates, likeliest first, equals in their own order.
 * @throws {UsageError} if there is no candidate, or one without tokens, which would always win.
 * @source arXiv:2204.14198, section 2.5 and appendix B (evaluation)
 */
export async function score<State extends LanguageState>(
  state: State,
  candidates: readonly (readonly number[])[],
  options: ScoreOptions<State> = {},
): Promise<Scored[]> {
  if (candidates.length === 0) throw new UsageError("No candidates were given to be ranked.", "give at least one");
  const empty = candidates.findIndex(({ length }) => length === 0);
  if (empty >= 0) throw new UsageError(`Candidate ${empty} has no tokens.`, "give every candidate a text");
  const { end, normalise = "sum" } = options;
  const whole = end === undefined ? candidates : candidates.map((tokens) => [...tokens, end]);
  const read = options.batching?.scoreMany ? readTogether : readByPrefix;
  const logProbs = await read(state, whole, options);
  return logProbs
    .map((tokenLogProbs, candidate): Scored => {
      const logProb = tokenLogProbs.reduce((sum, one) => sum + one, 0);
      return {
        candidate,
        logProb,
        tokenLogProbs,
        score: normalise === "mean" ? logProb / tokenLogProbs.length : logProb,
      };
    })
    .sort(byScore);
}

/**
 * Ranks candidates by the mean of their scores in several rankings, such as one for each random order of the same worked
 * examples. The paper takes 6 orders.
 * @throws {UsageError} if the rankings are not of the same candidates.
 * @source arXiv:2204.14198, appendix A (prompt ensembling)
 */
export function ensemble(rankings: readonly (readonly Scored[])[]): Pick<Scored, "candidate" | "score">[] {
  const count = rankings[0]?.length ?? 0;
  const totals = Array<number>(count).fill(0);
  for (const ranking of rankings) {
    if (ranking.length !== count)
      throw new UsageError(
        `Rankings of ${count} and of ${ranking.length} candidates were put together.`,
        "rank the same",
      );
    for (const { candidate, score } of ranking) totals[candidate]! += score / rankings.length;
  }
  return totals.map((score, candidate) => ({ candidate, score })).sort(byScore);
}

type Ranked = Pick<Scored, "candidate" | "score">;

/** Best first, also where scores are -Infinity and have no difference. */
function byScore(a: Ranked, b: Ranked): number {
  return a.score === b.score ? a.candidate - b.candidate : a.score < b.score ? 1 : -1;
}

async function readTogether<State extends LanguageState>(
  state: State,
  candidates: readonly (readonly number[])[],
  { batching, signal }: ScoreOptions<State>,
): Promise<number[][]> {
  signal?.throwIfAborted();
  const first = logSoftmax(state.logits);
  const rest = await batching!.scoreMany!(state, candidates, signal);
  return candidates.map((tokens, candidate) => [first[tokens[0]!]!, ...Array.from(rest[candidate]!)]);
}

/** Walks the tree of the candidates' common beginnings, depth first, so that few states are held at a time. */
async function readByPrefix<State extends LanguageState>(
  state: State,
  candidates: readonly (readonly number[])[],
  { batching, atOnce = 8, signal }: ScoreOptions<State>,
): Promise<number[][]> {
  const together = (batching ?? oneByOne) as Batching<State>;
  const logProbs: number[][] = candidates.map(() => []);
  const walk = async (from: State, members: readonly number[], depth: number): Promise<void> => {
    signal?.throwIfAborted();
    const next = logSoftmax(from.logits);
    const branches = new Map<number, number[]>();
    for (const member of members) {
      const tokens = candidates[member]!;
      const token = tokens[depth]!;
      logProbs[member]!.push(next[token]!);
      if (depth + 1 < tokens.length) branches.set(token, [...(branches.get(token) ?? []), member]);
    }
    const waiting = [...branches];
    for (let begin = 0; begin < waiting.length; begin += atOnce) {
      const group = waiting.slice(begin, begin + atOnce);
      const states = await together.extendMany(
        group.map(([token]) => ({ state: from, token })),
        signal,
      );
      try {
        for (const [i, [, below]] of group.entries()) await walk(states[i]!, below, depth + 1);
      } finally {
        for (const made of states) made.release?.();
      }
    }
  };
  await walk(state, [...candidates.keys()], 0);
  return logProbs;
}
