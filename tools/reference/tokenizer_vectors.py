"""
What the reference tokenizers make of some texts: SentencePiece's own library, HuggingFace's tokenizers, and the
processor of IDEFICS, on tiny models that are trained here from the sentences below.

    pip install -r tools/reference/requirements.txt
    python tools/reference/tokenizer_vectors.py      # writes test/fixtures/tokenizer_vectors.json
"""
import base64
import json
import random
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import sentencepiece
from PIL import Image
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import IdeficsImageProcessor, IdeficsProcessor, LlamaTokenizerFast, PreTrainedTokenizerFast

FIXTURE = Path(__file__).resolve().parents[2] / "test" / "fixtures" / "tokenizer_vectors.json"
SEED = 2204

CORPUS = [
    "A photo of a cat that sits on the mat, and of a dog that sits beside the cat.",
    "Output: a cat on a red mat. Output: two dogs in the grass. Output: three birds over the water.",
    "Question: What is the cat doing? Short answer: sitting. Question: How many dogs are there? Short answer: two.",
    "User: Describe this image. Assistant: An image of two kittens in grass. User: And this one? Assistant: A puppy.",
    "The quick brown fox jumps over the lazy dog, while 12 boxing wizards jump quickly at 7.45 p.m. on 3 May 1998.",
    "Der Fuchs springt über den faulen Hund; l'été, Émile a dit: « C'est déjà fini ? » — Ångström, naïve café.",
    "def photo(cat):\n    if cat:\n        return    'cat'\n\n\treturn None  # nothing,  nobody",
    "ababababa aaaaaaa abaaba --- ---- .... ...... !!!! the the the then there these",
] * 4

TEXTS = [
    "",
    " ",
    "   ",
    "cat",
    " cat",
    "  cat  ",
    "A photo of a cat.",
    "Output:",
    "Output: a cat",
    "Question: What is the cat doing? Short answer:",
    "two  spaces,   three,    four",
    "tabs\tand\nnew lines\r\n",
    "\n\n",
    "def photo(cat):\n    return    'cat'\n",
    "naïve café, Ångström, e\u0301te\u0301",
    "emoji 😀 👩\u200d👩\u200d👧 and 日本語 and 한국어",
    "\ufb01ne \uff21\uff22 \u00a0hard\u00a0space\u3000wide",
    "\ufeffmark",
    "aaaaaaaaaaaaaaaaaaaaaaa",
    "ababababababa",
    "-------- ...... !!!!!!!",
    "12345 3.14159 1,000,000",
    "it's we're I'll they've he'd don't",
    "▁already▁escaped▁ and ▁",
    "<0x41> is no byte",
    "xyzzy \u0000 \u0007 end",
]

MARKED = [
    "<image>Output: a cat<|endofchunk|><image>Output:",
    "<image> Output: a cat <|endofchunk|> <image> Output:",
    "Output: a cat<|endofchunk|>Output: a dog<|endofchunk|><image>Output:",
    "<image><image>cat",
    "<PAD><PAD><image>cat",
]


def more_texts(count: int) -> list[str]:
    draw = random.Random(SEED)
    alphabets = ["ab ", "abct -.", "the cat dog.,  \n", "aeiou éü😀日 \t", "Output: <>|image endofchunk"]
    return ["".join(draw.choices(draw.choice(alphabets), k=draw.randrange(1, 24))) for _ in range(count)]


def trained(folder: Path, name: str, **options) -> bytes:
    text = folder / "corpus.txt"
    text.write_text("\n".join(line.replace("\n", " ") for line in CORPUS))
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(folder / name), minloglevel=2, num_threads=1, hard_vocab_limit=False, **options
    )
    return (folder / f"{name}.model").read_bytes()


def sentencepiece_case(folder: Path, name: str, texts: list[str], **options) -> dict:
    model = trained(folder, name, **options)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    rows = [{"text": text, "ids": processor.encode(text)} for text in texts]
    for row in rows:
        row["decoded"] = processor.decode(row["ids"])
    return {"model": base64.b64encode(model).decode(), "rows": rows}


def fast_case(tokenizer, texts: list[str], **about) -> dict:
    """What a fast tokenizer makes of texts: as a whole text, with nothing before or after it, and decoded."""
    rows = []
    for text in texts:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        decoded = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        rows.append({"text": text, "ids": ids, "decoded": decoded})
    return {
        **about,
        "tokenizer": json.loads(tokenizer.backend_tokenizer.to_str()),
        "length": len(tokenizer),
        "begins": tokenizer("cat")["input_ids"] != tokenizer("cat", add_special_tokens=False)["input_ids"],
        "rows": rows,
    }


