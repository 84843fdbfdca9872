"""
Published layouts in small: folders as the hub has them of an OpenFlamingo in both forms of its checkpoint, of the language
models and the CLIP that it is read beside, of an IDEFICS with a nested and with a flat configuration; each with what the
reference's own code answers to one prompt.

    pip install -r tools/reference/requirements.txt
    python tools/reference/published.py FOLDER      # a checkout of open_flamingo; writes test/fixtures/published/*

Weights are random, gates open, rounded to the format in which each file keeps them before the reference computes with
them in float32. The MPT is saved under the names that it had as mosaic_gpt. Pictures come through Pillow, as the families'
own preparation does it; version 13 resizes otherwise than those before it.
"""
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import PIL
import torch
import transformers
from PIL import Image
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import (
    CLIPConfig,
    CLIPModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    IdeficsConfig,
    IdeficsForVisionText2Text,
    IdeficsImageProcessor,
    IdeficsProcessor,
    LlamaTokenizerFast,
    MptConfig,
    MptForCausalLM,
    PreTrainedTokenizerFast,
)

from fixture import FIXTURES, apart, spread
from openflamingo import Clip, extend_instance, filter_state_dict_to_trainable, flamingo_code, flamingo_lm, sized

FOLDER = FIXTURES / "published"
# Of these seeds, answers are not one word again and again, and no choice is close.
SEEDS = {"clip": 2311, "mpt": 2, "neox": 9, "idefics": 6}
WIDTH, LAYERS, SIDE = 16, 2, 12
MAXIMUM_TOKENS = 8
COLOURS = {"mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711]}
CORPUS = ["Output: a cat. Output: a dog on the mat. Output: two red birds.", "Question: how many? Answer: three."] * 4
PICTURES = ["first.png", "second.png"]
# Heads of 64 channels, which is what no tensor of OpenFlamingo tells; one each, and small layers.
sized(resampler={"depth": 1, "dim_head": 64, "heads": 1, "num_latents": 3, "ff_mult": 2}, gated={"dim_head": 64, "heads": 1, "ff_mult": 2})


def write(folder: Path, files: dict) -> None:
    """JSON of what is no text; tensors by what their file is called."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        if name.endswith(".safetensors"):
            save_file({key: value.contiguous().clone() for key, value in content.items()}, str(path), metadata={"format": "pt"})
        elif name.endswith((".bin", ".pt")):
            torch.save(content, path)
        else:
            path.write_text(json.dumps(content, indent=1) + "\n")


def sharded(state: dict[str, torch.Tensor], name: str) -> dict:
    """Two files of `state`, divided in the middle of its names, and their index."""
    stem, end = name.rsplit(".", 1)
    names = list(state)
    parts = [names[: len(names) // 2], names[len(names) // 2 :]]
    files = [f"{stem}-{n + 1:05}-of-{len(parts):05}.{end}" for n in range(len(parts))]
    total = sum(value.numel() * value.element_size() for value in state.values())
    index = {
        "metadata": {"total_size": total},
        "weight_map": {key: file for file, part in zip(files, parts) for key in part},
    }
    return {f"{name}.index.json": index} | {file: {key: state[key] for key in part} for file, part in zip(files, parts)}


def held(module: torch.nn.Module, dtype: torch.dtype) -> None:
    """Rounds every parameter to what a file of this format keeps."""
    for value in module.parameters():
        value.data = value.data.to(dtype).to(torch.float32)


def paint(generator: torch.Generator) -> list[Image.Image]:
    """Pictures of unlike sides: large patches of colour, which every preparation must cut and resize."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = []
    for name, (width, height) in zip(PICTURES, [(20, 15), (13, 17)]):
        small = torch.randint(0, 256, (4, 5, 3), generator=generator).to(torch.uint8).numpy()
        Image.fromarray(small).resize((width, height), Image.Resampling.BILINEAR).save(FOLDER / name)
        made.append(Image.open(FOLDER / name))
    return made


def neox_tokenizer() -> PreTrainedTokenizerFast:
    inner = Tokenizer(models.BPE())
    inner.normalizer = normalizers.NFC()
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True)
    inner.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=True)
    special = ["<|endoftext|>", "<|padding|>"]
    inner.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=60, special_tokens=special, show_progress=False))
    return PreTrainedTokenizerFast(tokenizer_object=inner, eos_token=special[0], bos_token=special[0])


