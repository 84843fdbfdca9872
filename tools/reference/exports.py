"""
Loads what `flamingo export` wrote with the code that it is written for, and holds its logits against what is expected.

    pip install -r tools/reference/requirements.txt
    python tools/reference/exports.py idefics FOLDER FIXTURE.safetensors
    python tools/reference/exports.py openflamingo FOLDER EXPECTED.safetensors CHECKOUT

FIXTURE is one of tools/reference/idefics.py; EXPECTED holds `pictures`, `tokens`, `media` and the `logits` of the last
token; CHECKOUT is one of https://github.com/mlfoundations/open_flamingo. `test/conversion/reference.test.ts` does both
where PYTHON names an interpreter with these packages.
"""
import functools
import json
import sys
import types
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file

TOLERANCE = 1e-4


def near(found: torch.Tensor, wanted: torch.Tensor, what: str) -> None:
    error = ((found - wanted).abs().max() / wanted.abs().max()).item()
    print(f"{what}: largest relative difference {error:.1e}")
    assert error <= TOLERANCE, what


def whole(loaded: tuple) -> torch.nn.Module:
    """A model of transformers of which no tensor was missing, left over or of another size."""
    model, report = loaded
    faults = {name: found for name, found in report.items() if found}
    assert not faults, faults
    return model.float().eval()


def idefics(folder: str, fixture: str) -> None:
    from transformers import AutoTokenizer, IdeficsForVisionText2Text, IdeficsImageProcessor
    from transformers.models.idefics.processing_idefics import (
        image_attention_mask_for_packed_input_ids,
        incremental_to_binary_attention_mask,
    )

    model = whole(IdeficsForVisionText2Text.from_pretrained(folder, output_loading_info=True))
    IdeficsImageProcessor.from_pretrained(folder)
    words = AutoTokenizer.from_pretrained(folder)
    known = load_file(fixture)
    with safe_open(fixture, "pt") as file:
        facts = {name: json.loads(text) for name, text in file.metadata().items() if text[:1] in "{["}
    tokens = facts["tokens"]
    for token, place in (("<image>", "image"), ("<fake_token_around_image>", "around"), ("</s>", "end")):
        assert words.convert_tokens_to_ids(token) == tokens[place], token
    pictures = known["inputs.pictures"].permute(0, 3, 1, 2)
    for number, prompt in enumerate(facts["prompts"]):
        if f"outputs.{number}.logits" not in known:
            break
        ids = torch.tensor([prompt["tokens"]])
        media = len(prompt["pictures"])
        if media == 0:
            seen, shown = torch.zeros(1, ids.shape[1], 1, dtype=torch.long), torch.zeros_like(pictures[:1])
        else:
            counted, _ = image_attention_mask_for_packed_input_ids(ids, words, "pt")
            seen = incremental_to_binary_attention_mask(counted, "pt", num_classes=media)
            shown = pictures[prompt["pictures"]]
        with torch.no_grad():
            found = model(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                pixel_values=shown[None],
                image_attention_mask=seen,
            ).logits[0]
        near(found, known[f"outputs.{number}.logits"], f"{folder}, prompt {number}")


def openflamingo(folder: str, expected: str, checkout: str) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer, CLIPImageProcessor, CLIPVisionModel

    sys.path.insert(0, checkout)
    for absent in ("open_clip", "wandb"):
        sys.modules[absent] = types.ModuleType(absent)
    from open_flamingo.src import flamingo as flamingo_code
    from open_flamingo.src import flamingo_lm
    from open_flamingo.src.factory import _infer_decoder_layers_attr_name
    from open_flamingo.src.utils import extend_instance

    place = Path(folder)
    checkpoint = torch.load(place / "checkpoint.pt", weights_only=True)
    language = whole(AutoModelForCausalLM.from_pretrained(place / "language", output_loading_info=True))
    tower = whole(CLIPVisionModel.from_pretrained(place / "vision", output_loading_info=True))
    CLIPImageProcessor.from_pretrained(place / "vision")
    words = AutoTokenizer.from_pretrained(place / "language")
    rows = language.get_input_embeddings().weight.shape[0]
    words.add_special_tokens({"additional_special_tokens": ["<|endofchunk|>", "<image>"]})
    assert words.pad_token is not None and len(words) == rows, (words.pad_token, len(words), rows)
    notes = json.loads((place / "export.json").read_text())["notes"]
    every = next(int(note.split("=")[1]) for note in notes if note.startswith("cross_attn_every_n_layers="))

    # Its modules have their sizes fixed; small ones are read from the checkpoint.
    width, latents = tower.config.hidden_size, checkpoint["perceiver.latents"].shape[0]
    depth = sum(name.endswith(".0.to_q.weight") for name in checkpoint if name.startswith("perceiver."))
    gated = next(name[: -len("attn.to_q.weight")] for name in checkpoint if name.endswith("attn.to_q.weight"))
    flamingo_code.PerceiverResampler = functools.partial(
        flamingo_code.PerceiverResampler,
        depth=depth,
        heads=checkpoint["perceiver.layers.0.0.to_q.weight"].shape[0] // 64,
        num_latents=latents,
        ff_mult=checkpoint["perceiver.layers.0.1.1.weight"].shape[0] // width,
    )
    up = checkpoint[f"{gated}ff.1.weight"]
    flamingo_lm.GatedCrossAttentionBlock = functools.partial(
        flamingo_lm.GatedCrossAttentionBlock,
        heads=checkpoint[f"{gated}attn.to_q.weight"].shape[0] // 64,
        ff_mult=up.shape[0] // up.shape[1],
    )

    class Clip(torch.nn.Module):
        def forward(self, pixels: torch.Tensor) -> tuple[None, torch.Tensor]:
            return None, tower(pixels).last_hidden_state[:, 1:, :]

    extend_instance(language, flamingo_lm.FlamingoLMMixin)
    language.set_decoder_layers_attr_name(_infer_decoder_layers_attr_name(language))
    language.resize_token_embeddings(len(words))
    chunk, image = (words.convert_tokens_to_ids(token) for token in ("<|endofchunk|>", "<image>"))
    model = flamingo_code.Flamingo(
        types.SimpleNamespace(visual=Clip()), language, chunk, image, vis_dim=width, cross_attn_every_n_layers=every
    ).eval()
    missing, unexpected = model.load_state_dict(checkpoint, strict=False)
    assert not unexpected, unexpected
    again = ("vision_encoder.", "lang_encoder.gated_cross_attn_layers.", "lang_encoder.old_decoder_blocks.")
    left = [name for name in missing if not name.startswith(again) and ("perceiver" in name or "gated" in name)]
    assert not left, left

    known = load_file(expected)
    ids = known["tokens"].long()[None]
    shown = known["pictures"].permute(0, 3, 1, 2)[known["media"].long()][None, :, None]
    with torch.no_grad():
        found = model(shown, ids, attention_mask=torch.ones_like(ids)).logits[0, -1]
    near(found, known["logits"], folder)


{"idefics": idefics, "openflamingo": openflamingo}[sys.argv[1]](*sys.argv[2:])