def neox() -> PreTrainedTokenizerFast:
    """As GPT-NeoX-20B's: NFC, bytes, and runs of spaces added after the vocabulary as ordinary tokens."""
    inner = Tokenizer(models.BPE())
    inner.normalizer = normalizers.NFC()
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True)
    inner.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=True)
    inner.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=True)
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=["<|endoftext|>", "<|padding|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(CORPUS, trainer)
    inner.add_tokens([AddedToken(" " * n, normalized=True, special=False) for n in range(8, 1, -1)])
    return PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<|endoftext|>", bos_token="<|endoftext|>")


def for_open_flamingo(tokenizer):
    """What open_flamingo's factory does to a tokenizer, call by call."""
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|endofchunk|>", "<image>"]})
    if tokenizer.pad_token is None:
        tokenizer.add_special_tokens({"pad_token": "<PAD>"})
    return tokenizer


def normalised_specials(tokenizer) -> LlamaTokenizerFast:
    """The same tokenizer as files of 2023 have it: `<s>` is looked for in the rewritten text."""
    contents = json.loads(tokenizer.backend_tokenizer.to_str())
    for token in contents["added_tokens"]:
        token["normalized"] = token["content"] in ("<unk>", "<s>", "</s>")
    inner = Tokenizer.from_str(json.dumps(contents))
    extra = [t for t in ("<fake_token_around_image>", "<image>", "<end_of_utterance>") if t in inner.get_vocab()]
    return LlamaTokenizerFast(
        tokenizer_object=inner,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<unk>",
        additional_special_tokens=extra,
    )


PICTURE = "picture"
PROMPTS = [
    ["User:", PICTURE, "Describe this image.\nAssistant:"],
    [PICTURE, "A cat.", PICTURE, PICTURE, "Two pets.", PICTURE],
    ["User:", PICTURE, " Describe this image. ", "\nAssistant: A puppy.", "\nUser:", PICTURE, "And this one?", "\nAssistant:"],
    ["Output: a cat", "Output: a dog", PICTURE, "Output:"],
    ["  no picture at all  "],
    [PICTURE],
]


def idefics_case(tokenizer) -> dict:
    processor = IdeficsProcessor(IdeficsImageProcessor(image_size=8), tokenizer)
    picture = Image.fromarray(np.zeros((8, 8, 3), dtype=np.uint8))
    rows = []
    for prompt in PROMPTS:
        for end in (False, True):
            made = processor(
                text=[[picture if item is PICTURE else item for item in prompt]], add_eos_token=end, return_tensors="pt"
            )
            mask = made["image_attention_mask"][0].int()
            looks = [(int(row.argmax()) + 1 if row.any() else 0) for row in mask]
            items = [{"image": True} if item is PICTURE else {"text": item} for item in prompt]
            rows.append({"prompt": items, "end": end, "ids": made["input_ids"][0].tolist(), "looks": looks})
    return {"tokenizer": json.loads(tokenizer.backend_tokenizer.to_str()), "rows": rows}


def main() -> None:
    texts = TEXTS + more_texts(120)
    cases: dict = {"sentencepiece": {}, "fast": {}, "idefics": {}}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        llama = dict(
            model_type="bpe",
            vocab_size=520,
            byte_fallback=True,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            split_digits=True,
            allow_whitespace_only_pieces=True,
        )
        (folder / "rules.tsv").write_text("FB01\t66 69\nFF21\t41\nA0\t20\n3000\t20\n65 301\tE9\n")
        rules = dict(normalization_rule_tsv=str(folder / "rules.tsv"))
        cases["sentencepiece"] = {
            "bpe with bytes": sentencepiece_case(folder, "llama", texts, **llama),
            "bpe with unknowns": sentencepiece_case(folder, "pairs", texts, model_type="bpe", vocab_size=300, **rules),
            "unigram with rules": sentencepiece_case(folder, "unigram", texts, vocab_size=240, **rules),
            "unigram with bytes": sentencepiece_case(
                folder, "bytes", texts, vocab_size=480, byte_fallback=True, add_dummy_prefix=False, **rules
            ),
        }
        file = str(folder / "llama.model")
        short = texts[:60] + MARKED
        cases["fast"] = {
            "GPT-NeoX in OpenFlamingo": fast_case(for_open_flamingo(neox()), short),
            "LLaMA in OpenFlamingo": fast_case(for_open_flamingo(LlamaTokenizerFast(vocab_file=file, add_prefix_space=True)), short),
            "LLaMA as of late": fast_case(
                for_open_flamingo(LlamaTokenizerFast(vocab_file=file, legacy=False, add_prefix_space=True)), short
            ),
        }
        for name, extra in (("base", []), ("instruct", ["<end_of_utterance>"])):
            tokenizer = LlamaTokenizerFast(vocab_file=file, add_prefix_space=True, pad_token="<unk>")
            tokenizer.add_special_tokens(
                {"additional_special_tokens": ["<fake_token_around_image>", "<image>", *extra]}
            )
            cases["idefics"][name] = idefics_case(tokenizer)
            cases["idefics"][f"{name}, of 2023"] = idefics_case(normalised_specials(tokenizer))
    packages = ["sentencepiece", "tokenizers", "transformers"]
    about = ", ".join(f"{package} {version(package)}" for package in packages) + f", seed {SEED}"
    FIXTURE.write_text(json.dumps({"about": about, **cases}, ensure_ascii=True, separators=(",", ":")) + "\n")
    print(f"{FIXTURE}: {FIXTURE.stat().st_size} bytes; {about}")


if __name__ == "__main__":
    main()