def llama_tokenizer() -> LlamaTokenizerFast:
    inner = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    inner.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    inner.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.Fuse(), decoders.Strip(content=" ", left=1, right=0)]
    )
    special = ["<unk>", "<s>", "</s>"]
    inner.train_from_iterator(
        [line.replace(" ", "▁") for line in CORPUS],
        trainers.BpeTrainer(vocab_size=60, special_tokens=special, show_progress=False),
    )
    inner.add_special_tokens([AddedToken(token, special=True) for token in ("<fake_token_around_image>", "<image>")])
    tokenizer = LlamaTokenizerFast(
        tokenizer_object=inner, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="<unk>"
    )
    tokenizer.add_special_tokens({"additional_special_tokens": ["<fake_token_around_image>", "<image>"]})
    return tokenizer


def tokenizer_files(tokenizer: PreTrainedTokenizerFast) -> dict:
    names = {name: str(token) for name, token in tokenizer.special_tokens_map.items() if isinstance(token, str)}
    return {
        "tokenizer.json": json.loads(tokenizer.backend_tokenizer.to_str()),
        "tokenizer_config.json": {"tokenizer_class": type(tokenizer).__name__, **names},
    }


def clip(generator: torch.Generator) -> CLIPModel:
    tower = {
        "hidden_size": 12,
        "intermediate_size": 20,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "hidden_act": "quick_gelu",
    }
    model = CLIPModel(
        CLIPConfig(
            vision_config={**tower, "image_size": SIDE, "patch_size": 4},
            text_config={**tower, "vocab_size": 11, "max_position_embeddings": 5, "num_hidden_layers": 1},
            projection_dim=4,
        )
    ).eval()
    spread(model, generator, head=0.5)
    held(model, torch.float16)
    state = {name: value.to(torch.float16) for name, value in model.state_dict().items() if value.is_floating_point()}
    state["vision_model.embeddings.position_ids"] = torch.arange(10)[None]
    processor = {
        "crop_size": SIDE,
        "do_center_crop": True,
        "do_normalize": True,
        "do_resize": True,
        "feature_extractor_type": "CLIPFeatureExtractor",
        "image_mean": COLOURS["mean"],
        "image_std": COLOURS["std"],
        "resample": 3,
        "size": SIDE,
    }
    write(FOLDER / "clip", {"config.json": model.config.to_dict(), "pytorch_model.bin": state, "preprocessor_config.json": processor})
    return model


OLD_NAMES = {"norm_1": "ln_1", "norm_2": "ln_2", "ffn.up_proj": "mlp.mlp_up", "ffn.down_proj": "mlp.mlp_down", "norm_f": "ln_f"}


def mosaic(name: str) -> str:
    for now, before in OLD_NAMES.items():
        name = name.replace(f".{now}.", f".{before}.")
    return name


def mpt(rows: int, generator: torch.Generator):
    config = MptConfig(vocab_size=rows, d_model=WIDTH, n_heads=2, n_layers=LAYERS, expansion_ratio=4, max_seq_len=64)
    model = MptForCausalLM(config).eval()
    spread(model, generator, head=0.5)
    held(model, torch.bfloat16)
    old = {
        "model_type": "mosaic_gpt",
        "d_model": WIDTH,
        "n_heads": 2,
        "n_layers": LAYERS,
        "mlp_ratio": 4,
        "max_seq_len": 64,
        "vocab_size": rows,
        "no_bias": True,
        "alibi": True,
        "alibi_bias_max": 8,
        "attn_qk_ln": False,
    }
    state = {mosaic(key): value.to(torch.bfloat16) for key, value in model.state_dict().items() if key != "lm_head.weight"}
    return model, {"config.json": old, **sharded(state, "pytorch_model.bin")}


def neox(rows: int, generator: torch.Generator):
    config = GPTNeoXConfig(
        vocab_size=rows,
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=2,
        intermediate_size=24,
        rotary_pct=1.0,
        use_parallel_residual=False,
        max_position_embeddings=128,
    )
    model = GPTNeoXForCausalLM(config).eval()
    spread(model, generator, head=0.5)
    held(model, torch.float16)
    state = {key: value.to(torch.float16) for key, value in model.state_dict().items()}
    buffers = {f"gpt_neox.layers.{depth}.attention.rotary_emb.inv_freq": torch.ones(4) for depth in range(LAYERS)}
    return model, {"config.json": config.to_dict(), "model.safetensors": {**state, **buffers}}


