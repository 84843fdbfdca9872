/** What a tokenizer does to text before its model cuts it into tokens: rewriting, then cutting into words. */
import { SPACE } from "./byte-level.js";
import { Charsmap } from "./charsmap.js";
import { library } from "./library.js";
import type { TextPlace } from "./tokenizer.js";
import type { Step, TokenizerJson } from "./tokenizer-json.js";

/** The steps of a `tokenizer.json`, ready to be applied. */
export interface Pipeline {
  rewrite(text: string): string;
  /** @param first  whether the text is the first of what was given to be encoded */
  cut(text: string, first: boolean): string[];
}

/**
 * The steps before the model. Character maps are applied exactly, a prefix is written before a text only where one may
 * stand; the rest is the library's.
 * @throws {Error} of the library for a step that it does not know
 */
export function pipelineOf(json: TokenizerJson, place: TextPlace): Pipeline {
  return { rewrite: rewriteOf(json.normalizer, place), cut: cutOf(json.pre_tokenizer, place) };
}

function rewriteOf(step: Step | null, place: TextPlace): Pipeline["rewrite"] {
  if (step === null) return (text) => text;
  if (step.type === "Sequence") {
    const steps = (step.normalizers as readonly Step[]).map((inner) => rewriteOf(inner, place));
    return (text) => steps.reduce((so, rewrite) => rewrite(so), text);
  }
  if (step.type === "Precompiled") {
    const characters = atob(String(step.precompiled_charsmap ?? ""));
    const map = new Charsmap(Uint8Array.from(characters, (character) => character.charCodeAt(0)));
    return (text) => map.rewrite(text);
  }
  if (step.type === "Prepend") {
    if (place === "after-text") return (text) => text;
    return (text) => (text === "" ? "" : String(step.prepend) + text);
  }
  const { normalizer } = withoutModel({ normalizer: step });
  return (text) => normalizer!.normalize(text);
}

function cutOf(step: Step | null, place: TextPlace): Pipeline["cut"] {
  if (step === null) return (text) => [text];
  if (step.type === "Sequence") {
    const steps = (step.pretokenizers as readonly Step[]).map((inner) => cutOf(inner, place));
    return (text, first) =>
      steps.reduce<string[]>((pieces, cut) => pieces.flatMap((piece, n) => cut(piece, first && n === 0)), [text]);
  }
  if (step.type === "Metaspace") return metaspace(step, place);
  const continuing = place === "after-text" && step.type === "ByteLevel";
  const { pre_tokenizer } = withoutModel({ pre_tokenizer: continuing ? { ...step, add_prefix_space: false } : step });
  return (text, first) => pre_tokenizer!.pre_tokenize(text, { section_index: first ? 0 : 1 });
}

/** Spaces as visible characters, one more at the beginning where the scheme asks for it, cut before each unless told. */
function metaspace(step: Step, place: TextPlace): Pipeline["cut"] {
  const mark = String(step.replacement ?? SPACE);
  const scheme = step.prepend_scheme ?? (step.add_prefix_space === false ? "never" : "always");
  const prepends = (first: boolean) => place === "start" && (scheme === "always" || (scheme === "first" && first));
  return (text, first) => {
    const marked = text.replaceAll(" ", mark);
    const whole = prepends(first) && !marked.startsWith(mark) ? mark + marked : marked;
    return step.split === false ? [whole] : whole.split(new RegExp(`(?=${mark})`, "u"));
  };
}

/** The library's own form of some steps, without a vocabulary. */
function withoutModel(steps: Partial<Pick<TokenizerJson, "normalizer" | "pre_tokenizer">>) {
  const rest = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, added_tokens: [] };
  return new library.Tokenizer({ ...rest, ...steps, model: { type: "BPE", vocab: {}, merges: [] } }, {});
}
