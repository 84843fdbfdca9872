/** The stages that texts go through, in the paper's order. */
import { type LanguageRules, measureEnglish } from "./language.js";
import { type Fault, type QualityRules, qualityFaults } from "./quality.js";
import { type RepetitionRules, repetitionFaults } from "./repetition.js";

/** Which texts are kept. */
export interface TextRules {
  readonly language: LanguageRules;
  readonly quality: QualityRules;
  readonly repetition: RepetitionRules;
}

/** Why a text is not kept: the first rule that it breaks. */
export interface RefusedText {
  readonly reason: string;
  readonly found: string;
}

/** The stages by the names that they have in the report; each says why a text is not kept, or nothing. */
export const TEXT_STAGES: readonly (readonly [
  stage: string,
  judge: (text: string, rules: TextRules) => RefusedText | undefined,
])[] = [
  [
    "pages: language",
    (text, { language }) => {
      const { score } = measureEnglish(text);
      if (score >= language.minScore) return undefined;
      return { reason: "not English", found: `${score.toFixed(2)}, at least ${language.minScore}` };
    },
  ],
  ["pages: quality", (text, { quality }) => firstOf(qualityFaults(text, quality))],
  ["pages: repetition", (text, { repetition }) => firstOf(repetitionFaults(text, repetition))],
];

function firstOf(faults: readonly Fault<string>[]): RefusedText | undefined {
  const [fault] = faults;
  return fault && { reason: fault.rule, found: `${Number(fault.value.toPrecision(3))}, limit ${fault.limit}` };
}
