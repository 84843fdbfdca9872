import { type Batching, type LanguageState, logSoftmax } from "../../src/generation/language-state.js";

/** The end of chunk of the tables. */
export const EOC = 0;

/** A language model that is a table: the probabilities of the next token by the tokens so far, joined with spaces. */
export function tableModel(table: (prefix: string) => readonly number[]) {
  const live = new Set<LanguageState>();
  let made = 0;
  const logitsAfter = (tokens: readonly number[]) => Float32Array.from(table(tokens.join(" ")), Math.log);
  const at = (tokens: readonly number[]): LanguageState => {
    const logits = logitsAfter(tokens);
    let released = false;
    const state: LanguageState = {
      logits,
      async extend(token) {
        if (released) throw new Error(`"${tokens.join(" ")}" was extended after its release`);
        made++;
        return at([...tokens, token]);
      },
      release() {
        if (released) throw new Error(`"${tokens.join(" ")}" was released twice`);
        released = true;
        live.delete(state);
      },
    };
    live.add(state);
    return state;
  };
  const prompt = at([]);
  const batching: Batching = {
    extendMany: (steps) => Promise.all(steps.map(({ state, token }) => state.extend(token))),
    scoreMany: async (_, continuations) =>
      continuations.map((tokens) =>
        tokens.slice(1).map((token, i) => logSoftmax(logitsAfter(tokens.slice(0, i + 1)))[token]!),
      ),
  };
  return {
    prompt,
    batching,
    /** States that were made by going on. */
    made: () => made,
    /** States besides the prompt that nobody released. */
    leaked: () => live.size - Number(live.has(prompt)),
    promptIsLive: () => live.has(prompt),
  };
}

/** A table of any numbers of tokens, drawn from a seed: each prefix has its own probabilities. */
export function seededTable(seed: number, vocabulary = 5): (prefix: string) => number[] {
  return (prefix) => {
    let h = seed | 0;
    for (const letter of `${prefix}#`) h = Math.imul(h ^ letter.charCodeAt(0), 2654435761) ^ (h >>> 13);
    const weights = Array.from({ length: vocabulary }, () => {
      h = Math.imul(h ^ (h >>> 15), 2246822519) + 1;
      return 0.02 + ((h >>> 0) % 1000) / 1000;
    });
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight) => weight / total);
  };
}
