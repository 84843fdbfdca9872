/** The quality filter of MassiveWeb (Gopher, arXiv 2112.11446, A.1.1): does a text look like prose? Pure; thresholds are values. */

/** The limits of a text that is kept; a text at a limit is kept. */
export interface QualityRules {
  readonly minWords: number;
  readonly maxWords: number;
  /** Characters a word, the mean over the text. */
  readonly minMeanWordLength: number;
  readonly maxMeanWordLength: number;
  /** Hashes a word; ellipses a word. */
  readonly maxHashes: number;
  readonly maxEllipses: number;
  /** Shares of the lines that are not blank. */
  readonly maxBulletLines: number;
  readonly maxEllipsisLines: number;
  /** Share of words in which there is a letter. */
  readonly minLetterWords: number;
  /** How many different ones of `stopWords` must occur. */
  readonly minStopWords: number;
  readonly stopWords: readonly string[];
}

/** The paper's limits. */
export const GOPHER_QUALITY: QualityRules = {
  minWords: 50,
  maxWords: 100_000,
  minMeanWordLength: 3,
  maxMeanWordLength: 10,
  maxHashes: 0.1,
  maxEllipses: 0.1,
  maxBulletLines: 0.9,
  maxEllipsisLines: 0.3,
  minLetterWords: 0.8,
  minStopWords: 2,
  stopWords: ["the", "be", "to", "of", "and", "that", "have", "with"],
};

/** What the rules look at. */
export interface QualityMeasures {
  readonly words: number;
  readonly meanWordLength: number;
  readonly hashes: number;
  readonly ellipses: number;
  readonly bulletLines: number;
  readonly ellipsisLines: number;
  readonly letterWords: number;
  readonly stopWords: number;
}

/** A rule that a text breaks: which, what was found, and the limit. */
export interface Fault<Rule extends string> {
  readonly rule: Rule;
  readonly value: number;
  readonly limit: number;
}

export type QualityFault = Fault<Exclude<keyof QualityRules, "stopWords">>;

const BULLET = /^\s*[-*•‣▪▫●○◦■□▶►·⁃–]/u;
const ELLIPSIS = /\.\.\.|…/g;

/** Measures a text. Words are what white space parts. @param stopWords in lower case */
export function measureQuality(text: string, stopWords: readonly string[] = GOPHER_QUALITY.stopWords): QualityMeasures {
  const lines = text.split("\n").filter((line) => /\S/.test(line));
  const wanted = new Set(stopWords);
  const met = new Set<string>();
  let words = 0;
  let characters = 0;
  let withLetter = 0;
  for (const [word] of text.matchAll(/\S+/g)) {
    words += 1;
    characters += word.length;
    if (/\p{L}/u.test(word)) withLetter += 1;
    const [bare] = /\p{L}(?:.*\p{L})?/u.exec(word.toLowerCase()) ?? [""];
    if (wanted.has(bare)) met.add(bare);
  }
  const aWord = (count: number) => (words === 0 ? 0 : count / words);
  const aLine = (count: number) => (lines.length === 0 ? 0 : count / lines.length);
  return {
    words,
    meanWordLength: aWord(characters),
    hashes: aWord(text.split("#").length - 1),
    ellipses: aWord([...text.matchAll(ELLIPSIS)].length),
    bulletLines: aLine(lines.filter((line) => BULLET.test(line)).length),
    ellipsisLines: aLine(lines.filter((line) => /(?:\.\.\.|…)\s*$/.test(line)).length),
    letterWords: aWord(withLetter),
    stopWords: met.size,
  };
}

/** The rules a text breaks, in the paper's order; none of a text that is kept. */
export function qualityFaults(text: string, rules: QualityRules = GOPHER_QUALITY): readonly QualityFault[] {
  const found = measureQuality(text, rules.stopWords);
  const faults: QualityFault[] = [];
  const least = (rule: QualityFault["rule"], value: number, limit: number) => {
    if (value < limit) faults.push({ rule, value, limit });
  };
  const most = (rule: QualityFault["rule"], value: number, limit: number) => {
    if (value > limit) faults.push({ rule, value, limit });
  };
  least("minWords", found.words, rules.minWords);
  most("maxWords", found.words, rules.maxWords);
  least("minMeanWordLength", found.meanWordLength, rules.minMeanWordLength);
  most("maxMeanWordLength", found.meanWordLength, rules.maxMeanWordLength);
  most("maxHashes", found.hashes, rules.maxHashes);
  most("maxEllipses", found.ellipses, rules.maxEllipses);
  most("maxBulletLines", found.bulletLines, rules.maxBulletLines);
  most("maxEllipsisLines", found.ellipsisLines, rules.maxEllipsisLines);
  least("minLetterWords", found.letterWords, rules.minLetterWords);
  least("minStopWords", found.stopWords, rules.minStopWords);
  return faults;
}