def squared(picture: Image.Image) -> torch.Tensor:
    """open_clip's preparation: the shorter side fills the square, which is cut out of the middle as torchvision does."""
    factor = SIDE / min(picture.size)
    width, height = (SIDE if side == min(picture.size) else int(side * factor) for side in picture.size)
    large = picture.resize((width, height), Image.Resampling.BICUBIC)
    left, top = round((width - SIDE) / 2), round((height - SIDE) / 2)
    cut = np.asarray(large.crop((left, top, left + SIDE, top + SIDE)).convert("RGB"), dtype=np.float32) / 255
    return torch.from_numpy((cut - np.float32(COLOURS["mean"])) / np.float32(COLOURS["std"])).permute(2, 0, 1)


def open_flamingo(name: str, build, every: int, tower: CLIPModel, pictures: list[Image.Image]) -> None:
    generator = torch.Generator().manual_seed(SEEDS[name])
    tokenizer = neox_tokenizer()
    # Published tables are padded beyond the tokenizer, and then cut to it.
    language, files = build(len(tokenizer) + 4, generator)
    write(FOLDER / name, {**files, **tokenizer_files(tokenizer)})
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|endofchunk|>", "<image>"]})
    tokenizer.add_special_tokens({"pad_token": "<PAD>"})
    end, image, pad = (tokenizer.convert_tokens_to_ids(mark) for mark in ("<|endofchunk|>", "<image>", "<PAD>"))

    extend_instance(language, flamingo_lm.FlamingoLMMixin)
    language.set_decoder_layers_attr_name("transformer.blocks" if name == "mpt" else "gpt_neox.layers")
    language.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    visual = type("Holder", (), {"visual": Clip(tower.vision_model)})()
    model = flamingo_code.Flamingo(visual, language, end, image, vis_dim=12, cross_attn_every_n_layers=every)
    model.requires_grad_(False)
    model.perceiver.requires_grad_(True)
    model.lang_encoder.gated_cross_attn_layers.requires_grad_(True)
    model.lang_encoder.get_input_embeddings().requires_grad_(True)
    spread(model.perceiver, generator, gain=2.0)
    spread(model.lang_encoder.gated_cross_attn_layers, generator, gain=2.0)
    for table in (language.get_input_embeddings(), language.get_output_embeddings()):
        table.weight.data[end:] = 0.5 * torch.randn((3, WIDTH), generator=generator)
    model.eval()

    def answer() -> dict:
        text = "<image>Output: a cat<|endofchunk|><image>Output:"
        ids = tokenizer(text, return_tensors="pt")["input_ids"]
        shown = torch.stack([squared(picture) for picture in pictures])[None, :, None]
        with torch.no_grad():
            whole = lambda ids: model(shown, ids, attention_mask=torch.ones_like(ids)).logits[0, -1]  # noqa: E731
            logits, steps, given = whole(ids), [], ids
            for _ in range(MAXIMUM_TOKENS):
                step = whole(given)
                step[[image, pad]] = -torch.inf
                steps.append(step)
                given = torch.cat([given, step.argmax()[None, None]], 1)
                if given[0, -1] == end:
                    break
        tokens = given[0, ids.shape[1] :].tolist()
        print(f"{name}: closest choice {apart(*steps):.2g}; {tokens}")
        prompt = [{"image": PICTURES[0]}, {"text": "Output: a cat"}, {"image": PICTURES[1]}, {"text": "Output:"}]
        return {
            "prompt": prompt,
            "tokens": ids[0].tolist(),
            "logits": [float(f"{x:.9g}") for x in logits.tolist()],
            "greedy": [token for token in tokens if token != end],
        }

    def checkpoint() -> dict[str, torch.Tensor]:
        state = filter_state_dict_to_trainable(model, model.state_dict())
        return {key: value for key, value in state.items() if key != "lang_encoder.lm_head.weight"}

    write(FOLDER / f"openflamingo-{name}", {"checkpoint.pt": checkpoint(), "answer.json": answer()})
    if name != "mpt":
        return
    held(model.perceiver, torch.bfloat16)
    held(model.lang_encoder.gated_cross_attn_layers, torch.bfloat16)
    held(language.get_input_embeddings(), torch.bfloat16)
    trained = {f"module.{key}": value.to(torch.bfloat16) for key, value in checkpoint().items()}
    gate = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.AdamW([gate], lr=1e-4)
    gate.sum().backward()
    optimizer.step()
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
    whole = {
        "epoch": 7,
        "model_state_dict": trained,
        "optimizer_state_dict": optimizer.state_dict(),
        "lr_scheduler_state_dict": schedule.state_dict(),
    }
    write(FOLDER / "openflamingo-mpt-training", {"checkpoint.pt": whole, "answer.json": answer()})


