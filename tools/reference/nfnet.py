"""
timm's NFNet in DeepMind's form, tiny and random: what comes behind the stem, every block and the last activation, and the
slopes of one loss. Pixels and maps are [picture, height, width, channel]. The variants differ in what timm calls
`same_padding` and `std_conv_eps`; with an epsilon of next to nothing its weights are those of DeepMind's own code, whose
guard only ever works on a weight that is next to constant.

    pip install -r tools/reference/requirements.txt
    python tools/reference/nfnet.py      # writes test/fixtures/nfnet.safetensors
"""
import timm
import torch
from timm.models.nfnet import NfCfg, NormFreeNet

from fixture import save, spread

SEED = 2102
SIZES = {"even": 32, "odd": 37}
PICTURES = {"even": 2, "odd": 1}
VARIANTS = {
    "same": {"same_padding": True},
    "symmetric": {"same_padding": False},
    "floor": {"same_padding": True, "std_conv_eps": 1e-12},
}
CONFIG = {
    "depths": (1, 2, 1, 1),
    "channels": (16, 16, 32, 32),
    "stem_type": "deep_quad",
    "stem_chs": 16,
    "group_size": 8,
    "bottle_ratio": 0.5,
    "extra_conv": True,
    "gamma_in_act": True,
    "skipinit": True,
    "num_features": 24,
    "act_layer": "gelu",
    "attn_layer": "se",
    "attn_kwargs": {"rd_ratio": 0.5},
}
SLOPES = [
    "stem.conv1.weight",
    "stem.conv4.gain",
    "stages.1.0.downsample.conv.weight",
    "stages.1.0.conv2.weight",
    "stages.1.1.conv2b.bias",
    "stages.1.1.skipinit_gain",
    "stages.2.0.attn_last.fc1.weight",
    "stages.3.0.conv3.gain",
    "final_conv.weight",
]


def last(maps: torch.Tensor) -> torch.Tensor:
    return maps.permute(0, 2, 3, 1)


def build(variant: dict) -> NormFreeNet:
    return NormFreeNet(NfCfg(**CONFIG, **variant), num_classes=0).eval()


generator = torch.Generator().manual_seed(SEED)
first = build(VARIANTS["same"])
spread(first, generator)
weights = first.state_dict()
for name, value in weights.items():
    if name.endswith("gain"):
        value.copy_(0.6 + 0.8 * torch.rand(value.shape, generator=generator))
tensors = {f"weights.{name}": value for name, value in weights.items()}

for size, pixels in SIZES.items():
    picture = torch.randn(PICTURES[size], 3, pixels, pixels, generator=generator)
    tensors[f"inputs.{size}"] = last(picture)
    for variant, fields in VARIANTS.items():
        model = build(fields)
        model.load_state_dict(weights)
        parts = {"stem": model.stem}
        parts |= {f"stages.{i}.{j}": block for i, stage in enumerate(model.stages) for j, block in enumerate(stage)}
        held = {}
        for name, part in parts.items():
            part.register_forward_hook(lambda _part, _inputs, output, name=name: held.update({name: output.detach()}))
        seen = picture.clone().requires_grad_()
        result = model.forward_features(seen)
        if f"inputs.{size}.loss" not in tensors:
            tensors[f"inputs.{size}.loss"] = last(torch.randn(result.shape, generator=generator))
        (last(result) * tensors[f"inputs.{size}.loss"]).sum().backward()
        tensors[f"outputs.{variant}.{size}.result"] = last(result)
        if variant != "floor":
            tensors |= {f"outputs.{variant}.{size}.{name}": last(value) for name, value in held.items()}
        tensors[f"gradients.{variant}.{size}.pixels"] = last(seen.grad)
        named = dict(model.named_parameters())
        tensors |= {f"gradients.{variant}.{size}.{name}": named[name].grad for name in SLOPES}

save("nfnet", tensors, {"timm": timm.__version__, "seed": SEED, "config": CONFIG, "sizes": SIZES})
