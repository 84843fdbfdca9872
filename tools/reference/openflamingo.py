"""
OpenFlamingo's own code, https://github.com/mlfoundations/open_flamingo, around four language models of transformers,
each tiny and random, with open gates. Its constructors are given smaller sizes than their defaults; CLIP of transformers
stands for open_clip's, whose raw patch tokens it gives. Pixels are [picture, height, width, channel].

    pip install -r tools/reference/requirements.txt
    python tools/reference/openflamingo.py FOLDER   # a checkout; writes test/fixtures/openflamingo-*.safetensors

Answers come from its own `generate`, one prompt at a time and without a cache of keys and values: with one, its code
takes every new token to look at the last picture of a prompt by a flag of the whole batch. `<image>` may not be
generated, and the other tokens share its probability, in greedy and in beam search.
"""
import functools
import random
import subprocess
import sys
import types

import torch
import torch.nn.functional as F
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MptConfig,
    MptForCausalLM,
    OPTConfig,
    OPTForCausalLM,
)

from fixture import BEAMS, MAXIMUM_TOKENS, MEDIA, PICTURES, PROMPTS, apart, save, spread

sys.path.insert(0, sys.argv[1])
for absent in ("open_clip", "wandb"):
    sys.modules[absent] = types.ModuleType(absent)
from open_flamingo.src import flamingo as flamingo_code  # noqa: E402
from open_flamingo.src import flamingo_lm  # noqa: E402
from open_flamingo.src.factory import _infer_decoder_layers_attr_name  # noqa: E402
from open_flamingo.src.utils import extend_instance  # noqa: E402
from open_flamingo.train.train_utils import filter_state_dict_to_trainable  # noqa: E402

SEED = 2308
# Rows of the language model's own table, the tokens of its tokenizer, and what is added to those.
ROWS, WORDS = 40, 36
END_OF_CHUNK, IMAGE, ADDED = WORDS, WORDS + 1, WORDS + 2
WIDTH, HEADS, LAYERS, HIDDEN = 16, 2, 4, 24
VISION = {
    "hidden_size": 12,
    "intermediate_size": 20,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 12,
    "patch_size": 4,
    "hidden_act": "quick_gelu",
}
RESAMPLER = {"depth": 2, "dim_head": 4, "heads": 3, "num_latents": 4, "ff_mult": 2}
GATED = {"dim_head": 4, "heads": 3, "ff_mult": 2}


def sized(resampler: dict, gated: dict) -> None:
    """Other sizes than the defaults for the resamplers and gated blocks that are made from now on."""
    flamingo_code.PerceiverResampler = functools.partial(flamingo_code.PerceiverResampler, **resampler)
    flamingo_lm.GatedCrossAttentionBlock = functools.partial(flamingo_lm.GatedCrossAttentionBlock, **gated)


sized(RESAMPLER, GATED)

COMMON = {"vocab_size": ROWS, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}
LANGUAGES = {
    "neox": (
        GPTNeoXForCausalLM,
        GPTNeoXConfig(
            **COMMON,
            hidden_size=WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=HEADS,
            intermediate_size=HIDDEN,
            rotary_pct=1.0,
            use_parallel_residual=False,
            max_position_embeddings=64,
        ),
        2,
    ),
    "mpt": (
        MptForCausalLM,
        MptConfig(**COMMON, d_model=WIDTH, n_heads=HEADS, n_layers=LAYERS, expansion_ratio=4, max_seq_len=64),
        1,
    ),
    "llama": (
        LlamaForCausalLM,
        LlamaConfig(
            **COMMON,
            hidden_size=WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=HEADS,
            intermediate_size=HIDDEN,
            max_position_embeddings=64,
        ),
        4,
    ),
    "opt": (
        OPTForCausalLM,
        OPTConfig(
            **COMMON,
            hidden_size=WIDTH,
            word_embed_proj_dim=WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=HEADS,
            ffn_dim=HIDDEN,
            max_position_embeddings=64,
        ),
        2,
    ),
}


class Clip(torch.nn.Module):
    """What `visual` of open_clip 2.22 gives: nothing that is used, and the raw tokens of the patches."""

    def __init__(self, tower: CLIPVisionModel):
        super().__init__()
        self.tower = tower

    def forward(self, pixels: torch.Tensor) -> tuple[None, torch.Tensor]:
        return None, self.tower(pixels).last_hidden_state[:, 1:, :]