def idefics(pictures: list[Image.Image]) -> None:
    generator = torch.Generator().manual_seed(SEEDS["idefics"])
    tokenizer = llama_tokenizer()
    words = len(tokenizer) - 2
    vision = {
        "embed_dim": 12,
        "image_size": SIDE,
        "patch_size": 4,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 20,
        "hidden_act": "gelu",
    }
    perceiver = {
        "use_resampler": True,
        "resampler_n_latents": 3,
        "resampler_depth": 1,
        "resampler_n_heads": 2,
        "resampler_head_dim": 6,
        "qk_layer_norms_perceiver": True,
    }
    config = IdeficsConfig(
        vocab_size=words,
        additional_vocab_size=2,
        hidden_size=WIDTH,
        intermediate_size=24,
        num_hidden_layers=LAYERS,
        num_attention_heads=2,
        alpha_initializer="ones",
        alpha_type="float",
        cross_layer_interval=2,
        qk_layer_norms=True,
        use_resampler=True,
        vision_config=vision,
        perceiver_config=perceiver,
        attn_implementation="eager",
    )
    model = IdeficsForVisionText2Text(config).eval()
    spread(model, generator, head=0.5)
    spread(model.model.perceiver_resampler, generator, gain=2.0)
    spread(model.model.gated_cross_attn_layers, generator, gain=2.0)
    held(model, torch.bfloat16)
    preparation = IdeficsImageProcessor(image_size=SIDE)
    processor = IdeficsProcessor(preparation, tokenizer)
    made = processor(
        text=[[pictures[0], "Output: a cat.", pictures[1], "Output:"]], add_end_of_utterance_token=False, return_tensors="pt"
    )
    ids, mask = made["input_ids"], made["image_attention_mask"]
    forbidden = [words, words + 1]
    with torch.no_grad():
        given, seen, steps = ids, mask, []
        for _ in range(MAXIMUM_TOKENS):
            step = model(
                input_ids=given, attention_mask=torch.ones_like(given), pixel_values=made["pixel_values"],
                image_attention_mask=seen,
            ).logits[0, -1].clone()
            if given is ids:
                logits = step.clone()
            step[forbidden] = -torch.inf
            steps.append(step)
            given = torch.cat([given, step.argmax()[None, None]], 1)
            seen = torch.cat([seen, seen[:, -1:]], 1)
            if given[0, -1] == tokenizer.eos_token_id:
                break
    tokens = given[0, ids.shape[1] :].tolist()
    print(f"idefics: closest choice {apart(*steps):.2g}; {tokens}")
    answer = {
        "prompt": [{"image": PICTURES[0]}, {"text": "Output: a cat."}, {"image": PICTURES[1]}, {"text": "Output:"}],
        "tokens": ids[0].tolist(),
        "logits": [float(f"{x:.9g}") for x in logits.tolist()],
        "greedy": [token for token in tokens if token != tokenizer.eos_token_id],
    }
    nested = config.to_dict()
    flat = {key: value for key, value in nested.items() if key not in ("vision_config", "perceiver_config")}
    flat |= {f"vision_{key}": value for key, value in vision.items()} | perceiver
    state = {key: value.to(torch.bfloat16) for key, value in model.state_dict().items() if value.is_floating_point()}
    files = {
        "config.json": nested,
        "config.flat.json": flat,
        "preprocessor_config.json": {"image_num_channels": 3, "image_mean": COLOURS["mean"], "image_size": SIDE, "image_std": COLOURS["std"]},
        "answer.json": answer,
        **sharded(state, "model.safetensors"),
    }
    write(FOLDER / "idefics", {**files, **tokenizer_files(tokenizer)})


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    generator = torch.Generator().manual_seed(SEEDS["clip"])
    pictures = paint(generator)
    tower = clip(generator)
    open_flamingo("mpt", mpt, 1, tower, pictures)
    open_flamingo("neox", neox, 2, tower, pictures)
    idefics(pictures)
    made = {"command": "python tools/reference/published.py", "seeds": SEEDS, "transformers": transformers.__version__, "pillow": PIL.__version__, "torch": torch.__version__.split("+")[0]}
    write(FOLDER, {"made.json": made})
    print(f"{sum(path.stat().st_size for path in FOLDER.rglob('*') if path.is_file())} bytes")


if __name__ == "__main__":
    main()
