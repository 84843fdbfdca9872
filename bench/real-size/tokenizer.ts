/** A byte-level BPE tokenizer in GPT-NeoX's form, whose words are made up. */

/** Bytes as the letters that byte-level vocabularies write them with. @source OpenAI, gpt-2, `bytes_to_unicode` */
function byteLetters(): string[] {
  const plain = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let further = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(plain(byte) ? byte : further++));
}

/** GPT-NeoX's last ids are runs of so many spaces, the longest first. */
const SPACES = 23;

/**
 * The contents of `tokenizer.json` and `special_tokens_map.json` of so many ids: two special tokens, the bytes, pairs and
 * then threes of letters, runs of spaces.
 */
export function neoxTokenizer(ids: number) {
  const letters = ["Ġ", ..."etaoinshrdlucmfwypvbgkjqxzETAOINSHRDLUCMFWYPVBGKJQXZ0123456789:.,?!'"];
  const own = ["<|endoftext|>", "<|padding|>", ...byteLetters()];
  const merges: [string, string][] = [];
  const room = ids - SPACES - own.length;
  const firsts = letters.flatMap((left) => letters.slice(1).map((right) => [left, right] as [string, string]));
  merges.push(...firsts.slice(0, room));
  for (const [left, right] of firsts) {
    if (merges.length >= room) break;
    for (const third of letters.slice(1, 1 + room - merges.length)) merges.push([left + right, third]);
  }
  const vocabulary = [...own, ...merges.map(([left, right]) => left + right)];
  const added = (content: string, id: number, special: boolean) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: !special,
    special,
  });
  const bytes = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    tokenizer: {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: [
        added("<|endoftext|>", 0, true),
        added("<|padding|>", 1, true),
        ...Array.from({ length: SPACES }, (_, i) => added(" ".repeat(SPACES + 1 - i), vocabulary.length + i, false)),
      ],
      normalizer: { type: "NFC" },
      pre_tokenizer: bytes,
      post_processor: { ...bytes, trim_offsets: true },
      decoder: bytes,
      model: {
        type: "BPE",
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
        merges: merges.map((pair) => pair.join(" ")),
      },
    },
    names: { bos_token: "<|endoftext|>", eos_token: "<|endoftext|>", unk_token: "<|endoftext|>" },
  };
}
