"""
CLIP's vision transformer by transformers and by open_clip, tiny and random: the tokens behind the first norm and behind
every block, raw and behind the last norm, and the slopes of one loss. Pixels are [picture, height, width, channel].
From version 2.23 on, open_clip gives its tokens behind `ln_post`; the raw ones are those of its last block.

    pip install -r tools/reference/requirements.txt
    python tools/reference/clip.py      # writes test/fixtures/clip-transformers.safetensors and clip-open-clip.safetensors
"""
import open_clip
import torch
from open_clip.transformer import QuickGELU, VisionTransformer
from transformers import CLIPVisionConfig, CLIPVisionModel

from fixture import save, spread

SEED = 2103
SIZES = {"own": 20, "larger": 29, "smaller": 12}
CONFIG = {
    "hidden_size": 24,
    "intermediate_size": 40,
    "num_hidden_layers": 3,
    "num_attention_heads": 3,
    "image_size": 20,
    "patch_size": 4,
}
SLOPES = [
    "embeddings.class_embedding",
    "embeddings.patch_embedding.weight",
    "embeddings.position_embedding.weight",
    "pre_layrnorm.weight",
    "encoder.layers.0.self_attn.q_proj.weight",
    "encoder.layers.1.self_attn.k_proj.weight",
    "encoder.layers.1.self_attn.out_proj.bias",
    "encoder.layers.2.mlp.fc1.weight",
    "encoder.layers.2.layer_norm2.bias",
]


def first(pixels: torch.Tensor) -> torch.Tensor:
    return pixels.permute(0, 3, 1, 2)


generator = torch.Generator().manual_seed(SEED)
model = CLIPVisionModel(CLIPVisionConfig(**CONFIG, hidden_act="quick_gelu"))
spread(model, generator)
weights = {name: value.detach().clone() for name, value in model.named_parameters()}
tensors = {f"weights.{name}": value for name, value in weights.items()}
for size, pixels in SIZES.items():
    picture = torch.randn(2, pixels, pixels, 3, generator=generator)
    tensors[f"inputs.{size}"] = picture
    tokens = 1 + (pixels // CONFIG["patch_size"]) ** 2
    loss = torch.randn(2, tokens, CONFIG["hidden_size"], generator=generator)
    tensors[f"inputs.{size}.loss"] = loss
    for act in ("quick_gelu", "gelu") if size == "own" else ("quick_gelu",):
        model = CLIPVisionModel(CLIPVisionConfig(**CONFIG, hidden_act=act)).eval()
        model.load_state_dict(weights)
        seen = picture.clone().requires_grad_()
        result = model(first(seen), output_hidden_states=True, interpolate_pos_encoding=size != "own")
        (result.last_hidden_state * loss).sum().backward()
        at = f"{act}.{size}"
        tensors |= {f"outputs.{at}.hidden.{i}": value for i, value in enumerate(result.hidden_states)}
        tensors[f"outputs.{at}.normal"] = model.vision_model.post_layernorm(result.last_hidden_state)
        tensors[f"gradients.{at}.pixels"] = seen.grad
        named = dict(model.vision_model.named_parameters())
        tensors |= {f"gradients.{at}.vision_model.{name}": named[name].grad for name in SLOPES}
# Published sizes, counted without making them. A vision model holds a last norm that only its pooled output passes.
PUBLISHED = {"B_32": (32, 768, 12, 12), "B_16": (16, 768, 12, 12), "L_14": (14, 1024, 24, 16), "H_14": (14, 1280, 32, 16)}
counts = {}
for name, (patch, width, layers, heads) in PUBLISHED.items():
    with torch.device("meta"):
        whole = CLIPVisionModel(
            CLIPVisionConfig(
                hidden_size=width,
                intermediate_size=4 * width,
                num_hidden_layers=layers,
                num_attention_heads=heads,
                patch_size=patch,
            )
        )
    counts[name] = {
        "all": sum(value.numel() for value in whole.parameters()),
        "postNorm": sum(value.numel() for value in whole.vision_model.post_layernorm.parameters()),
    }
facts = {"seed": SEED, "config": CONFIG, "sizes": SIZES, "counts": counts}
save("clip-transformers", tensors, facts)

model = VisionTransformer(
    image_size=CONFIG["image_size"],
    patch_size=CONFIG["patch_size"],
    width=CONFIG["hidden_size"],
    layers=CONFIG["num_hidden_layers"],
    heads=CONFIG["num_attention_heads"],
    mlp_ratio=CONFIG["intermediate_size"] / CONFIG["hidden_size"],
    output_dim=8,
    act_layer=QuickGELU,
    output_tokens=True,
).eval()
spread(model, generator)
raw = {}
model.transformer.register_forward_hook(lambda _part, _inputs, output: raw.update(tokens=output.detach()))
picture = torch.randn(2, SIZES["own"], SIZES["own"], 3, generator=generator)
_, tokens = model(first(picture))
tensors = {f"weights.visual.{name}": value for name, value in model.named_parameters()}
tensors |= {"inputs.own": picture, "outputs.raw": raw["tokens"], "outputs.tokens": tokens}
save("clip-open-clip", tensors, {**facts, "open_clip": open_clip.__version__})
