/** Tokens that are recognised in text before anything else is. */
import { type AddedToken, specialPattern } from "./tokenizer-json.js";

/** Part of a text: a token that was recognised in it, or what stands between such tokens. */
export type Section = { readonly id: number } | { readonly text: string; readonly first: boolean };

/** Finds added tokens, the longest where several begin at one place. */
export class AddedTokens {
  readonly #tokens: ReadonlyMap<string, AddedToken>;
  readonly #pattern: RegExp | undefined;

  /** @param written  how each token stands in the text it is looked for in */
  constructor(written: ReadonlyMap<string, AddedToken>) {
    this.#tokens = written;
    this.#pattern = written.size === 0 ? undefined : specialPattern([...written.keys()], "g");
  }

  /** The text in order, tokens and what is between them; nothing is left out but spaces that a token takes to itself. */
  split(text: string, first: boolean): Section[] {
    if (this.#pattern === undefined) return text === "" ? [] : [{ text, first }];
    const sections: Section[] = [];
    let from = 0;
    for (const match of text.matchAll(this.#pattern)) {
      const token = this.#tokens.get(match[0])!;
      let start = match.index;
      let end = start + match[0].length;
      if (start < from || (token.single_word && !standsAlone(text, start, end))) continue;
      if (token.lstrip) start = Math.max(from, text.slice(0, start).trimEnd().length);
      if (token.rstrip) end = text.length - text.slice(end).trimStart().length;
      if (start > from) sections.push({ text: text.slice(from, start), first: first && from === 0 });
      sections.push({ id: token.id });
      from = end;
    }
    if (from < text.length) sections.push({ text: text.slice(from), first: first && from === 0 });
    return sections;
  }
}

function standsAlone(text: string, start: number, end: number): boolean {
  return !/[\p{L}\p{M}\p{N}\p{Pc}]$/u.test(text.slice(0, start)) && !/^[\p{L}\p{M}\p{N}\p{Pc}]/u.test(text.slice(end));
}
