/** Candidates held against one another and against evaluation sets: who is the first of its kind, and who a copy. */
import { idOf, readSeen } from "./candidates.js";
import type { Evaluated } from "./evaluation-set.js";
import { type DuplicateRules, NearDuplicates } from "./near-duplicates.js";

/** What comparing a candidate with all others says. */
export interface Verdict {
  /** Why the page is not kept. */
  readonly page: { readonly reason: string; readonly found: string } | undefined;
  /** For each picture why it is not kept. */
  readonly pictures: readonly ({ readonly reason: string; readonly found: string } | undefined)[];
}

/** Compares all candidates in order: of what is there several times, the first is kept. Every process finds the same. */
export async function compare(
  chunks: number,
  own: ReadonlySet<number>,
  work: string,
  duplicates: DuplicateRules,
  evaluated: readonly Evaluated[],
): Promise<ReadonlyMap<number, readonly Verdict[]>> {
  const measured = new NearDuplicates(duplicates);
  for (const { name, ...look } of evaluated) measured.add(look, name);
  const met = new NearDuplicates(duplicates);
  const [addresses, texts] = [new Map<string, string>(), new Map<string, string>()];
  const verdicts = new Map<number, Verdict[]>();
  for (let chunk = 0; chunk < chunks; chunk++) {
    const list: Verdict[] = [];
    for (const { number, url, text, looks } of await readSeen(chunk, chunks, work)) {
      const id = idOf(chunk, number);
      const [sameAddress, sameText] = [addresses.get(url), texts.get(text)];
      if (sameAddress !== undefined || sameText !== undefined) {
        const reason = sameAddress !== undefined ? "address met before" : "text met before";
        list.push({ page: { reason, found: `${url}, as page ${sameAddress ?? sameText}` }, pictures: [] });
        continue;
      }
      addresses.set(url, id);
      texts.set(text, id);
      const pictures = looks.map((look, n) => {
        const test = measured.find(look);
        if (test !== undefined)
          return { reason: "in an evaluation set", found: `picture ${n} as ${test.as}, by ${test.by}` };
        const copy = met.find(look);
        if (copy !== undefined) return { reason: "met before", found: `picture ${n} as ${copy.as}, by ${copy.by}` };
        met.add(look, `picture ${n} of page ${id}`);
        return undefined;
      });
      list.push({ page: undefined, pictures });
    }
    if (own.has(chunk)) verdicts.set(chunk, list);
  }
  return verdicts;
}
