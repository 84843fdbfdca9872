/** What decides what a set built of web pages holds, as values that a file can change. */
import { UsageError } from "../../errors.js";
import { ENGLISH } from "./language.js";
import { DUPLICATE_RULES, type DuplicateRules } from "./near-duplicates.js";
import { PICTURE_RULES, type PictureRules } from "./picture-rules.js";
import { GOPHER_QUALITY } from "./quality.js";
import { GOPHER_REPETITION } from "./repetition.js";
import type { TextRules } from "./text-stages.js";

/** What decides which pages, texts and pictures are kept. */
export interface M3wRules extends TextRules {
  readonly pictures: PictureRules;
  readonly duplicates: DuplicateRules;
  /** Pictures of a page after which no more are looked at: what keeps a hostile page from taking all time. */
  readonly maxPictures: number;
}

/** MassiveWeb's rules for texts, the paper's for pictures. */
export const M3W_RULES: M3wRules = {
  language: ENGLISH,
  quality: GOPHER_QUALITY,
  repetition: GOPHER_REPETITION,
  pictures: PICTURE_RULES,
  duplicates: DUPLICATE_RULES,
  maxPictures: 200,
};

/**
 * Rules with some of them changed.
 * @param changes  JSON of the form of the rules, with only what differs
 * @throws {UsageError} naming what is no rule, or of another type than the rule
 */
export function changedRules<Rules extends object>(rules: Rules, changes: unknown, path = ""): Rules {
  if (typeof changes !== "object" || changes === null || Array.isArray(changes))
    throw new UsageError(`The rules${path && ` at ${path}`} are ${JSON.stringify(changes)}.`, "give a JSON object");
  const changed: Record<string, unknown> = Object.fromEntries(Object.entries(rules));
  for (const [name, value] of Object.entries(changes)) {
    const at = path === "" ? name : `${path}.${name}`;
    const usual = (rules as Record<string, unknown>)[name];
    if (usual === undefined)
      throw new UsageError(`There is no rule ${at}.`, `the rules here are ${Object.keys(rules).join(", ")}`);
    if (typeof usual === "object" && usual !== null && !Array.isArray(usual))
      changed[name] = changedRules(usual, value, at);
    else if (typeof value !== typeof usual || Array.isArray(value) !== Array.isArray(usual))
      throw new UsageError(`The rule ${at} is ${JSON.stringify(value)}.`, `give a value like ${JSON.stringify(usual)}`);
    else changed[name] = value;
  }
  return changed as Rules;
}
