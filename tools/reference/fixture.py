"""
What the programs that run whole reference models share: weights that are well spread, ragged prompts that they all
answer, and files of tensors. A file's tensors are float32; what a reader needs beside them stands in its metadata.
"""
import json
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

FIXTURES = Path(__file__).resolve().parents[2] / "test" / "fixtures"

# Pictures that the prompts share, and how many each prompt shows.
PICTURES = 5
MEDIA = [1, 2, 0, 3]
PROMPTS = 20
MAXIMUM_TOKENS = 12
BEAMS = 3


def spread(model: torch.nn.Module, generator: torch.Generator, head: float = 1.0, gain: float = 1.0) -> None:
    """
    Draws every parameter again: matrices so that a unit input gives an output of deviation `gain`, gains of norms around
    1, offsets around 0, gates between 0.3 and 1 before tanh. `head` is the deviation of embeddings, which tied models
    predict with.
    """
    seen = set()
    for owner in model.modules():
        for name, value in owner.named_parameters(recurse=False):
            if id(value) in seen:
                continue
            seen.add(id(value))
            draw = torch.randn(value.shape, generator=generator)
            if "gate" in name or "alpha" in name:
                draw = 0.3 + 0.7 * torch.rand(value.shape, generator=generator)
            elif "Norm" in type(owner).__name__:
                draw = 0.3 * draw + (1 if name == "weight" else 0)
            elif name == "bias":
                draw = 0.2 * draw
            elif isinstance(owner, torch.nn.Embedding):
                draw = head * draw
            elif value.dim() > 1 and name.endswith("weight"):
                draw = gain * draw / value[0].numel() ** 0.5
            value.data.copy_(draw)


def whole(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().to(torch.float32).contiguous().clone()


def save(name: str, tensors: dict[str, torch.Tensor], facts: dict) -> None:
    """`facts` are kept as JSON, each under its own name, with what made the file."""
    made = {
        "command": " ".join(["python", f"tools/reference/{Path(sys.argv[0]).name}"]),
        "torch": torch.__version__.split("+")[0],
        "transformers": transformers.__version__,
    }
    FIXTURES.mkdir(parents=True, exist_ok=True)
    path = FIXTURES / f"{name}.safetensors"
    held = {key: whole(value) for key, value in tensors.items()}
    described = {key: value if isinstance(value, str) else json.dumps(value) for key, value in {**made, **facts}.items()}
    save_file(held, str(path), metadata=described)
    print(f"{path}: {path.stat().st_size} bytes")


def apart(*logits: torch.Tensor) -> float:
    """How far the likeliest token is ahead of the next one, at its closest. Rounding must not change an answer."""
    two = torch.stack(logits).topk(2, dim=-1).values
    return (two[..., 0] - two[..., 1]).min().item()
