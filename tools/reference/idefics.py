"""
IDEFICS of transformers, tiny and random, with open gates, in every form its configuration has. Pixels are [picture,
height, width, channel].

    pip install -r tools/reference/requirements.txt
    python tools/reference/idefics.py               # writes test/fixtures/idefics-*.safetensors

Answers come from its own `generate`, one prompt at a time, with its cache. Its beam search counts the vocabulary without
the added tokens, and fails where there are any: it is told the count with them. Neither `<image>` nor the token around
it may be generated, and the others share their probability, in greedy and in beam search.
"""
import random
import sys

import torch
import torch.nn.functional as F
from transformers import IdeficsConfig, IdeficsForVisionText2Text
from transformers.models.idefics.processing_idefics import (
    image_attention_mask_for_packed_input_ids,
    incremental_to_binary_attention_mask,
)

from fixture import BEAMS, MAXIMUM_TOKENS, MEDIA, PICTURES, PROMPTS, apart, save, spread

SEED = 2306
WORDS, ADDED = 36, 3
BEGIN, END = 1, 2
AROUND, IMAGE, END_OF_UTTERANCE = WORDS, WORDS + 1, WORDS + 2
STOP = [END, END_OF_UTTERANCE]
VISION = {
    "embed_dim": 12,
    "image_size": 12,
    "patch_size": 4,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 20,
    "hidden_act": "gelu",
}
PERCEIVER = {
    "use_resampler": True,
    "resampler_n_latents": 4,
    "resampler_depth": 2,
    "resampler_n_heads": 3,
    "resampler_head_dim": 6,
    "qk_layer_norms_perceiver": True,
}
FORMS = {
    # As published: scalar gates, norms of queries and keys, one gated block for several layers.
    "published": {"layers": 4, "every": 2, "gate": "float", "norms": True, "resampler": True},
    # As the small test model on the hub.
    "vector-gates": {"layers": 2, "every": 1, "gate": "vector", "norms": False, "resampler": True},
    # The gated blocks look at the tower's own tokens.
    "no-resampler": {"layers": 2, "every": 2, "gate": "float", "norms": True, "resampler": False},
}


class Names:
    """What the processor's mask asks of a tokenizer."""

    eos_token_id = END

    @staticmethod
    def convert_tokens_to_ids(_text: str) -> int:
        return IMAGE


def words(draw: random.Random, least: int, most: int) -> list[int]:
    return [draw.randrange(3, WORDS) for _ in range(draw.randint(least, most))]


def ragged() -> list[dict]:
    """As the processor writes them: a picture stands between two tokens, of which neighbours share one. Some prompts
    hold the end of a text, after which nothing looks at a picture until the next one."""
    draw = random.Random(SEED)
    made = []
    for number in range(PROMPTS):
        media = MEDIA[number % len(MEDIA)]
        tokens = [BEGIN] + (words(draw, 1, 3) if number % 2 or media == 0 else [])
        for shown in range(media):
            tokens += ([] if tokens[-1] == AROUND else [AROUND]) + [IMAGE, AROUND]
            tokens += words(draw, 1, 3) if (number + shown) % 3 or shown == media - 1 else []
            tokens += [END] + words(draw, 1, 1) if number % 5 == 3 and shown < media - 1 else []
        made.append(
            {
                "tokens": tokens,
                "pictures": draw.sample(range(PICTURES), media),
                "choices": [words(draw, 1, 3) for _ in range(4)],
            }
        )
    return made


def stopped(tokens: list[int]) -> list[int]:
    """Without what fills a row behind its end."""
    return next((tokens[: place + 1] for place, token in enumerate(tokens) if token in STOP), tokens)