def words(draw: random.Random, least: int, most: int) -> list[int]:
    return [draw.randrange(1, WORDS) for _ in range(draw.randint(least, most))]


def ragged() -> list[dict]:
    """Every second prompt has text before its first picture; every third picture follows another without a word."""
    draw = random.Random(SEED)
    made = []
    for number in range(PROMPTS):
        media = MEDIA[number % len(MEDIA)]
        tokens = words(draw, 1, 3) if number % 2 or media == 0 else []
        for shown in range(media):
            tokens += [IMAGE] + (words(draw, 1, 4) if (number + shown) % 3 else [])
            tokens += [END_OF_CHUNK] if shown < media - 1 else words(draw, 1, 2)
        made.append(
            {
                "tokens": tokens,
                "pictures": draw.sample(range(PICTURES), media),
                "choices": [words(draw, 1, 3) for _ in range(4)],
            }
        )
    return made


def build(kind: str) -> tuple[flamingo_code.Flamingo, dict[str, torch.Tensor], dict, torch.Generator]:
    """As `create_model_and_transforms` does, from modules at hand; and the towers' own weights and configuration before."""
    make, config, every = LANGUAGES[kind]
    generator = torch.Generator().manual_seed(SEED)
    language = make(config).eval()
    spread(language, generator, head=0.5)
    tower = CLIPVisionModel(CLIPVisionConfig(**VISION)).eval()
    spread(tower, generator, head=0.5)
    before = config.to_dict()
    own = {f"weights.language.{name}": value.clone() for name, value in language.state_dict().items()}
    own |= {f"weights.vision.{name}": value.clone() for name, value in tower.state_dict().items()}

    extend_instance(language, flamingo_lm.FlamingoLMMixin)
    language.set_decoder_layers_attr_name(_infer_decoder_layers_attr_name(language))
    language.resize_token_embeddings(ADDED + 1, mean_resizing=False)
    holder = types.SimpleNamespace(visual=Clip(tower))
    model = flamingo_code.Flamingo(
        holder, language, END_OF_CHUNK, IMAGE, vis_dim=VISION["hidden_size"], cross_attn_every_n_layers=every
    )
    model.requires_grad_(False)
    model.perceiver.requires_grad_(True)
    model.lang_encoder.gated_cross_attn_layers.requires_grad_(True)
    model.lang_encoder.get_input_embeddings().requires_grad_(True)
    # Strong, so that answers turn on the pictures.
    spread(model.perceiver, generator, gain=2.0)
    spread(model.lang_encoder.gated_cross_attn_layers, generator, gain=2.0)
    for table in (language.get_input_embeddings(), language.get_output_embeddings()):
        table.weight.data[WORDS:] = 0.5 * torch.randn((ADDED + 1 - WORDS, WIDTH), generator=generator)
    return model.eval(), own, before, generator


