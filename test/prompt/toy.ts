import type { Picture } from "../../src/media/pixels.js";
import type { Tokenizer } from "../../src/text/tokenizer.js";

const MARKS = ["<PAD>", "<BOS>", "<EOS>", "<EOC>", "<|endofchunk|>", "<|endoftext|>", "<image>"];

/** One token for each mark and one for each UTF-16 unit; `pieces` spells `<image>` letter by letter. */
export function toyTokenizer({ pieces = false } = {}): Tokenizer & { show(ids: readonly number[]): string } {
  const found = pieces ? MARKS.slice(0, -1) : MARKS;
  const split = new RegExp(`(${found.map((mark) => mark.replaceAll("|", "\\|")).join("|")})`);
  const show = (ids: readonly number[]) => ids.map((id) => found[id] ?? String.fromCharCode(id - 100)).join("");
  return {
    vocabularySize: 65_636,
    encode: (text) =>
      text
        .split(split)
        .flatMap((part) =>
          found.includes(part) ? [found.indexOf(part)] : Array.from(part.split(""), (c) => c.charCodeAt(0) + 100),
        ),
    decode: (ids) => show(ids.filter((id) => id >= 100)),
    special: (mark) => {
      if (!found.includes(mark)) throw new Error(`no ${mark}`);
      return found.indexOf(mark);
    },
    show,
  };
}

/** A picture of one colour, known by its `shade`. */
export function picture(shade: number, width = 1, height = 1): Picture {
  return { width, height, data: new Uint8Array(width * height * 3).fill(shade) };
}