def main(form: str) -> None:
    asked = FORMS[form]
    generator = torch.Generator().manual_seed(SEED)
    config = IdeficsConfig(
        vocab_size=WORDS,
        additional_vocab_size=ADDED,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=asked["layers"],
        num_attention_heads=2,
        alpha_initializer="ones",
        alpha_type=asked["gate"],
        cross_layer_interval=asked["every"],
        qk_layer_norms=asked["norms"],
        use_resampler=asked["resampler"],
        freeze_text_layers=False,
        freeze_vision_layers=False,
        vision_config=VISION,
        perceiver_config={
            **PERCEIVER,
            "use_resampler": asked["resampler"],
            "qk_layer_norms_perceiver": asked["norms"],
        },
        attn_implementation="eager",
    )
    model = IdeficsForVisionText2Text(config).eval()
    spread(model, generator, head=0.5)
    # Strong, so that answers turn on the pictures.
    if asked["resampler"]:
        spread(model.model.perceiver_resampler, generator, gain=2.0)
    spread(model.model.gated_cross_attn_layers, generator, gain=2.0)
    spread(model.lm_head, generator, gain=1.5)
    model.lm_head.additional_fc.weight.data *= 1.5
    pictures = torch.randn((PICTURES, 3, VISION["image_size"], VISION["image_size"]), generator=generator)
    prompts = ragged()

    def inputs(prompt: dict, tokens: list[int], flip: bool = False) -> dict:
        """As the processor makes them; a prompt without pictures gets a black one, which no token looks at."""
        ids = torch.tensor([tokens])
        media = len(prompt["pictures"])
        if media == 0:
            seen = torch.zeros(1, len(tokens), 1, dtype=torch.long)
            shown = torch.zeros_like(pictures[:1])
        else:
            counted, _ = image_attention_mask_for_packed_input_ids(ids, Names, "pt")
            seen = incremental_to_binary_attention_mask(counted, "pt", num_classes=media)
            shown = pictures[prompt["pictures"]]
        return {
            "input_ids": ids,
            "attention_mask": torch.ones_like(ids),
            "pixel_values": (shown.flip(-1).roll(1, 2) if flip else shown)[None],
            "image_attention_mask": seen,
        }

    tensors = {f"weights.{name}": value for name, value in model.state_dict().items()}
    tensors["inputs.pictures"] = pictures.permute(0, 2, 3, 1)
    tensors["outputs.features"] = model.model.vision_model(pictures).last_hidden_state
    if asked["resampler"]:
        tensors["outputs.visual"] = model.model.perceiver_resampler(tensors["outputs.features"])

    seen: dict[str, torch.Tensor] = {}

    def keep(name: str):
        return lambda _module, _arguments, result: seen.__setitem__(name, result[0] if isinstance(result, tuple) else result)

    for number, block in enumerate(model.model.gated_cross_attn_layers):
        block.register_forward_hook(keep(f"gated.{number}"))
    for number, block in enumerate(model.model.layers):
        block.register_forward_hook(keep(f"language.{number}"))
    model.requires_grad_(False)
    trained = {
        name: value
        for name, value in model.named_parameters()
        if "perceiver" in name or "gated" in name or "additional" in name
    }
    for value in trained.values():
        value.requires_grad_(True)
    total = torch.zeros(())
    for number, prompt in enumerate(prompts[: len(MEDIA)]):
        result = model(**inputs(prompt, prompt["tokens"])).logits[0]
        tensors |= {f"outputs.{number}.{name}": value[0] for name, value in seen.items()}
        tensors[f"outputs.{number}.logits"] = result
        total = total + F.cross_entropy(result[:-1], torch.tensor(prompt["tokens"][1:]), reduction="sum")
    total.backward()
    tensors["outputs.loss"] = total
    tensors |= {f"gradients.{name}": value.grad for name, value in trained.items()}

    margins = []
    swaps = 0
    bare = 0
    config.vocab_size = WORDS + ADDED
    with torch.no_grad():
        for prompt in prompts:
            length = len(prompt["tokens"])
            how = {
                "max_new_tokens": MAXIMUM_TOKENS,
                "bad_words_ids": [[IMAGE], [AROUND]],
                "renormalize_logits": True,
                "eos_token_id": STOP,
                "pad_token_id": 0,
            }
            answer = lambda **more: model.generate(**{**how, **more})[0, length:].tolist()  # noqa: E731
            prompt["greedy"] = answer(**inputs(prompt, prompt["tokens"]))
            beams = {"num_beams": BEAMS, "num_return_sequences": BEAMS, "length_penalty": 0.0}
            found = model.generate(
                **inputs(prompt, prompt["tokens"]), **how, **beams, return_dict_in_generate=True, output_scores=True
            )
            prompt["beams"] = [
                {"tokens": stopped(tokens), "logProb": score}
                for tokens, score in zip(found.sequences[:, length:].tolist(), found.sequences_scores.tolist())
            ]
            again = answer(**inputs(prompt, prompt["tokens"]), **beams, **{"renormalize_logits": False})
            bare += again[: len(prompt["beams"][0]["tokens"])] != prompt["beams"][0]["tokens"]
            whole = prompt["tokens"] + prompt["greedy"]
            steps = model(**inputs(prompt, whole)).logits[0, length - 1 : -1].clone()
            steps[:, [IMAGE, AROUND]] = -torch.inf
            assert steps.argmax(-1).tolist() == prompt["greedy"], "its own generate and its own forward disagree"
            margins.append(apart(*steps))
            scores = [beam["logProb"] for beam in prompt["beams"]]
            margins.append(min(a - b for a, b in zip(scores, scores[1:])))
            swaps += len(prompt["pictures"]) > 0 and answer(**inputs(prompt, prompt["tokens"], True)) != prompt["greedy"]
            prompt["scores"] = []
            for choice in prompt["choices"]:
                logits = model(**inputs(prompt, prompt["tokens"] + choice)).logits[0, length - 1 : -1]
                prompt["scores"].append(logits.log_softmax(-1)[torch.arange(len(choice)), choice].sum().item())
    config.vocab_size = WORDS
    ended = sum(prompt["greedy"][-1] in STOP for prompt in prompts)
    different = len({tuple(prompt["greedy"]) for prompt in prompts})
    print(
        f"{form}: closest choice {min(margins):.2g}; {ended} of {PROMPTS} end; {different} answers; {swaps} change with "
        f"their pictures; {bare} beams are others where forbidden tokens keep their probability"
    )
    save(
        f"idefics-{form}",
        tensors,
        {
            "reference": "transformers, models/idefics",
            "seed": SEED,
            "config": config.to_dict(),
            "tokens": {
                "begin": BEGIN,
                "end": END,
                "around": AROUND,
                "image": IMAGE,
                "endOfUtterance": END_OF_UTTERANCE,
                "stop": STOP,
                "maximum": MAXIMUM_TOKENS,
                "beams": BEAMS,
            },
            "prompts": prompts,
        },
    )


for name in sys.argv[1:] or FORMS:
    main(name)