def main(kind: str) -> None:
    model, own, before, generator = build(kind)
    language = model.lang_encoder
    every = LANGUAGES[kind][2]
    pictures = torch.randn((PICTURES, 3, VISION["image_size"], VISION["image_size"]), generator=generator)
    prompts = ragged()
    black = torch.zeros_like(pictures[:1])

    def media(prompt: dict) -> torch.Tensor:
        """[1, media, 1, channels, height, width]; a prompt without any gets a black one, which no token looks at."""
        shown = pictures[prompt["pictures"]] if prompt["pictures"] else black
        return shown[None, :, None]

    def logits(prompt: dict, tokens: list[int]) -> torch.Tensor:
        ids = torch.tensor([tokens])
        return model(media(prompt), ids, attention_mask=torch.ones_like(ids)).logits[0]

    tensors = {**own, "inputs.pictures": pictures.permute(0, 2, 3, 1)}
    checkpoint = filter_state_dict_to_trainable(model, model.state_dict())
    head = language.get_output_embeddings().weight
    if head is language.get_input_embeddings().weight:
        # MPT's own code, which was published with, has no head beside its table.
        del checkpoint["lang_encoder.lm_head.weight"]
    elif not any("embed_out" in name for name in checkpoint):
        # The filter drops a head that is frozen and not called an embedding; so its new rows are in no file.
        tensors["weights.resized.lm_head.weight"] = head
    tensors |= {f"weights.checkpoint.{name}": value for name, value in checkpoint.items()}
    tensors["outputs.features"] = model.vision_encoder(pictures)[1]
    tensors["outputs.visual"] = model.perceiver(tensors["outputs.features"][None, :, None])[0]

    # Streams after every gated block and language block, logits, and the slopes of a loss, over the first prompts.
    seen: dict[str, torch.Tensor] = {}

    def keep(name: str):
        return lambda _module, _arguments, result: seen.__setitem__(name, result[0] if isinstance(result, tuple) else result)

    gated = [block for block in language.gated_cross_attn_layers if block is not None]
    for number, block in enumerate(gated):
        block.register_forward_hook(keep(f"gated.{number}"))
    for number, block in enumerate(language._get_decoder_layers()):
        block.register_forward_hook(keep(f"language.{number}"))
    total = torch.zeros(())
    for number, prompt in enumerate(prompts[: len(MEDIA)]):
        result = logits(prompt, prompt["tokens"])
        tensors |= {f"outputs.{number}.{name}": value[0] for name, value in seen.items()}
        tensors[f"outputs.{number}.logits"] = result
        total = total + F.cross_entropy(result[:-1], torch.tensor(prompt["tokens"][1:]), reduction="sum")
    total.backward()
    for name, value in model.named_parameters(remove_duplicate=False):
        if name in checkpoint and value.grad is not None:
            tensors[f"gradients.checkpoint.{name}"] = value.grad
    tensors["outputs.loss"] = total

    margins = []
    swaps = 0
    with torch.no_grad():
        for prompt in prompts:
            ids = torch.tensor([prompt["tokens"]])
            asked = {
                "attention_mask": torch.ones_like(ids),
                "max_new_tokens": MAXIMUM_TOKENS,
                "suppress_tokens": [IMAGE],
                "renormalize_logits": True,
                "use_cache": False,
                "pad_token_id": 0,
            }
            answer = lambda shown, **more: model.generate(shown, ids, **asked, **more)[0, ids.shape[1] :].tolist()  # noqa: E731
            prompt["greedy"] = answer(media(prompt))
            found = model.generate(
                media(prompt),
                ids,
                **asked,
                num_beams=BEAMS,
                num_return_sequences=BEAMS,
                length_penalty=0.0,
                return_dict_in_generate=True,
                output_scores=True,
            )
            prompt["beams"] = [
                {"tokens": tokens[: tokens.index(END_OF_CHUNK) + 1] if END_OF_CHUNK in tokens else tokens, "logProb": score}
                for tokens, score in zip(found.sequences[:, ids.shape[1] :].tolist(), found.sequences_scores.tolist())
            ]
            whole = prompt["tokens"] + prompt["greedy"]
            steps = logits(prompt, whole)[ids.shape[1] - 1 : -1].clone()
            steps[:, IMAGE] = -torch.inf
            assert steps.argmax(-1).tolist() == prompt["greedy"], "its own generate and its own forward disagree"
            margins.append(apart(*steps))
            scores = [beam["logProb"] for beam in prompt["beams"]]
            margins.append(min(a - b for a, b in zip(scores, scores[1:])))
            swaps += len(prompt["pictures"]) > 0 and answer(media(prompt).flip(-1).roll(1, 2)) != prompt["greedy"]
            prompt["scores"] = []
            for choice in prompt["choices"]:
                after = logits(prompt, prompt["tokens"] + choice)[ids.shape[1] - 1 : -1].log_softmax(-1)
                prompt["scores"].append(after[torch.arange(len(choice)), choice].sum().item())
    ended = sum(prompt["greedy"][-1] == END_OF_CHUNK for prompt in prompts)
    different = len({tuple(prompt["greedy"]) for prompt in prompts})
    print(f"{kind}: closest choice {min(margins):.2g}; {ended} of {PROMPTS} end; {different} answers; {swaps} change with their pictures")
    commit = subprocess.run(["git", "-C", sys.argv[1], "rev-parse", "HEAD"], capture_output=True, text=True).stdout.strip()
    save(
        f"openflamingo-{kind}",
        tensors,
        {
            "reference": f"mlfoundations/open_flamingo {commit or '655f693fbfa04cd6e9a987d960654624d48917cf'}",
            "seed": SEED,
            "language": before,
            "vision": VISION,
            "resampler": RESAMPLER,
            "gated": {**GATED, "every": every},
            "tokens": {"endOfChunk": END_OF_CHUNK, "image": IMAGE, "rows": ADDED + 1, "maximum": MAXIMUM_TOKENS, "beams": BEAMS},
            "prompts": prompts,
        },
    )


if __name__ == "__main__":
    for name in sys.argv[2:] or LANGUAGES:
        main(name)
