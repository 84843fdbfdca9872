/** How token ids are written as text again: the bytes of each, one after the other. */
import { byteOfToken, SPACE, tokenBytes } from "./byte-level.js";
import type { Step, TokenizerJson } from "./tokenizer-json.js";

/** The text of token ids. */
export interface Spelling {
  /** Most UTF-16 units of a text that one token can stand for: a unit is one byte at least, a special token as long as it is written. */
  readonly longest: number;
  /** @param unheard  called for an id that there is not */
  write(ids: readonly number[], unheard: (id: number) => never): string;
}

/** How a file's decoder spells a token, and what it takes away from the whole text. */
interface Decoding {
  readonly bytes: (token: string) => Uint8Array;
  /** One space at the beginning, or all at both ends. */
  readonly trim?: "first" | "ends";
}

/**
 * The spelling of a byte-level or a SentencePiece tokenizer. Special tokens are spelt with nothing.
 * @param ids  of every token, the added ones among them
 * @returns  undefined for a decoder of another kind
 */
export function spellingOf(json: TokenizerJson, ids: ReadonlyMap<string, number>): Spelling | undefined {
  const decoding = decodingOf(json);
  if (decoding === undefined) return undefined;
  const added = new Map(json.added_tokens.map(({ content, special }) => [content, special]));
  const bytes: Uint8Array[] = [];
  let longest = 0;
  for (const [token, id] of ids) {
    const special = added.get(token);
    if (special === undefined) bytes[id] = decoding.bytes(token);
    else bytes[id] = special ? new Uint8Array(0) : new TextEncoder().encode(token);
    longest = Math.max(longest, bytes[id].length, special === undefined ? 0 : token.length);
  }
  return {
    longest,
    write(given, unheard) {
      const pieces = given.map((id) => bytes[id] ?? unheard(id));
      const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
      let at = 0;
      for (const piece of pieces) {
        all.set(piece, at);
        at += piece.length;
      }
      const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(all);
      if (decoding.trim === "ends") return text.trim();
      return decoding.trim === "first" && text.startsWith(" ") ? text.slice(1) : text;
    },
  };
}

function decodingOf({ decoder, model }: TokenizerJson): Decoding | undefined {
  if (decoder === null) return undefined;
  if (decoder.type === "ByteLevel") return model.type === "BPE" ? byteLevel(model.end_of_word_suffix) : undefined;
  if (decoder.type === "Metaspace")
    return { ...sentencePiece(false), ...(decoder.prepend_scheme === "never" ? {} : { trim: "first" }) };
  if (decoder.type !== "Sequence") return undefined;
  const steps = decoder.decoders as readonly Step[];
  if (!steps.every(isOfSentencePiece) || !steps.some(({ type }) => type === "Replace")) return undefined;
  const strips = steps.some(({ type }) => type === "Strip");
  return {
    ...sentencePiece(steps.some(({ type }) => type === "ByteFallback")),
    ...(strips ? { trim: "first" } : {}),
  };
}

/** Whether a step of a decoder is one of those that undo what SentencePiece does to text. */
function isOfSentencePiece(step: Step): boolean {
  const { pattern, content } = step as { pattern?: { String?: string }; content?: string };
  if (step.type === "Replace") return pattern?.String === SPACE && content === " ";
  if (step.type === "Strip") return content === " " && step.start === 1 && step.stop === 0;
  return step.type === "ByteFallback" || step.type === "Fuse";
}

function sentencePiece(byteFallback: boolean): Decoding {
  const encoder = new TextEncoder();
  return {
    bytes(token) {
      const byte = byteFallback ? byteOfToken(token) : undefined;
      return byte === undefined ? encoder.encode(token.replaceAll(SPACE, " ")) : Uint8Array.of(byte);
    },
  };
}

function byteLevel(suffix: unknown): Decoding {
  if (typeof suffix !== "string" || suffix === "") return { bytes: tokenBytes };
  return {
    bytes: (token) =>
      token.endsWith(suffix)
        ? Uint8Array.from([...tokenBytes(token.slice(0, -suffix.length)), 0x20])
        : tokenBytes(token),
    trim: "ends",
  };
}
